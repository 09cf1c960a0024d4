"""Tells people what the court found: findings for `kit check`, notes for a run, tables for the report. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kits.core.kit import Finding, Plot
from kits.lead_scoring._court.charges import TOLD, Told
from kits.lead_scoring._court.verdicts import Action, Charge, Court, Verdict

_EVIDENCE = 3
_COURSE_P = 0.01
"""The base rate is told to move from here on."""


def findings(court: Court) -> Iterator[Finding]:
    """What `kit check` shows of the court, the gravest first."""
    if court.no_signal:
        yield Finding(
            "no-signal",
            "warn",
            court.no_signal,
            fix="bring columns that are known when a lead comes in (source, answers of the form, visits); no model"
            " makes up for them",
        )
    for told in TOLD:
        guilty = [one for one in _of(court, told.charge, "guilty") if one.action != "keep"]
        if guilty:
            what = told.one if len(guilty) == 1 else told.many
            yield Finding(
                told.check,
                told.level,
                f"{_columns(guilty)} {what}",
                _lines(guilty),
                _fix(told, guilty),
            )
    kept = _kept(court)
    if kept:
        yield Finding(
            "kept-columns",
            "pass",
            f"learned from by a person's word, against the court: {_columns(kept)}",
            _lines(kept),
        )
    yield from _suspicious(court)
    yield from _figures(court)
    if not any(one.finding != "cleared" for one in court.verdicts):
        yield Finding("court", "pass", f"no column is suspected, on {court.leads} decided leads")


def _suspicious(court: Court) -> Iterator[Finding]:
    """Columns that may be leaks: a person knows."""
    asked = _asked(court)
    if asked:
        yield Finding(
            "possible-leaks",
            "warn",
            f"{_columns(asked)} may have been written after the first contact; the court cannot tell",
            _lines(asked),
            "ask who fills it in and when: model.columns.exclude if later than the score, model.columns.keep if before",
        )
    near = _of(court, "proxy", "suspicious")
    if near:
        yield Finding(
            "possible-proxies",
            "warn",
            f"named as no reason, because of what is told of a protected column: {_columns(near)}",
            _lines(near),
            "see the figures by group in the report",
        )
    thin = _of(court, "sparse", "suspicious")
    if thin:
        yield Finding(
            "sparse-columns",
            "pass",
            f"filled in for less than one lead in a hundred: {_columns(thin)}",
            _lines(thin),
        )


def _figures(court: Court) -> Iterator[Finding]:
    sides = [one for one in court.side_by_side if one.all_columns != one.without_guilty]
    if sides:
        yield Finding(
            "leak-price",
            "pass",
            f"with the leaks an AUC of {sides[-1].all_columns.value:.3f} would be shown, without them it is "
            f"{sides[-1].without_guilty.value:.3f} (on {_split(sides[-1].split)}): that is what the future brings at best",
            tuple(
                f"{_split(one.split)}: {one.all_columns.text()} with them, {one.without_guilty.text()} without"
                for one in sides
            ),
        )
    if court.adversarial_auc is not None:
        names = ", ".join(one.column for one in court.removals[:_EVIDENCE])
        yield Finding(
            "periods",
            "pass",
            f"the latest fifth of leads is told from earlier ones with an AUC of {court.adversarial_auc.text()}"
            + (f", mostly by {names}" if names else ""),
        )
    if court.course and court.course_p is not None and court.course_p <= _COURSE_P:
        first, last = court.course[0].won, court.course[-1].won
        yield Finding(
            "base-rate",
            "warn",
            f"the share won moves over time beyond chance (p = {court.course_p:.3f}): {first.value:.1%} of the first "
            f"{first.n} leads, {last.value:.1%} of the latest {last.n}",
            tuple(f"{one.won.value:.1%} of {one.won.n}" for one in court.course),
            "believe probabilities only as long as calibration is watched; retrain as outcomes come in",
        )


def notes(court: Court) -> tuple[str, ...]:
    """Sentences for a run: what was left out and why, what a person should decide, whether there is a signal."""
    said = [court.no_signal] if court.no_signal else []
    for told in TOLD:
        out = [one for one in _of(court, told.charge, "guilty") if one.action == "exclude"]
        if out and told.charge != "constant":
            said.append(f"left out by the court, {told.charge}: {_columns(out)}")
    kept = _kept(court)
    if kept:
        said.append(f"learned from by a person's word, against the court: {_columns(kept)}")
    asked = _asked(court)
    if asked:
        said.append(f"learned from, but perhaps written too late: {_columns(asked)} (kit check)")
    return tuple(said)


def plots(court: Court) -> tuple[Plot, ...]:
    """What a run's report shows: verdicts, both splits side by side, what tells the period."""
    made = [
        Plot(
            "The court: columns and verdicts",
            table=(
                ("Column", "Charge", "Finding", "Strength", "What becomes of it", "Evidence"),
                *_rows(court),
            ),
            caption=f"{court.leads} decided leads of train and val, {court.won} won, seed {court.seed}. Strength of a "
            "leak or of drift: lower end of the column's own AUC (95 %); of a proxy: Cramér's V. "
            + (court.no_signal.capitalize() if court.no_signal else ""),
        )
    ]
    if court.side_by_side:
        made.append(
            Plot(
                "Random and later leads, with and without leaks",
                table=(
                    ("Judged on", "All columns", "Without guilty ones", "Leads judged"),
                    *(
                        (
                            _split(side.split),
                            side.all_columns.text(),
                            side.without_guilty.text(),
                            str(side.without_guilty.n),
                        )
                        for side in court.side_by_side
                    ),
                ),
                caption="AUC of the same small boosted trees with its 95 % interval. What falls from left to right were "
                "leaks; what falls from a random quarter to the latest one is drift.",
            )
        )
    if court.adversarial_auc is not None:
        made.append(_periods(court))
    return tuple(made)


def _periods(court: Court) -> Plot:
    assert court.adversarial_auc is not None
    return Plot(
        "What tells the period",
        table=(
            ("Taken away", "Alone", "All the rest"),
            ("nothing", "", court.adversarial_auc.text()),
            *((one.column, one.own.text(), one.rest.text()) for one in court.removals),
        ),
        caption="How well the latest fifth of leads is told from earlier ones (AUC; 0.5: not at all), as the most "
        "telling columns go one by one.",
    )


def _split(split: str) -> str:
    return "the latest quarter" if split == "time" else "a random quarter"


def _of(court: Court, charge: Charge, finding: str) -> list[Verdict]:
    return [one for one in court.verdicts if one.charge == charge and one.finding == finding]


def _kept(court: Court) -> list[Verdict]:
    return [one for one in court.verdicts if one.finding == "guilty" and one.action == "keep"]


def _asked(court: Court) -> list[Verdict]:
    """Possible leaks that nobody has decided about."""
    return [one for one in _of(court, "leak", "suspicious") if one.action == "warn"]


def _fix(told: Told, guilty: Sequence[Verdict]) -> str:
    if told.charge == "leak" and all(one.action == "warn" for one in guilty):
        return "they are learned from all the same, as model.court.leaks says: warn"
    return told.fix


def _columns(verdicts: Sequence[Verdict]) -> str:
    return ", ".join(one.column for one in verdicts)


def _lines(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    return tuple(f"{one.column}: {'; '.join(_brief(one.evidence))}" for one in verdicts)


_GRAVITY = {"guilty": 0, "suspicious": 1, "cleared": 2}


def _sorted(verdicts: Iterable[Verdict]) -> list[Verdict]:
    order = [told.charge for told in TOLD] + ["sparse"]
    return sorted(
        verdicts, key=lambda one: (_GRAVITY[one.finding], order.index(one.charge), -one.strength)
    )


def _rows(court: Court) -> list[tuple[str, ...]]:
    """A row per verdict; charges that need no thought have one for all their columns."""
    rows = []
    for one in _sorted(court.verdicts):
        if one.charge not in _TOGETHER:
            rows.append(
                (
                    one.column,
                    one.charge,
                    one.finding,
                    f"{one.strength:.3f}",
                    _ACTIONS[one.action],
                    "; ".join(_brief(one.evidence)),
                )
            )
    for charge in _TOGETHER:
        for action, words in _ACTIONS.items():
            some = [one for one in court.verdicts if (one.charge, one.action) == (charge, action)]
            if some:
                rows.append((_columns(some), charge, "guilty", "", words, some[0].evidence[-1]))
    return rows


_TOGETHER: tuple[Charge, ...] = ("identity", "constant")
_ACTIONS: dict[Action, str] = {
    "exclude": "left out",
    "warn": "stays; a person should decide",
    "fold-decides": "later leads decide",
    "keep": "stays",
}


def _brief(evidence: tuple[str, ...]) -> tuple[str, ...]:
    """The gravest marks, and what it tells, which comes last."""
    most = _EVIDENCE + 1
    return evidence if len(evidence) <= most else (*evidence[: most // 2], *evidence[-most // 2 :])
