"""Alembic's entry point; run through `cloud_sync.store.db.migrate`, never by hand."""

import logging
import time

from alembic import context
from alembic.runtime.migration import MigrationInfo

from cloud_sync.store import models  # noqa: F401  (fills the metadata)
from cloud_sync.store.types import Base

log = logging.getLogger("cloud_sync.store.migrations")


class Told:
    """Says in the log when a version is reached: of a large database it may take a minute."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(
        self, ctx: object, step: MigrationInfo, heads: object, run_args: object
    ) -> None:  # as Alembic calls it
        """A version is reached."""
        del ctx, heads, run_args
        now = time.monotonic()
        took_ms, self._began = 1000 * (now - self._began), now
        reached = ",".join(step.destination_revision_ids) or "none"
        log.info("event=tables_changed schema=%s took_ms=%.0f", reached, took_ms)


def main() -> None:
    """Runs the migrations on the connection that `migrate` opened."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        on_version_apply=Told(),
    )
    with context.begin_transaction():
        context.run_migrations()


main()
