"""The warehouse: facts in Parquet files, brought up to date by ``seq``, for figures and for anybody's own analysis.

The database says which generation of files holds (`copies`); files are never changed, only replaced. A copy that is interrupted
leaves files that no generation names.
"""
