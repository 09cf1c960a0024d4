"""Texts and codes that are left out, as hardly a lead shares one, and whose words tell who buys: a person knows when they are written."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kits.core.kit import Finding
from kits.core.stats import Estimate, auroc_estimate
from kits.lead_scoring._court.case import FEW
from kits.lead_scoring._court.names import said
from kits.lead_scoring._court.verdicts import Court
from kits.lead_scoring._learning.frequent import shared_by
from kits.lead_scoring._learning.kinds import kinds_of
from kits.lead_scoring._learning.past_rates import unseen_rates
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config

_TELLS = 0.52
"""AUC of words alone, at the lower end, from which on they are worth a question."""
_MOST, _ROUNDS = 10_000, 200
"""Leads that are looked at: the latest; and how often they are drawn again."""


def left_texts(table: LeadTable, court: Court, config: Config, seed: int) -> Iterator[Finding]:
    """A warning for each such column, with what its words are worth on leads of train and val; none for one called as persons are.

    Args:
        table: leads of all splits; those of test are not looked at.
    """
    guilty = {
        one.column for one in court.verdicts if one.charge == "leak" and one.finding == "guilty"
    }
    names = [
        one.column
        for one in court.verdicts
        if one.charge == "identity" and one.action == "exclude" and one.column not in guilty
    ]
    names = [n for n in names if n not in config.columns.exclude and said("identity", n) is None]
    known = [
        n
        for n, item in enumerate(table.items)
        if item.split != "test" and np.isfinite(table.won[n])
    ]
    leads = table.rows(np.array(known[-_MOST:], dtype=np.intp))
    for name in names if min(leads.won.sum(), len(leads) - leads.won.sum()) >= FEW else ():
        told = _told(leads, name, config, seed)
        if told is not None and told.low >= _TELLS:
            yield Finding(
                "left-out-texts",
                "warn",
                f"{name} is left out, though its words tell who buys (alone they reach an AUC of {told.text()}): nothing says "
                "whether it is written before the outcome",
                fix="say it in kit.yaml: model.columns.keep if it is there when a lead comes, as the message of a form is, or an "
                "article asked for; model.columns.exclude if people write it later",
            )


def _told(leads: LeadTable, name: str, config: Config, seed: int) -> Estimate | None:
    """AUC of how the words of a text, or of a code, did among other leads; None where it has none."""
    sheet, rows = Sheet(leads.leads), np.arange(len(leads))
    kinds = kinds_of(sheet, rows, [name], config.columns)
    if kinds.get(name) not in ("text", "choice"):
        return None
    shared = shared_by(sheet, rows, kinds)[name]
    if kinds[name] == "text":
        scores = unseen_rates(sheet, rows, leads.won, name, "text", shared.often, seed)
    elif shared.words:
        scores = unseen_rates(sheet, rows, leads.won, name, "parts", shared.words, seed)
    else:
        return None
    ids = [item.sample.group or item.sample.id for item in leads.items]
    return auroc_estimate(scores, leads.won > 0, ids, seed=seed, rounds=_ROUNDS)
