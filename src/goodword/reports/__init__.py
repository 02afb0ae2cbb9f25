"""What a rehearsal and a forecast found, in blocks of words: for the terminal, and for a page."""
