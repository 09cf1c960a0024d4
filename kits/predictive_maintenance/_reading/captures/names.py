"""What the names of captures and of their folders tell: the condition, and which are channels of one moment."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from kits.core.dataset import SPLIT_WORDS
from kits.predictive_maintenance._reading.captures.lives import Capture
from kits.predictive_maintenance._reading.columns.names import (
    NORMAL,
    fault_word,
    is_normal,
    plain,
    role_of,
)
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.sidecar import Sidecar

_CHANNEL = re.compile(
    r"(?:(?<=[^a-z0-9])|^)(?:(?:ch|chan|channel|kanal|mic|mikro|sensor|acc|accel)[ _-]?\d{1,2}|[xyz]|(?:axis|achse)[ _-]?[xyz])"
    r"(?=[^a-z0-9]|$)",
    re.I,
)
"""Of one recording the channel that a file holds: `0007_ch2.wav`, `run 3 - x.csv`."""
_CODE = re.compile(r"([A-Za-z]{1,4})(?=[\d_-])")
_MOST_CODES = 8
_FILLING = frozenset({"data", "condition", "state", "operation", "running", "run", "samples", "bearing", "motor", "pump", "machine"})  # fmt: skip
"""Words that a folder's name may have beside the one that says that nothing is wrong."""
_UNKNOWN = frozenset({*SPLIT_WORDS, "unlabeled", "unlabelled", "unknown", "unbekannt", "raw", "data", "misc", "other", "all", "new", "neu", "live", "production", "calibration"})  # fmt: skip
_PLACES = frozenset({
    "machine", "maschine", "motor", "pump", "pumpe", "fan", "bearing", "unit", "line", "linie", "hall", "halle", "plant", "werk", "site", "station",
    "rig", "day", "tag", "week", "woche", "kw", "cw", "month", "monat", "quarter", "shift", "schicht", "speed", "load", "rpm", "hz",
})  # fmt: skip
"""With a number they say where, when or on which machine: `fan_2`, `Halle 3`, `week 14`."""
_LETTERED = re.compile(
    r"(?:machine|maschine|line|linie|plant|werk|site|station|hall|halle|type|typ|model|product)[ _-]?[xyz](?=[^a-z0-9]|$)",
    re.I,
)
"""A thing that a letter names, and no axis: `Machine X` beside `Machine Y`."""


def label_in(relative: PurePath) -> str:
    """The condition that a folder names, the innermost first, else the file's name."""
    for part in (*reversed(relative.parts[:-1]), relative.stem):
        if fault_word(part) and not re.match(r"bearing", part, re.I):
            words = [w for w in plain(part).split("_") if fault_word(w)]
            if part == relative.stem and not words:
                continue
            return NORMAL if _all_normal(words) else (
                part if part != relative.stem else "_".join(words))  # fmt: skip
    return ""


def beside_normal(captures: Sequence[Capture], sidecar: Sidecar, notes: Notes) -> list[Capture]:
    """A folder beside one that is called normal names what is otherwise, whatever its word."""
    homes = {
        folder.parent
        for one in captures
        for folder in PurePath(one.name).parents
        if one.label == NORMAL and _is_normal(folder.name)
    }
    found = ["" if one.label else _word(one, homes) for one in captures]
    for word in sorted(set(found) - {""}):
        notes.warn("labels", "folders beside one that is called normal are taken for faults", word,
                   "are they? else call them `unknown`, or add meta.csv with the columns file and label")  # fmt: skip
    return [_labelled(one, word, sidecar) if word else one for one, word in zip(captures, found)]


def _word(capture: Capture, homes: set[PurePath]) -> str:
    folders = [folder for folder in PurePath(capture.name).parents if folder.name]
    found = next((folder.name for folder in folders if folder.parent in homes), "")
    # of a date or a speed nothing is left, nor of a machine or a place with a number
    words = {w.rstrip("0123456789") for w in plain(found).split("_") if w and not w[0].isdigit()}
    numbered = any(c.isdigit() for c in found)
    words -= {"", "q", *(_PLACES if numbered else ())}
    if not words or _UNKNOWN & words or (numbered and role_of(found) in ("asset", "unit")):
        return ""
    return found


def _labelled(capture: Capture, label: str, sidecar: Sidecar) -> Capture:
    if sidecar.asset == "folder":
        return replace(capture, label=label)
    own = _own(capture)
    return replace(capture, label=label, asset=own, group=own)


def of_several_channels(captures: Sequence[Capture], notes: Notes) -> list[Capture]:
    """Files that hold channels of one moment are kept together: they are no recordings of their own."""
    bases = [_without_channel(one.name) for one in captures]
    shared = Counter(base for base in bases if base)
    kept = []
    for one, base in zip(captures, bases):
        if shared[base] < 2 or one.group != _own(one):
            kept.append(one)
            continue
        if base.endswith("/") and _names_condition(PurePath(base).name, one):
            # else all of a condition would be one recording
            notes.warn("groups", "names of files that tell a channel alone: each is taken for a recording", base,
                       "are they channels of one? then put the files of each recording into a folder of its own")  # fmt: skip
            kept.append(one)
            continue
        notes.say("groups", "files that differ in the channel alone are one recording: kept in one split", base)  # fmt: skip
        kept.append(replace(one, group=base))
    return kept


def _names_condition(folder: str, capture: Capture) -> bool:
    """Whether a folder is called after what its captures have, and not after one of them."""
    return bool(capture.label) and (
        folder == capture.label or bool(label_in(PurePath(folder) / "x"))
    )


def say_apart(captures: Sequence[Capture], notes: Notes) -> None:
    """Tells that captures with a condition each are taken for as many machines, where nothing says which are of one."""
    alone = [c for c in captures if c.label and c.split is None and c.group == c.asset == _own(c)]
    folders = Counter(PurePath(c.name).parent.as_posix() for c in alone)
    for folder, count in folders.items():
        if count > 1:
            notes.warn("groups", "nothing says which captures are of one machine: each is taken for one of its own, and figures "
                       "are too good where learning and judging share machines", f"{folder}: {count} captures",
                       "state asset: folder in machines.yaml if each folder is a machine, or add meta.csv with the columns file and asset")  # fmt: skip


def say_codes(captures: Sequence[Capture], notes: Notes) -> None:
    """Asks whether letters at the start of names are conditions, before captures are assumed normal."""
    bare: dict[str, Counter[str]] = {}
    for one in captures:
        match = _CODE.match(PurePath(one.name).name)
        if not one.label and match:
            bare.setdefault(one.asset, Counter())[match[1].lower()] += 1
    for asset, codes in bare.items():
        if 2 <= len(codes) <= _MOST_CODES and min(codes.values()) > 1:
            found = ", ".join(sorted(codes))
            notes.warn("labels", f"names of captures begin with {found}: are these conditions?", asset,
                       "then put each into a folder called after it, or add meta.csv with the columns file and label")  # fmt: skip


def _own(capture: Capture) -> str:
    return str(PurePath(capture.name).with_suffix(""))


def _without_channel(name: str) -> str:
    """The name of the recording; empty where no channel is named."""
    stem = PurePath(name).with_suffix("").as_posix()
    if _LETTERED.search(stem):
        return ""
    bare = _CHANNEL.sub("", stem)
    return re.sub(r"[ _-]{2,}|[ _-]+(?=/|$)", "_", bare).strip("_") if bare != stem else ""


def _is_normal(name: str) -> bool:
    """Called normal and nothing else: `normal_speed` is beside `high_speed`."""
    words = [w for w in plain(name).split("_") if w and not w.isdigit() and w not in _FILLING]
    return _all_normal(words)


def _all_normal(words: Sequence[str]) -> bool:
    return bool(words) and all(is_normal(w) or w == "healthy" for w in words)
