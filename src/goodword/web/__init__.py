"""HTTP: the API, its description, and the pages about it."""
