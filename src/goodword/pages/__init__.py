"""Pages as files: whole in themselves, to be opened, sent and printed."""
