"""The court as tables of a report: verdicts, both splits, what tells the period. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterable

from kits.core.kit import Plot
from kits.lead_scoring._court.charges import TOLD
from kits.lead_scoring._court.telling import brief, split_of
from kits.lead_scoring._court.verdicts import Action, Charge, Court, Verdict


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
                    (
                        "Judged on",
                        "All columns",
                        "Without guilty ones",
                        "Without suspects too",
                        "Leads judged",
                    ),
                    *(
                        (
                            split_of(side.split),
                            side.all_columns.text(),
                            side.without_guilty.text(),
                            "–" if side.without_suspects is None else side.without_suspects.text(),
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


_GRAVITY = {"guilty": 0, "suspicious": 1, "cleared": 2}


def _sorted(verdicts: Iterable[Verdict]) -> list[Verdict]:
    order = [told.charge for told in TOLD] + ["sparse"]
    return sorted(
        verdicts, key=lambda one: (_GRAVITY[one.finding], order.index(one.charge), -one.strength)
    )


def _rows(court: Court) -> list[tuple[str, ...]]:
    """A row per verdict; charges that need no thought have one for all their columns."""
    rows: list[tuple[str, ...]] = []
    for one in _sorted(court.verdicts):
        if one.charge not in _TOGETHER:
            rows.append(
                (
                    one.column,
                    one.charge,
                    one.finding,
                    f"{one.strength:.3f}",
                    _ACTIONS[one.action],
                    "; ".join(brief(one.evidence)),
                )
            )
    for charge in _TOGETHER:
        for action, words in _ACTIONS.items():
            some = [one for one in court.verdicts if (one.charge, one.action) == (charge, action)]
            if some:
                names = ", ".join(one.column for one in some)
                rows.append((names, charge, "guilty", "", words, some[0].evidence[-1]))
    return rows


_TOGETHER: tuple[Charge, ...] = ("identity", "constant")
_ACTIONS: dict[Action, str] = {
    "exclude": "left out",
    "warn": "stays; a person should decide",
    "fold-decides": "later leads decide",
    "keep": "stays",
}
