"""Known failures: from a table a person keeps, and which alarm was the warning of which.

Strict: an alarm counts for a failure only when it begins while the fault is there, or, where nobody knows since when
it was, within a horizon before. An alarm that stood since long before is no warning.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from kits.core.errors import DataError, UsageError, did_you_mean
from kits.core.replay import KnownFailure, Track
from kits.toolchain.replaying.courses import Course, Rise

_COLUMNS = ("asset", "time", "what", "cost")
_NEEDED = ("asset", "time")
_ALSO = {"machine": "asset", "start": "time", "fault": "what"}
"""As lists beside recordings have them; where both stand there, the first name counts."""
_UNUSED = ("end",)
_TOLERANCE_STEPS = 5
"""An alarm so many readings before a marked start still counts: starts are marked by hand."""
_DAY_ALONE = len("2025-03-01")
_FIX = "a CSV with the columns asset,time,what,cost; the last two may be missing, and machine,start,fault stand for the first three"


@dataclass(frozen=True)
class Met:
    """A failure and what came of it.

    Attributes:
        opens_s: from when an alarm counts as its warning.
        alarm: the first one in that time.
        needed: shortest lead that helps.
    """

    failure: KnownFailure
    opens_s: float
    alarm: Rise | None
    needed: float

    @property
    def lead(self) -> float | None:
        """From the alarm to the failure."""
        return None if self.alarm is None else self.failure.at_s - self.alarm.at_s

    @property
    def in_time(self) -> bool:
        lead = self.lead
        return lead is not None and lead >= self.needed and not self.failure.beyond

    @property
    def outcome(self) -> str:
        """`found`, `late`, `missed`, or `ahead`: it lies after the end of the data."""
        if self.failure.beyond:
            return "ahead"
        if self.alarm is None:
            return "missed"
        return "found" if self.in_time else "late"


def meet(course: Course, horizon: float, needed: float) -> tuple[list[Met], list[Rise]]:
    """The failures of an asset with their warnings, and the alarms that belong to none."""
    track = course.track
    steps = np.diff(track.at_s)
    tolerance = _TOLERANCE_STEPS * float(np.median(steps)) if steps.size else 0.0
    met: list[Met] = []
    right: set[int] = set()
    repaired = -math.inf
    for failure in sorted(track.failures, key=lambda one: one.at_s):
        if failure.from_s is not None:
            opens = failure.from_s - tolerance
        else:  # what came before the last failure warned of that one
            opens = max(failure.at_s - horizon, repaired)
        repaired = failure.at_s
        inside = [alarm for alarm in course.alarms if opens < alarm.at_s <= failure.at_s]
        right |= {alarm.row for alarm in inside}
        met.append(Met(failure, opens, inside[0] if inside else None, needed))
    return met, [alarm for alarm in course.alarms if alarm.row not in right]


def read_failures(
    path: Path, *, timed: bool, zone: str = ""
) -> tuple[tuple[KnownFailure, ...], list[str]]:
    """The failures of a table, and notes on what was assumed of their times.

    Args:
        timed: times are dates in ISO 8601; else numbers on the data's own clock.
        zone: of dates that name none, as `Europe/Berlin`; empty: UTC.

    Raises:
        DataError: it cannot be read, a column is missing, or a line is no failure.
        UsageError: no such zone.
    """
    of_zone = zone_of(zone)
    found, texts = [], []
    for cells, where in _lines_of(path):
        found.append(_failure(cells, where, of_zone if timed else None))
        texts.append(cells["time"])
    return tuple(found), _assumed(texts, path.name, zone) if timed else []


def refuse_unreadable(path: Path, zone: str = "") -> None:
    """What `read_failures` refuses of any recordings; a long replay must not find that out at its end.

    Only whether recordings are in time is not known yet: a number passes for a date.

    Raises:
        DataError: it cannot be read, a column is missing, or a line is no failure.
        UsageError: no such zone.
    """
    of_zone = zone_of(zone)
    for cells, where in _lines_of(path):
        _failure(cells, where, None if _is_number(cells["time"]) else of_zone)


def _lines_of(path: Path) -> Iterator[tuple[dict[str, str], str]]:
    """The cells of each line of a list, and where it stands."""
    rows, names = _rows_of(path)
    for number, row in enumerate(rows, start=2):
        cells = {key: (row.get(name) or "").strip() for key, name in names.items()}
        if any(cells.values()):
            yield cells, f"{path}, line {number}"


def _rows_of(path: Path) -> tuple[csv.DictReader[str], dict[str, str]]:
    """The lines of a list, and the name of each column in it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError("no such file", where=str(path), fix=_FIX) from None
    except UnicodeDecodeError:
        raise DataError("not a text in UTF-8", where=str(path), fix=_FIX) from None
    lines = text.splitlines()
    separator = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    rows = csv.DictReader(lines, delimiter=separator)
    names = {(name or "").strip().lower(): name for name in rows.fieldnames or ()}
    for other, usual in _ALSO.items():
        if other in names:
            names.setdefault(usual, names[other])
            del names[other]
    for wanted in _NEEDED:
        if wanted not in names:
            raise DataError(
                f"no column {wanted!r} in the list of failures", where=str(path), fix=_FIX
            )
    strange = sorted(set(names) - {*_COLUMNS, *_UNUSED, ""})
    if strange:
        raise DataError(
            f"an unknown column {strange[0]!r} in the list of failures",
            where=str(path),
            fix=f"{did_you_mean(strange[0], _COLUMNS)} {_FIX}",
        )
    return rows, names


def _assumed(texts: Sequence[str], name: str, zone: str) -> list[str]:
    """What was assumed of dates, each of which can be read."""
    days = sum(len(text) <= _DAY_ALONE for text in texts)
    naive = any(datetime.fromisoformat(text).tzinfo is None for text in texts)
    notes = []
    if naive and not zone:
        notes.append(
            f"times of {name} name no zone: taken as UTC; --timezone Europe/Berlin reads local ones"
        )
    if days:
        notes.append(
            f"{days} failures of {name} have a day and no hour: taken for its midnight, so that leads are up to a day"
            " short, and an alarm on that very day counts as false"
        )
    return notes


def zone_of(name: str) -> tzinfo:
    """A time zone by its name; UTC where it is empty.

    Raises:
        UsageError: no such zone.
    """
    try:
        return ZoneInfo(name) if name else timezone.utc
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"no time zone {name!r}", fix="as Europe/Berlin") from None


def _failure(cells: Mapping[str, str], where: str, zone: tzinfo | None) -> KnownFailure:
    cost = cells.get("cost", "")
    try:
        spent = float(cost) if cost else None
    except ValueError:
        raise DataError(f"{cost!r} is no cost", where=where, fix="a number, as 12000") from None
    return KnownFailure(
        asset=cells["asset"],
        at_s=_number(cells["time"], where) if zone is None else moment(cells["time"], where, zone),
        what=cells.get("what", "") or "failure",
        cost=spent,
    )


def moment(text: str, where: str, zone: tzinfo = timezone.utc) -> float:
    """A date as seconds since 1970.

    Args:
        zone: where the date names none.

    Raises:
        DataError: not a date.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        fix = "as 2025-03-01 or 2025-03-01T14:30, or with its offset"
        raise DataError(f"{text!r} is no date", where=where, fix=fix) from None
    return (at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        fix = "these recordings are not in time: give the number of the cycle or second"
        raise DataError(f"{text!r} is no number", where=where, fix=fix) from None


def with_failures(
    tracks: Sequence[Track], listed: Sequence[KnownFailure], where: str
) -> tuple[list[Track], list[str]]:
    """The tracks with a list's failures instead of those that the data marks, and notes on what fits nowhere.

    Raises:
        DataError: not one failure is of an asset in the data.
    """
    assets = [track.asset for track in tracks]
    strange = sorted({failure.asset for failure in listed} - set(assets))
    if listed and not any(failure.asset in assets for failure in listed):
        raise DataError(
            f"no failure of these machines in the list, which names {', '.join(strange[:3])}",
            where=where,
            fix=did_you_mean(strange[0], assets),
        )
    notes = (
        [f"failures of machines that are not in the data: {', '.join(strange[:5])}"]
        if strange
        else []
    )
    changed, outside = [], 0
    for track in tracks:
        mine = [failure for failure in listed if failure.asset == track.asset]
        # a stop is often noted a while after the last reading
        reach = float(track.at_s[-1] - track.at_s[0]) * 0.1
        inside = [f for f in mine if track.at_s[0] <= f.at_s <= track.at_s[-1] + reach]
        outside += len(mine) - len(inside)
        changed.append(replace(track, failures=tuple(sorted(inside, key=lambda f: f.at_s))))
    if outside:
        notes.append(f"{outside} failures of the list lie outside the replayed time")
    return changed, notes
