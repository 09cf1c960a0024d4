"""Options that all verbs share, and opening a hub for the time of a verb."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kits.core.console import Console, account_name
from kits.program import make_family

if TYPE_CHECKING:
    from cloud_sync.hub import Hub

DATA = Path("hub")
PATIENCE_S = 30.0
"""So long a verb waits for whoever changes the tables."""

DataOption = Annotated[
    Path,
    typer.Option(
        "--data",
        metavar="DIR",
        envvar="KITWRIGHT_HUB_DATA",
        help="The hub's data.",
        readable=False,  # not typer's complaint: ours says under which account to try
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Only the answer.")]
ProjectOption = Annotated[str, typer.Option(help="Only of this project.")]
DeviceOption = Annotated[str, typer.Option(help="Only of this device.")]
MOST_LISTED = 500
LimitOption = Annotated[int, typer.Option(min=1, max=MOST_LISTED, help="At most so many.")]


@contextmanager
def opened(data: Path, *, as_it_is: bool = False, patience_s: float = PATIENCE_S) -> Iterator[Hub]:
    """The hub in `data`, for a verb; the server may run meanwhile.

    Older tables are brought up to date while nobody works with them: what has to be said before the first start of a
    newer hub, or of a restored one, can be. While a hub runs that may be older, they stay as they are.

    Args:
        as_it_is: its tables stay those of the version that wrote them.
        patience_s: how long to wait while another process changes the tables.

    Raises:
        ConfigError: there is none, `hub.yaml` is wrong, or its tables are a newer version's.
        ConflictError: its tables are an older version's, and a process works with them.
        DataError: its database is lost.
        MachineError: its disk is full.
    """
    from sqlalchemy.exc import DBAPIError

    from cloud_sync.config import load
    from cloud_sync.hub import Hub
    from cloud_sync.store.check import require_database
    from cloud_sync.store.room import no_room
    from cloud_sync.store.working import working

    config = load(data)
    require_database(config.database)
    hub = Hub.open(config)
    try:
        with nullcontext() if as_it_is else working(hub.database, data, patience_s=patience_s):
            yield hub
    except DBAPIError as error:
        if (full := no_room(hub.database.engine, error)) is not None:
            raise full from error
        raise
    finally:
        hub.close()


def operator() -> str:
    """Who types, for the audit log."""
    name = account_name()
    return f"cli:{name}" if name else "cli"


def family(app: typer.Typer, name: str, text: str) -> typer.Typer:
    """A group of verbs, like `cloud-sync device …`."""
    group = make_family(text)
    app.add_typer(group, name=name)
    return group


def counted(n: int, what: str) -> str:
    """`1 lead`, `2 leads`."""
    return f"{n} {what}{'' if n == 1 else 's'}"


def note_rest(console: Console, shown: int, total: int) -> None:
    """Says of a list that was cut at its limit how long it is."""
    if shown < total:
        how = ": --limit shows more" if shown < MOST_LISTED else ""
        console.note(f"the first {shown} of {total}{how}")


def table(rows: Sequence[Sequence[object]], header: Sequence[str]) -> str:
    """Columns of text, or a line that says there is nothing."""
    from kits.core.harmless import printable

    if not rows:
        return "none"
    # what stands in a cell may have come from anywhere: it steers no terminal
    lines = [[printable(str(cell)) for cell in row] for row in (header, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines
    )
