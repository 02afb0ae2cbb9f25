"""The database: tables, migrations, and all that reads or writes them, on SQLite and PostgreSQL."""
