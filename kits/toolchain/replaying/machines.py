"""A replay over time: an asset's alarms, cases and known failures, and the dial that weighs them.

It composes courses, failures and figures into one answer. How it is shown is `machine_text.py`'s and
`machine_page.py`'s business.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from kits.core.alarm import AlarmRule
from kits.core.errors import DataError, UsageError
from kits.core.kit import Progress
from kits.core.operating_point import Band, OperatingPoint
from kits.core.prediction import Prediction
from kits.core.replay import Replay, Track
from kits.toolchain.replaying.courses import Case, Course, Rise, courses_of, within
from kits.toolchain.replaying.failures import Met, moment, read_failures, with_failures, zone_of
from kits.toolchain.replaying.figures import Figures, Terms, figures_of
from kits.toolchain.replaying.leads import LeadOptions
from kits.toolchain.replaying.mails import MailOptions
from kits.toolchain.replaying.text import length_text

HORIZON_S = 14 * 86_400.0
_WORDS = 3
_MARKED = (
    "a marked stretch counts as a fault that is there from its start, and as the failure at its end: if the machine"
    " stood from the start on, no alarm within it is a warning; then list the stops and give --failures FILE"
)


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What a person asks for.

    Attributes:
        from_date, to_date: dates; the end is exclusive; empty: no bound.
        failures: a table of what failed, instead of what the data marks.
        horizon, needed: as `24h`, `30d`, or a number in the data's own unit; empty: the default.
        zone: of dates that name none, here and in the list; empty: UTC.
        planned: cost of a planned stop; None: that of a false alarm.
        mail: of mails: what sorting by hand takes and costs.
        lead: of samples that wait for people: what the team can do, and what a hit is worth.
    """

    from_date: str = ""
    to_date: str = ""
    failures: Path | None = None
    horizon: str = ""
    needed: str = ""
    zone: str = ""
    planned: float | None = None
    tune: bool = False
    mail: MailOptions = field(default_factory=MailOptions)
    lead: LeadOptions = field(default_factory=LeadOptions)


@dataclass(frozen=True)
class ToldCase:
    """A case with what the model said when it opened.

    Attributes:
        outcome: the failure it warned of, `false`, or empty where nobody knows what failed.
        lead: from its first alarm that counts to the failure, in the clock's unit.
    """

    case: Case
    label: str
    evidence: str
    outcome: str
    lead: float | None


@dataclass(frozen=True)
class Tuned:
    """One position of the dial."""

    value: float
    band: Band
    figures: Figures
    current: bool


@dataclass(frozen=True)
class Replayed:
    """The answer."""

    replay: Replay
    point: OperatingPoint
    terms: Terms
    courses: tuple[Course, ...]
    figures: Figures
    cases: tuple[ToldCase, ...]
    tuned: tuple[Tuned, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def judged(self) -> bool:
        """Whether it is known what failed."""
        return self.figures.money is not None

    @property
    def sensor_share(self) -> float:
        """Share of rows with a sensor at fault."""
        rows = sum(len(c.levels) for c in self.courses)
        return sum(float(c.track.sensor_fault.sum()) for c in self.courses) / max(rows, 1)


def replay_machines(
    found: Replay, point: OperatingPoint, terms: Terms, options: ReplayOptions, progress: Progress
) -> Replayed:
    """Alarms, cases and figures of the tracks.

    Args:
        terms: with prices; horizon, lead and unit are filled in here.

    Raises:
        DataError: nothing in the period, or the list of failures does not fit.
        UsageError: a period for recordings that are not in time, or a duration that is none.
    """
    tracks, notes = _period(found, options)
    if options.failures is not None:
        listed, assumed = read_failures(options.failures, timed=found.timed, zone=options.zone)
        tracks, remarks = with_failures(tracks, listed, str(options.failures))
        notes += [*assumed, *remarks]
    elif any(failure.from_s is not None for track in tracks for failure in track.failures):
        notes.append(_MARKED)
    judged = options.failures is not None or any(track.failures for track in tracks)
    if not judged:
        notes.append(
            "nothing says what failed, so alarms are counted and not judged: give --failures FILE with"
            " asset,time,what"
        )
    usual = found.horizon
    if usual is None:
        usual = HORIZON_S if found.unit == "s" else math.inf
    terms = replace(
        terms,
        unit=found.unit,
        horizon=_duration(options.horizon, found.unit, usual),
        needed=_duration(options.needed, found.unit, 0.0),
    )
    rule = point.alarm or AlarmRule()
    courses = courses_of(tracks, point.default, rule)
    figures = figures_of(courses, terms, judged=judged)
    notes += _stood_before(courses, figures.met, terms.unit)
    cases = _told(courses, figures.met, progress, judged=judged)
    tuned = _tuned(found, tracks, point, terms, progress, judged) if options.tune else ()
    if options.tune and not tuned:
        notes.append("this bundle has no dial to turn: its levels come from a standard or a rule")
    return Replayed(
        found, point, terms, tuple(courses), figures, cases, tuned, (*found.notes, *notes)
    )


def _stood_before(courses: Sequence[Course], met: Sequence[Met], unit: str) -> list[str]:
    """That failures were missed because an alarm stood already when theirs would have counted."""
    leads = []
    for one in (one for one in met if one.outcome == "missed"):
        course = next(c for c in courses if c.track.asset == one.failure.asset)
        row = int(np.searchsorted(course.track.at_s, one.opens_s))
        begun = [alarm.at_s for alarm in course.alarms if alarm.at_s <= one.opens_s]
        if begun and row < len(course.levels) and course.in_alarm[row]:
            leads.append(one.failure.at_s - begun[-1])
    if not leads:
        return []
    longest = length_text(max(leads), unit)
    return [
        f"{len(leads)} of the failures not found in time had an alarm that stood since before their time, the longest since "
        f"{longest} before: it counts as false. Where the fault was there by then, say so: mark it from then on, or give "
        "--failures FILE and a longer --horizon"
    ]


def _period(found: Replay, options: ReplayOptions) -> tuple[list[Track], list[str]]:
    if not (options.from_date or options.to_date):
        return list(found.tracks), []
    if not found.timed:
        raise UsageError(
            "--from and --to need recordings in time, and these do not say when they began",
            fix="leave them out",
        )
    zone = zone_of(options.zone)
    from_s = moment(options.from_date, "--from", zone) if options.from_date else -math.inf
    to_s = moment(options.to_date, "--to", zone) if options.to_date else math.inf
    if from_s >= to_s:
        raise UsageError("--from is not before --to", fix="give the earlier date to --from")
    tracks = [cut for track in found.tracks if (cut := within(track, from_s, to_s)) is not None]
    if not tracks:
        first = min(float(track.at_s[0]) for track in found.tracks)
        last = max(float(track.at_s[-1]) for track in found.tracks)
        raise DataError(
            "nothing was recorded in this period",
            where=f"{options.from_date or 'the start'} to {options.to_date or 'the end'}",
            fix=f"the data goes from {date_text(first)} to {date_text(last)} UTC",
        )
    return tracks, []


_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}


def _duration(text: str, unit: str, default: float) -> float:
    """`24h` as seconds; a plain number is in the clock's unit."""
    if not text:
        return default
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz ")
    suffix = text[len(number) :].strip()
    try:
        value = float(number)
        return value * (_UNITS[suffix] if suffix and unit == "s" else {"": 1.0}[suffix])
    except (KeyError, ValueError):
        fix = "as 8h, 30d or 15min" if unit == "s" else f"a number of {unit}, as 20"
        raise UsageError(f"{text!r} is no length of time here", fix=fix) from None


def _told(
    courses: Sequence[Course], met: Sequence[Met], progress: Progress, *, judged: bool
) -> tuple[ToldCase, ...]:
    """Cases in the order of their opening, with the words of the device."""
    whole = [(course, case) for course in courses for case in course.cases]
    progress.begin("putting cases into words", len(whole))
    told = []
    for course, case in whole:
        progress.advance()
        prediction = course.track.predict(case.alarms[0].row)
        hits = [(one, alarm) for alarm in case.alarms for one in met if _warns(case, alarm, one)]
        first = hits[0] if hits else None
        outcome = (first[0].failure.what if first else "false") if judged else ""
        lead = first[0].failure.at_s - first[1].at_s if first else None
        told.append(ToldCase(case, prediction.label, evidence_of(prediction), outcome, lead))
    progress.end()
    return tuple(sorted(told, key=lambda one: (one.case.opened_s, one.case.asset)))


def _warns(case: Case, alarm: Rise, one: Met) -> bool:
    return one.failure.asset == case.asset and one.opens_s < alarm.at_s <= one.failure.at_s


def evidence_of(prediction: Prediction) -> str:
    """The first reasons, in one line."""
    return "; ".join(reason.text for reason in prediction.reasons[:_WORDS])


def _tuned(
    found: Replay,
    tracks: Sequence[Track],
    point: OperatingPoint,
    terms: Terms,
    progress: Progress,
    judged: bool,
) -> tuple[Tuned, ...]:
    rule = point.alarm or AlarmRule()
    progress.begin("turning the dial", len(found.dials))
    rows = []
    for dial in found.dials:
        progress.advance()
        courses = courses_of(tracks, dial.band, rule)
        same = math.isclose(dial.band.act_at, point.default.act_at, rel_tol=1e-6, abs_tol=1e-9)
        rows.append(Tuned(dial.value, dial.band, figures_of(courses, terms, judged=judged), same))
    progress.end()
    return tuple(rows)


def date_text(at_s: float) -> str:
    """A moment for people, UTC."""
    return datetime.fromtimestamp(at_s, timezone.utc).strftime("%Y-%m-%d %H:%M")
