"""Run by alembic, on the connection the archive hands over."""

from alembic import context

from coinmux.framework.archive.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
