"""Holds the court: past leads in, verdicts out. The order of the charges is decided here.

Pure: the table is not changed, nothing is read or written, and the same table with the same seed gives the same court.
What speaks for a leak, for drift and for the rest is found in the modules beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from kits.core.stats import Estimate
from kits.lead_scoring._court import plain
from kits.lead_scoring._court.accused import Mark
from kits.lead_scoring._court.case import Case, case_of, marks_in
from kits.lead_scoring._court.columns import Column
from kits.lead_scoring._court.drift import Drift, course_of, course_p, find_drift
from kits.lead_scoring._court.leaks import Power, judge, lateness_of
from kits.lead_scoring._court.measured import Measured, measure, weigh
from kits.lead_scoring._court.midway import begun_midway
from kits.lead_scoring._court.names import Phrase, said, words_of
from kits.lead_scoring._court.settings import drifting, names_with, worded
from kits.lead_scoring._court.signal import find_signal, silence
from kits.lead_scoring._court.splits import Sides, side_by_side
from kits.lead_scoring._court.together import doubles_of, find_too_good
from kits.lead_scoring._court.verdicts import Action, Court, Judgement, Signal, Verdict
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config

_LATEST = frozenset({"latest", "last", "recent", "current", "letzte", "letzter", "aktuell", "derniere", "dernier", "ultima", "ultimo"})  # fmt: skip
"""Words that say that an origin was written again."""
_GRAVITY = ("cleared", "suspicious", "guilty")


def hold_court(
    table: LeadTable, config: Config, *, seed: int, everyone: LeadTable | None = None
) -> Court:
    """Judges each column of past leads.

    Args:
        table: decided leads of train and val; open leads among them are evidence too (a column that they all lack
            comes with the outcome).
        seed: of the rows that are sampled, of folds by lot, of shuffles.
        everyone: leads of all splits, of which no outcome is looked at; None: those of the table.
    """
    case = case_of(table, config, seed, everyone)
    settled, left, names = _settle(case, config)
    measured = measure([*left, *names], case, seed) if case.measurable and left else None
    usable = {column.name for column in left}
    leaks = tuple(
        _leaks(measured, case, usable, frozenset(config.columns.keep))
        if measured
        else _by_names([*left, *names], case)
    )
    if measured:
        leaks = _since_begun(leaks, case, left, seed)
        leaks = _with_doubles(leaks, measured, usable, frozenset(config.columns.keep))
    guilty = {one.column for one in leaks if one.finding == "guilty"}
    out = (guilty - set(config.columns.keep)) | set(config.columns.exclude)
    honest = [column for column in left if column.name not in out]
    out |= {column.name for column in names}
    protected = {one.column for one in settled if one.charge == "protected"}
    proxies = tuple(_proxies(honest, [c for c in case.columns if c.name in protected]))
    drift = Drift((), None, ())
    if measured is not None and case.timed:
        stays = tuple(one for one in measured.moved if one.column not in out)
        drift = find_drift(stays, measured.together, measured.sums, len(case.won))
    left_in = _left_in(measured, usable, out)
    signal = find_signal(left_in, case.won, case.lot, case.timed, seed) if left_in else None
    leaks = _too_good(left_in, leaks, signal, case, measured, seed)
    verdicts = worded(
        (*settled, *leaks, *proxies, *_moved(drift)),
        [column.name for column in case.columns],
        config,
    )
    suspects = {one.column for one in verdicts if one.charge == "leak" and one.action == "warn"}
    sides = _sides(case, measured, usable, out, suspects, seed)
    silent = _silence(case, measured, signal, sides.witness)
    return Court(
        verdicts=verdicts,
        excluded=names_with(verdicts, "exclude"),
        drifting=drifting(verdicts),
        side_by_side=sides.shown,
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


def _settle(case: Case, config: Config) -> tuple[tuple[Verdict, ...], list[Column], list[Column]]:
    """What needs no outcome.

    Returns:
        Verdicts; columns that may be learned from, those that a person keeps among them; identities, which may be
        leaks too (a number that only customers have).
    """
    verdicts: list[Verdict] = []
    left, names = [], []
    for column in case.columns:
        stated = column.name in config.columns.protected
        found = plain.protected(column, stated)
        found = found or plain.constant(column) or plain.identity(column, case.timed)
        if found is None:
            found = plain.sparse(column)
            left.append(column)
        elif column.name in config.columns.keep and not stated:
            left.append(column)
        elif found.charge == "identity":
            names.append(column)
        if found is not None:
            verdicts.append(found)
    return tuple(verdicts), left, names


def _leaks(
    measured: Measured, case: Case, usable: set[str], kept: frozenset[str]
) -> tuple[Verdict, ...]:
    """Verdicts on all measured columns, each held beside those that are not convicted.

    Beside a leak that tells nearly everything no other one would tell more; so whoever is convicted stands aside, and the
    rest are judged once more.

    Args:
        usable: columns that may be learned from; no other is held beside one.
        kept: columns that a person vouches for: they do not stand aside.
    """
    beside = set(usable)
    convicted: dict[str, Verdict] = {}
    while True:
        weighed = weigh(measured, case, beside)
        asked = (_leak(name, weighed.marks[name], weighed.power[name]) for name in measured.own)
        found = {one.column: one for one in asked if one is not None}
        convicted.update((name, one) for name, one in found.items() if one.finding == "guilty")
        if not (convicted.keys() - kept) & beside:
            found |= convicted
            order = [name for name in measured.own if name in found]
            return tuple(found[name] for name in order if name in usable or name in convicted)
        beside -= convicted.keys() - kept


def _leak(name: str, marks: Sequence[Mark], power: Power) -> Verdict | None:
    """None where nothing was to be asked: no mark, and no power to speak of."""
    if not marks and not power.striking:
        return None
    finding = judge(lateness_of(marks), power)
    phrase = _arrival(name) if finding == "suspicious" and not marks else None
    if phrase is not None:
        evidence = (
            f"its name (“{phrase.text}”) says where a lead came from: known with it",
            *power.sentences,
        )
        return Verdict(name, "leak", "cleared", power.alone.low, evidence, "keep")
    actions: dict[str, Action] = {"guilty": "exclude", "suspicious": "warn", "cleared": "keep"}
    evidence = (*(mark.sentence for mark in marks), *power.sentences)
    if not marks:
        evidence = (*evidence, "when it was written, neither its name nor its cells say")
    return Verdict(name, "leak", finding, power.alone.low, evidence, actions[finding])


def _arrival(name: str) -> Phrase | None:
    """What says in a column's name that it was known with the lead."""
    return None if _LATEST.intersection(words_of(name)) else said("arrival", name)


def _since_begun(
    leaks: Sequence[Verdict], case: Case, left: Sequence[Column], seed: int
) -> tuple[Verdict, ...]:
    """The verdicts, with graver ones on columns that came into use midway, by the leads since."""
    found = {one.column: one for one in leaks}
    open_still = [one for one in left if _grave(found.get(one.name)) < _GRAVITY.index("guilty")]
    for one in begun_midway(case, open_still, seed):
        verdict = _leak(one.name, one.marks, one.power)
        if verdict is not None and _grave(verdict) > _grave(found.get(one.name)):
            found[one.name] = replace(verdict, evidence=(one.sentence, *verdict.evidence))
    return tuple(found.values())


def _with_doubles(
    leaks: Sequence[Verdict], measured: Measured, usable: set[str], kept: frozenset[str]
) -> tuple[Verdict, ...]:
    """The verdicts, with those on columns that say nearly the same as a leak, or what may be one: left out alone it would come in
    by another name."""
    found = {one.column: one for one in leaks}
    actions: dict[Judgement, tuple[Action, str]] = {
        "guilty": ("exclude", "is one"),
        "suspicious": ("warn", "may be one"),
    }
    for finding, (action, word) in actions.items():
        accused = {name for name, one in found.items() if one.finding == finding} - kept
        free = {name for name in usable - kept if _grave(found.get(name)) < _GRAVITY.index(finding)}
        seen = [one for one in measured.seen if one.name in accused | free]
        for name, (leak, how) in doubles_of(seen, accused, measured.own).items():
            before = found[name].evidence if name in found else ()
            why = f"it says nearly the same as {leak}, which {word}: {how}"
            strength = measured.own[name].low
            found[name] = Verdict(name, "leak", finding, strength, (why, *before), action)
    return tuple(found.values())


def _grave(verdict: Verdict | None) -> int:
    return _GRAVITY.index(verdict.finding) if verdict is not None else 0


def _by_names(columns: Sequence[Column], case: Case) -> Iterator[Verdict]:
    """Where too few were won or lost to measure anything: names alone, which convict only where they are plain."""
    unknown = Power(Estimate(value=0.5, low=0.0, high=1.0, n=len(case.won), method="too few"))
    for column in columns:
        marks = marks_in(column, case)
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


def _proxies(columns: Iterable[Column], protected: Sequence[Column]) -> Iterator[Verdict]:
    for column in columns:
        if column not in protected:
            found = plain.proxy(column, protected)
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


def _left_in(measured: Measured | None, usable: set[str], out: set[str]) -> list[Column]:
    """Columns that are looked at together and that nothing excludes."""
    if measured is None:
        return []
    names = usable.intersection(measured.together) - out
    return [column for column in measured.seen if column.name in names]


def _too_good(
    columns: Sequence[Column],
    leaks: Sequence[Verdict],
    signal: Signal | None,
    case: Case,
    measured: Measured | None,
    seed: int,
) -> tuple[Verdict, ...]:
    """The verdicts, with those on columns that tell nearly everything together, where no other charge has been brought."""
    found = {one.column: one for one in leaks}
    charged = {name for name, one in found.items() if one.finding != "cleared"}
    if (
        measured is None
        or signal is None
        or charged.intersection(column.name for column in columns)
    ):
        return tuple(leaks)
    own = {name: auc for name, auc in measured.own.items() if _arrival(name) is None}
    told = find_too_good(columns, own, case.won, signal.auc, seed)
    if told is None:
        return tuple(leaks)
    for name in told.names:
        before = found[name].evidence if name in found else ()
        evidence = (*told.sentences(name), *before)
        found[name] = Verdict(name, "leak", "suspicious", told.trees.low, evidence, "warn")
    return tuple(found.values())


def _sides(
    case: Case,
    measured: Measured | None,
    usable: set[str],
    out: set[str],
    suspects: set[str],
    seed: int,
) -> Sides:
    """Both splits side by side.

    Args:
        usable: columns that could be learned from.
        out: those that are not.
        suspects: those of which nobody has said whether they should be.
    """
    columns = _left_in(measured, usable, set())
    return side_by_side(columns, out, suspects - out, case.won, case.timed, seed)


def _silence(
    case: Case, measured: Measured | None, signal: Signal | None, trees: Estimate | None
) -> str:
    """One sentence where nothing that is left tells who buys, else empty."""
    if measured is None and not case.measurable:
        fewer = int(min(case.won.sum(), len(case.won) - case.won.sum()))
        return f"only {fewer} leads of the rarer outcome: nothing can be measured"
    return silence(signal, trees)
