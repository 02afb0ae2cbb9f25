"""Words for people: catalogues, amounts and times in a language, sentences of reasons, headlines of programs.

Every text lives in ``locale/LANGUAGE/goodword.po``; the code here only chooses among texts and fills them in.
"""
