"""What the desk must not forget: levels, open cases, shelves, and steps the outbox may not have yet.

Models and their file only; it is written whole or not at all. Unreadable, it is set aside and told: a
line must start whatever happened to a file.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.log import warn
from kits.core.alarm import AlarmMemory, Level
from kits.core.events import CaseBody
from kits.core.files import write_atomically


class _Kept(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Case(_Kept):
    """An open case of one asset.

    Attributes:
        since: when the score first stood where it led to the case.
        returned_s: when the asset was normal again, seconds on its source's clock; None: it is not.
        acknowledged_by: empty while nobody has.
    """

    case_id: str
    opened_at: datetime
    since: datetime
    level: Level
    label: str = ""
    reason: str = ""
    score: float | None = None
    sample_id: str = ""
    bundle: str = ""
    returned_s: float | None = None
    acknowledged_by: str = ""

    @property
    def state(self) -> str:
        """In the words of ISA-18.2."""
        seen = "acknowledged" if self.acknowledged_by else "unacknowledged"
        return f"{'returned to normal' if self.returned_s is not None else 'active'}, {seen}"


class Shelf(_Kept):
    """Why an asset is quiet, and until when."""

    until: datetime
    reason: str
    who: str = ""


class Asset(_Kept):
    """What is known of one asset.

    Attributes:
        offset_s: added to its source's clock, which has gone backwards by so much.
        score, label: of its newest window.
        missed: whether a case is owed that was not opened because the asset was shelved.
        ended: the case that a person closed while the level stood, until it is normal again.
    """

    alarm: AlarmMemory = AlarmMemory()
    offset_s: float = 0.0
    score: float | None = None
    label: str = ""
    seen_at: datetime | None = None
    case: Case | None = None
    shelf: Shelf | None = None
    missed: bool = False
    ended: Case | None = None


class Untold(_Kept):
    """A step whose row may not be in the outbox yet."""

    number: int
    body: CaseBody


class DeskMemory(_Kept):
    """`cases.json`.

    Attributes:
        number: of the newest step.
        news: when cases were opened lately, for floods.
        wishes: ids of the newest wishes of a person that are done.
    """

    number: int = 0
    assets: dict[str, Asset] = Field(default_factory=dict)
    untold: tuple[Untold, ...] = ()
    news: tuple[datetime, ...] = ()
    wishes: tuple[str, ...] = ()


def read_memory(path: Path) -> DeskMemory:
    """What was written last; empty when there is nothing that can be read."""
    try:
        return DeskMemory.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return DeskMemory()
    except (OSError, ValidationError) as error:
        warn("cases_unreadable", file=path.name, error=type(error).__name__)
        aside = path.with_name(f"{path.name}.damaged")
        try:
            path.replace(aside)
        except OSError as trouble:
            warn("cases_not_set_aside", error=trouble)
        return DeskMemory()


def write_memory(path: Path, memory: DeskMemory) -> None:
    """Raises OSError when the disk does not take it; what was there before is as it was."""
    write_atomically(path, memory.model_dump_json().encode())
