"""Columns that were the same for all leads but the latest: what ships learns from the latest leads too, so they may stay.

A field that is new on the form is constant for the court, which sees no lead of `test`. Whether it is a leak is then asked
of those of `test`; their outcomes can only take such a column away.
"""

from __future__ import annotations

from dataclasses import replace

from kits.lead_scoring._court.case import FEW
from kits.lead_scoring._court.court import hold_court
from kits.lead_scoring._court.verdicts import Court, Verdict
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config

_SAID = "not so for the latest leads, which are no part of this court and from which the model that ships learns"


def with_latecomers(court: Court, latest: LeadTable, config: Config, *, seed: int) -> Court:
    """The court, with such columns kept.

    Args:
        court: on the leads of train and val.
        latest: those of test.
    """
    new = {one.column for one in court.verdicts if _barred_alike(one)}
    new = {name for name in new & set(latest.names) if len(set(latest.column(name))) > 1}
    decided = latest.decided
    if not new or min(float(decided.won.sum()), float((1 - decided.won).sum())) < FEW:
        return court
    asked = hold_court(latest, config, seed=seed)
    charged = {one.column for one in asked.verdicts if one.finding != "cleared"}
    kept = new - charged
    verdicts = tuple(
        replace(one, evidence=(*one.evidence, _SAID), finding="cleared", action="keep")
        if _barred_alike(one) and one.column in kept
        else one
        for one in court.verdicts
    )
    excluded = tuple(name for name in court.excluded if name not in kept)
    return replace(court, verdicts=verdicts, excluded=excluded)


def _barred_alike(one: Verdict) -> bool:
    return one.charge == "constant" and one.action == "exclude"
