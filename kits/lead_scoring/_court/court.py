"""Holds the court: past leads in, verdicts out. The order of the charges and a person's last word are decided here.

Pure: the table is not changed, nothing is read or written, and the same table with the same seed gives the same court.
What speaks for a leak, for drift and for the rest is found in the modules beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import Estimate
from kits.lead_scoring._court import plain
from kits.lead_scoring._court.columns import Codes, Column, Floats, cut, read_column
from kits.lead_scoring._court.drift import Drift, course_of, course_p, find_drift
from kits.lead_scoring._court.leaks import Power, judge, lateness_of, powers
from kits.lead_scoring._court.marks import Accused, Mark, marks_of
from kits.lead_scoring._court.measures import Yardstick, alone
from kits.lead_scoring._court.signal import find_signal, silence
from kits.lead_scoring._court.splits import side_by_side
from kits.lead_scoring._court.verdicts import Action, Charge, Court, Side, Signal, Verdict
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config

MOST_ROWS = 40_000
_OPEN_ROWS = 5_000
_FOLDS = 5
_FEW = 10
"""Leads of the rarer outcome under which nothing is measured."""
_CLOCK = (1e8, 1e10)
"""Places in time that are seconds since 1970, not ranks."""
_EVENTS = ": "
"""Between table and figure in the columns that readers make of events: `visits: count`, `visits: days since last`."""


@dataclass(frozen=True)
class _Case:
    """The leads that are looked at.

    Attributes:
        columns: in the table's order, rows in order of time.
        decided_at: (rows,) seconds since 1970; None where there is no clock.
        recent: (rows,) as late as the open leads.
        lot: (rows,) folds by lot.
        periods: (rows,) folds that are stretches of time; by lot where time is unknown.
    """

    columns: tuple[Column, ...]
    open: Mapping[str, Column]
    won: Floats
    order: Floats
    decided_at: Floats | None
    recent: NDArray[np.bool_]
    lot: Codes
    periods: Codes
    timed: bool

    @property
    def measurable(self) -> bool:
        return min(float(self.won.sum()), float((1 - self.won).sum())) >= _FEW


def hold_court(table: LeadTable, config: Config, *, seed: int) -> Court:
    """Judges each column of past leads.

    Args:
        table: decided leads of train and val; open leads among them are evidence too (a column that they all lack
            comes with the outcome).
        seed: of the rows that are sampled, of folds by lot, of shuffles.
    """
    case = _case(table, config, seed)
    settled, left = _settle(case, config)
    leaks = tuple(_leaks(left, case)) if case.measurable else tuple(_by_names(left, case))
    guilty = {one.column for one in leaks if one.finding == "guilty"}
    out = (guilty - set(config.columns.keep)) | set(config.columns.exclude)
    honest = [column for column in left if column.name not in out]
    proxies = tuple(_proxies(honest, case, config))
    drift = (
        find_drift([_as_lag(column, case) for column in honest], case.lot, seed)
        if case.timed and case.measurable
        else Drift((), None, ())
    )
    sides, signal, silent = _figures(case, left, honest, _lasting(honest, drift), seed)
    verdicts = _worded((*settled, *leaks, *proxies, *_moved(drift)), case, config)
    return Court(
        verdicts=verdicts,
        excluded=_names(verdicts, "exclude"),
        drifting=_drifting(verdicts),
        side_by_side=sides,
        adversarial_auc=drift.auc,
        removals=drift.removals,
        signal=signal,
        no_signal=silent,
        course=course_of(case.order, case.won) if case.timed else (),
        course_p=course_p(case.won, seed) if case.timed else None,
        leads=len(case.won),
        won=int(case.won.sum()),
        seed=seed,
    )


def _case(table: LeadTable, config: Config, seed: int) -> _Case:
    rng = np.random.default_rng([seed, 5])
    known = np.isfinite(table.won)
    decided, others = table.rows(known), table.rows(~known)
    decided = _sorted(_drawn(decided, MOST_ROWS, rng))
    timed = decided.timed
    recent = np.ones(len(decided), dtype=bool)
    if timed:
        middle = decided.order[len(decided) // 2]
        recent = decided.order >= middle
        placed = others.rows(others.order >= middle)
        others = placed if len(placed) else others
    others = _drawn(others, _OPEN_ROWS, rng)
    stated = config.columns
    columns, opposite = [], {}
    for name in decided.names:
        how = {"numeric": name in stated.numeric, "categorical": name in stated.categorical}
        columns.append(read_column(name, decided.column(name), **how))
        if len(others):
            opposite[name] = read_column(name, others.column(name), **how)
    rows = len(decided)
    periods = (np.arange(rows) * _FOLDS // max(rows, 1)).astype(np.intp)
    lot = rng.permutation(periods)
    return _Case(
        tuple(columns), opposite, decided.won, decided.order, _clock(decided), recent, lot,
        periods if timed else lot, timed,
    )  # fmt: skip


def _drawn(table: LeadTable, most: int, rng: np.random.Generator) -> LeadTable:
    if len(table) <= most:
        return table
    return table.rows(np.sort(rng.permutation(len(table))[:most]))


def _sorted(table: LeadTable) -> LeadTable:
    return table.rows(np.argsort(table.order, kind="stable"))


def _clock(table: LeadTable) -> Floats | None:
    """When each score would have been asked for."""
    stated = [lead.at for lead in table.leads]
    if stated and all(at is not None for at in stated):
        return np.array([at.timestamp() for at in stated if at is not None])
    if len(table) and _CLOCK[0] < table.order[0] and table.order[-1] < _CLOCK[1]:
        return table.order
    return None


def _settle(case: _Case, config: Config) -> tuple[tuple[Verdict, ...], list[Column]]:
    """What needs no outcome; columns it does not settle go on, and those that a person keeps."""
    verdicts: list[Verdict] = []
    left = []
    for column in case.columns:
        stated = column.name in config.columns.protected
        found = plain.protected(column.name, stated)
        found = found or plain.constant(column) or plain.identity(column, case.timed)
        if found is None:
            left.append(column)
            found = plain.sparse(column)
        elif column.name in config.columns.keep and not stated:
            left.append(column)
        if found is not None:
            verdicts.append(found)
    return tuple(verdicts), left


def _marks(column: Column, case: _Case) -> tuple[Mark, ...]:
    known = {one.name for one in case.columns}
    return marks_of(
        Accused(
            column,
            case.won,
            case.decided_at,
            case.recent,
            case.open.get(column.name),
            as_of=column.name.partition(_EVENTS)[0] + _EVENTS + "count" in known,
        )
    )


def _leaks(columns: Sequence[Column], case: _Case) -> Iterator[Verdict]:
    if not columns:
        return
    marks = {column.name: _marks(column, case) for column in columns}
    seen = [_as_lag(column, case) for column in columns]
    own = {column.name: alone(column.codes, column.bins, case.won, case.periods) for column in seen}
    names = [column.name for column in columns]
    power = powers(names, own, marks, Yardstick.of(seen, case.won, case.lot))
    for name in names:
        verdict = _leak(name, marks[name], power[name])
        if verdict is not None:
            yield verdict


def _as_lag(column: Column, case: _Case) -> Column:
    """A date by its distance from the decision: what it tells is no calendar."""
    if column.kind != "date" or case.decided_at is None:
        return column
    return cut(column.name, column.numbers - case.decided_at)


def _leak(name: str, marks: Sequence[Mark], power: Power) -> Verdict | None:
    """None where nothing was to be asked: no mark, and no power to speak of."""
    if not marks and not power.striking:
        return None
    finding = judge(lateness_of(marks), power)
    actions: dict[str, Action] = {"guilty": "exclude", "suspicious": "warn", "cleared": "keep"}
    evidence = (*(mark.sentence for mark in marks), *power.sentences)
    if not marks:
        evidence = (*evidence, "nothing else says that it was written late")
    return Verdict(name, "leak", finding, power.alone.low, evidence, actions[finding])


def _by_names(columns: Sequence[Column], case: _Case) -> Iterator[Verdict]:
    """Where too few were won or lost to measure anything: names alone, which convict only where they are plain."""
    unknown = Power(Estimate(value=0.5, low=0.0, high=1.0, n=len(case.won), method="too few"))
    for column in columns:
        marks = _marks(column, case)
        if marks:
            finding = judge(lateness_of(marks), unknown)
            yield Verdict(
                column.name,
                "leak",
                finding if finding == "guilty" else "suspicious",
                0.0,
                (*(mark.sentence for mark in marks), "too few outcomes to measure what it tells"),
                "exclude" if finding == "guilty" else "warn",
            )


def _proxies(columns: Iterable[Column], case: _Case, config: Config) -> Iterator[Verdict]:
    stated = config.columns.protected
    targets = [one for one in case.columns if plain.protected(one.name, one.name in stated)]
    for column in columns:
        if column not in targets:
            found = plain.proxy(column, targets)
            if found is not None:
                yield found


def _moved(drift: Drift) -> Iterator[Verdict]:
    for one in drift.moved:
        if one.judgement != "cleared":
            yield Verdict(
                one.column,
                "drift",
                one.judgement,
                one.own.low,
                one.sentences,
                "fold-decides" if one.judgement == "guilty" else "warn",
            )


def _lasting(columns: Sequence[Column], drift: Drift) -> Sequence[Column]:
    """Columns that do not tell the period: forward in time the others mislead. All, where nothing else is left."""
    telling = {one.column for one in drift.moved if one.judgement == "guilty"}
    return [column for column in columns if column.name not in telling] or columns


def _figures(
    case: _Case,
    columns: Sequence[Column],
    honest: Sequence[Column],
    lasting: Sequence[Column],
    seed: int,
) -> tuple[tuple[Side, ...], Signal | None, str]:
    if not case.measurable:
        fewer = int(min(case.won.sum(), len(case.won) - case.won.sum()))
        return (), None, f"only {fewer} leads of the rarer outcome: nothing can be measured"
    out = [column.name for column in columns if column not in honest]
    sides = side_by_side(columns, out, case.won, case.timed, seed)
    signal = find_signal(lasting, case.won, case.periods, case.timed, seed)
    trees = sides[-1].without_guilty if sides else None
    return sides, signal, silence(signal, trees)


def _worded(verdicts: Iterable[Verdict], case: _Case, config: Config) -> tuple[Verdict, ...]:
    """The settings' and a person's word on each verdict, and on columns that have none."""
    said = config.columns
    out = [_under_settings(verdict, config) for verdict in verdicts]
    for column in case.columns:
        if column.name in said.exclude and all(one.column != column.name for one in out):
            out.append(Verdict(column.name, "leak", "cleared", 0.0, (_EXCLUDED,), "exclude"))
    return tuple(out)


_EXCLUDED = "left out by a person's word: columns.exclude names it"
_KEPT = "kept by a person's word against the court: columns.keep names it"
_SETTINGS: tuple[tuple[Charge, str, str, Action], ...] = (
    ("leak", "leaks", "warn", "warn"),
    ("drift", "drift", "warn", "warn"),
    ("drift", "drift", "exclude", "exclude"),
)
"""Charge, key under `court`, its value, and what becomes of guilty columns then."""


def _under_settings(verdict: Verdict, config: Config) -> Verdict:
    said = config.columns
    if verdict.column in said.exclude:
        return replace(verdict, evidence=(*verdict.evidence, _EXCLUDED), action="exclude")
    stated = verdict.charge == "protected" and verdict.column in said.protected
    if verdict.column in said.keep and not stated:
        kept = verdict.finding != "cleared"
        return replace(
            verdict,
            evidence=(*verdict.evidence, _KEPT) if kept else verdict.evidence,
            action="keep",
        )
    for charge, key, value, action in _SETTINGS:
        if (
            verdict.charge == charge
            and verdict.finding == "guilty"
            and getattr(config.court, key) == value
        ):
            return replace(verdict, action=action)
    return verdict


def _names(verdicts: Iterable[Verdict], action: Action) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.column for one in verdicts if one.action == action))


def _drifting(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    out = set(_names(verdicts, "exclude"))
    return tuple(name for name in _names(verdicts, "fold-decides") if name not in out)
