"""Tells people what the court found: findings for `kit check`, tables for the report. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kits.core.kit import Finding, Plot
from kits.lead_scoring._court.verdicts import Charge, Court, Verdict

_EVIDENCE = 3
_COURSE_P = 0.01
_TOLD: tuple[tuple[Charge, str, str, str], ...] = (
    (
        "leak",
        "leaks",
        "tell what only became known with or after the outcome",
        "they are not learned from; if one is known before, name it in model.columns.keep",
    ),
    (
        "identity",
        "identities",
        "name leads, and teach nothing about others",
        "nothing: they are left out; export without them if they are personal",
    ),
    (
        "constant",
        "constant-columns",
        "are the same for all leads, or nearly all",
        "nothing: they are left out",
    ),
    (
        "protected",
        "protected-columns",
        "must not decide about people",
        "nothing: they are left out and reported by group; model.columns.keep overrules a name",
    ),
    (
        "proxy",
        "proxies",
        "say nearly the same as a protected column",
        "leave them out (model.columns.exclude), or keep them on purpose (model.columns.keep)",
    ),
    (
        "drift",
        "drifting-columns",
        "tell the period: what was learned by them may not hold next quarter",
        "training tries with and without them on later leads (model.court.drift)",
    ),
)
"""Charge, name of the check, what guilty columns do, what to do."""


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
    for charge, check, what, fix in _TOLD:
        guilty = _of(court, charge, "guilty")
        if guilty:
            yield Finding(
                check,
                "warn" if charge in ("leak", "proxy", "drift") else "pass",
                f"{_columns(guilty)} {what}",
                _lines(guilty),
                fix,
            )
    yield from _suspicious(court)
    yield from _figures(court)
    if not any(one.finding != "cleared" for one in court.verdicts):
        yield Finding("court", "pass", f"no column is suspected, on {court.leads} decided leads")


def _suspicious(court: Court) -> Iterator[Finding]:
    """Columns that may be leaks: a person knows."""
    asked = _of(court, "leak", "suspicious")
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
            f"{_columns(near)} tell something of a protected column; they are not named as reasons",
            _lines(near),
            "see the figures by group in the report",
        )
    thin = _of(court, "sparse", "suspicious")
    if thin:
        yield Finding(
            "sparse-columns",
            "pass",
            f"{_columns(thin)} are filled in for less than one lead in a hundred",
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


def plots(court: Court) -> tuple[Plot, ...]:
    """What a run's report shows: verdicts, both splits side by side, what tells the period."""
    made = [
        Plot(
            "The court: columns and verdicts",
            table=(
                ("Column", "Charge", "Finding", "Strength", "What becomes of it", "Evidence"),
                *(_row(one) for one in _sorted(court.verdicts)),
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


def _columns(verdicts: Sequence[Verdict]) -> str:
    return ", ".join(one.column for one in verdicts)


def _lines(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    return tuple(f"{one.column}: {'; '.join(one.evidence[:_EVIDENCE])}" for one in verdicts)


_GRAVITY = {"guilty": 0, "suspicious": 1, "cleared": 2}


def _sorted(verdicts: Iterable[Verdict]) -> list[Verdict]:
    order = [charge for charge, *_ in _TOLD] + ["sparse"]
    return sorted(
        verdicts, key=lambda one: (_GRAVITY[one.finding], order.index(one.charge), -one.strength)
    )


def _row(one: Verdict) -> tuple[str, ...]:
    return (
        one.column,
        one.charge,
        one.finding,
        f"{one.strength:.3f}",
        one.action,
        "; ".join(one.evidence[:_EVIDENCE]),
    )
