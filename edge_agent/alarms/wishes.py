"""Wishes of a person about cases, one file each, left for the running agent and kept until they are done.

An agent that dies meanwhile finds them at its next start; each carries an id, so that doing one twice equals
once. What is done about a wish is the desk's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.log import warn
from edge_agent.update.slots import hand_over
from kits.core.files import write_atomically
from kits.core.sample import new_sample_id

FOLDER = "case_wishes"
_MAX = 1000
"""More than these files are not looked at in one turn."""


class Wish(BaseModel):
    """What a person wants done about an asset's case."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str = Field(max_length=64)
    kind: Literal["acknowledge", "shelve", "unshelve", "close"]
    asset: str = Field(max_length=200)
    who: str = Field("", max_length=200)
    note: str = Field("", max_length=1000)
    hours: float = Field(0.0, ge=0, le=8760, description="of shelving")


def leave_wish(state_dir: Path, wish: Wish) -> Path:
    """Puts a wish where the desk finds it, now or at its next start."""
    folder = state_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    hand_over(folder)
    path = folder / f"{wish.id}.json"
    write_atomically(path, wish.model_dump_json().encode())
    hand_over(path)
    return path


def new_wish(kind: str, asset: str, who: str, note: str = "", hours: float = 0.0) -> Wish:
    """A wish with an id of its own, ordered by time."""
    return Wish.model_validate(
        {"id": new_sample_id(), "kind": kind, "asset": asset, "who": who, "note": note,
         "hours": hours}
    )  # fmt: skip


def waiting(state_dir: Path) -> Iterator[tuple[Path, Wish]]:
    """The wishes that wait, oldest first; a file that is none is deleted and told."""
    try:
        files = sorted((state_dir / FOLDER).glob("*.json"))[:_MAX]
    except OSError as error:
        warn("wishes_not_listed", error=error)
        return
    for path in files:
        try:
            yield path, Wish.model_validate_json(path.read_bytes())
        except OSError as error:
            warn("wish_unreadable", file=path.name, error=error)
        except ValidationError:
            warn("bad_wish", file=path.name)
            path.unlink(missing_ok=True)
