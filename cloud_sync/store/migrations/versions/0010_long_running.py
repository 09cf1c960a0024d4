"""Numbers that do not run out, a ledger that outlives its events, and what may be pruned.

An event is keyed by (device, epoch, seq) alone; keys that are counted get 64 bits. Epochs from
before revision 0005 get their counters per class.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from cloud_sync.store.types import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COUNTED = (
    "alert", "annotation", "audit_log", "deployment", "effect", "gap", "job", "quarantine", "review",
    "rollout",
)  # fmt: skip
_REFERRING = (("review", "annotation_id"), ("deployment", "rollout_id"))
_EPOCH = (
    "sealed_seq", "explained", "missing", "pruned_a", "pruned_s", "pruned_t", "pruned_to_a",
    "pruned_to_s", "pruned_to_t",
)  # fmt: skip
_EVENT = (
    "device", "epoch", "seq", "klass", "kind", "wall", "boot", "mono_ns", "trust", "received_at",
    "body",
)  # fmt: skip


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _event_columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("klass", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("wall", UtcDateTime(), nullable=False),
        sa.Column("boot", sa.String(), server_default="", nullable=False),
        sa.Column("mono_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("trust", sa.String(), server_default="none", nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["device.name"], name=op.f("fk_event_device_device")),
    )  # type: ignore[return-value]  # a constraint stands where a column may


def _remake_event(*keys: Any) -> None:
    """SQLite cannot change a primary key: the rows move into a new table."""
    names = ", ".join(_EVENT)
    op.create_table("event_new", *_event_columns(), *keys)
    op.execute(f"INSERT INTO event_new ({names}) SELECT {names} FROM event")  # noqa: S608
    op.drop_table("event")
    op.rename_table("event_new", "event")


def _event_by_its_own_key() -> None:
    if _is_sqlite():
        _remake_event(sa.PrimaryKeyConstraint("device", "epoch", "seq", name=op.f("pk_event")))
        return
    op.drop_constraint("pk_event", "event", type_="primary")
    op.drop_constraint("uq_event_device", "event", type_="unique")
    op.drop_column("event", "id")
    op.create_primary_key("pk_event", "event", ["device", "epoch", "seq"])


def _event_by_number() -> None:
    if _is_sqlite():
        _remake_event(
            sa.Column("id", sa.Integer(), nullable=False),
            sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
            sa.UniqueConstraint("device", "epoch", "seq", name=op.f("uq_event_device")),
        )
        return
    op.drop_constraint("pk_event", "event", type_="primary")
    op.execute("ALTER TABLE event ADD COLUMN id SERIAL")
    op.create_primary_key("pk_event", "event", ["id"])
    op.create_unique_constraint("uq_event_device", "event", ["device", "epoch", "seq"])


def _count_in(kind: str) -> None:
    """PostgreSQL's keys and their sequences; SQLite's have 64 bits anyway."""
    if _is_sqlite():
        return
    for table in _COUNTED:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN id TYPE {kind}")
        op.execute(f"ALTER SEQUENCE {table}_id_seq AS {kind}")
    for table, column in _REFERRING:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind}")


def _sealed_block() -> None:
    op.create_table(
        "sealed_block",
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("bits", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device"], ["device.name"], name=op.f("fk_sealed_block_device_device")
        ),
        sa.PrimaryKeyConstraint("device", "epoch", "first_seq", name=op.f("pk_sealed_block")),
    )


def _count_classes() -> None:
    """Epochs that were counted before there were counters per class."""
    counts = ", ".join(
        f"rows_{klass} = (SELECT COUNT(*) FROM event WHERE event.device = epoch.device"  # noqa: S608
        f" AND event.epoch = epoch.epoch AND event.klass = '{klass}')"
        for klass in "alst"
    )
    op.execute(
        f"UPDATE epoch SET {counts} WHERE rows_a + rows_l + rows_s + rows_t <> rows"  # noqa: S608
    )


def _mark_kept() -> None:
    """What devices sent may go with its samples; bundles and dataset versions stay."""
    with op.batch_alter_table("blob") as table:
        table.add_column(sa.Column("kept", sa.Boolean(), server_default=sa.true(), nullable=False))
    with op.batch_alter_table("dataset") as table:
        table.add_column(
            sa.Column("pinned", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    op.execute(
        "UPDATE blob SET kept = FALSE WHERE digest IN (SELECT blob FROM sample)"
        " AND digest NOT IN (SELECT blob FROM bundle) AND digest NOT IN (SELECT id FROM dataset)"
    )


def upgrade() -> None:
    """Tables of a hub that runs for years."""
    _count_classes()
    _event_by_its_own_key()
    _count_in("BIGINT")
    with op.batch_alter_table("epoch") as table:
        for name in _EPOCH:
            table.add_column(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    _sealed_block()
    _mark_kept()
    op.drop_index("ix_gap_device", table_name="gap")
    op.create_index("ix_gap_epoch", "gap", ["device", "epoch"], unique=False)
    op.create_index(
        "ix_alert_open",
        "alert",
        ["device", "name"],
        unique=False,
        sqlite_where=sa.text("seen_at IS NULL"),
        postgresql_where=sa.text("seen_at IS NULL"),
    )


def downgrade() -> None:
    """As they were; events that were pruned stay away and look like missing ones."""
    op.drop_index("ix_alert_open", table_name="alert")
    op.drop_index("ix_gap_epoch", table_name="gap")
    op.create_index("ix_gap_device", "gap", ["device"], unique=False)
    with op.batch_alter_table("dataset") as table:
        table.drop_column("pinned")
    with op.batch_alter_table("blob") as table:
        table.drop_column("kept")
    op.drop_table("sealed_block")
    with op.batch_alter_table("epoch") as table:
        for name in _EPOCH:
            table.drop_column(name)
    _count_in("INTEGER")
    _event_by_number()
