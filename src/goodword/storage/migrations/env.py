"""What Alembic runs to migrate: it is given a connection and a transaction, and ends neither."""

from alembic import context

from goodword.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
