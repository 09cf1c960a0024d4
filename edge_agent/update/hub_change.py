"""Is a device at another hub than before? Then what it accepted there says nothing of what comes here.

Told apart at the enrolment, by a person's act; forgotten at the agent's next start, by its one owner.
A hub that changes its keys, or its authority, stays the same one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import JsonValue

from edge_agent.log import warn
from edge_agent.update.slots import Slots
from kits.core.sample import digest_of

TRUST_FOLDER = "tuf"
Root = Mapping[str, JsonValue]


def hub_id(authority: bytes, root: Root | None) -> str:
    """A name for a hub that was met for the first time."""
    return digest_of(authority + json.dumps(root, sort_keys=True).encode())[:16]


def is_same(
    state_dir: Path, known: Root | None, root: Root | None, *, same_authority: bool
) -> bool:
    """Whether the hub that gives `root` is the one this device knows.

    Args:
        known: the root from the enrolment before this one.
        same_authority: whether certificates are issued by the same one as before.
    """
    for other in (known, *_kept(state_dir / TRUST_FOLDER)):
        if root is not None and other is not None and _version(other) == _version(root):
            return other == root
    return same_authority


def follow(slots: Slots, state_dir: Path, hub: str) -> None:
    """From now on releases of this hub count; those accepted from another one are forgotten.

    What runs and what is denied stays as it is.
    """
    known = slots.state.hub
    if not hub or hub == known:
        return
    if known:
        warn("other_hub", forgotten="roots, releases and refusals of the hub before")
        shutil.rmtree(state_dir / TRUST_FOLDER, ignore_errors=True)
    try:
        slots.follow(hub, forget=bool(known))
    except OSError as error:
        warn("slots_not_written", error=error)  # the next start does it


def _kept(folder: Path) -> Iterator[Root]:
    for path in (folder / "first_root.json", *folder.glob("roots/*.root.json")):
        try:
            found = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(found, dict):
            yield found


def _version(root: Root) -> JsonValue:
    signed = root.get("signed")
    return signed.get("version") if isinstance(signed, dict) else None
