"""Alembic's entry point; run through `cloud_sync.store.db.migrate`, never by hand."""

from alembic import context

from cloud_sync.store import models  # noqa: F401  (fills the metadata)
from cloud_sync.store.types import Base


def main() -> None:
    """Runs the migrations on the connection that `migrate` opened."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


main()
