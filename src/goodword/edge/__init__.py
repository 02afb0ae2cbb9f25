"""The redirect: a link click, from the request to the spool and from the spool to the database."""
