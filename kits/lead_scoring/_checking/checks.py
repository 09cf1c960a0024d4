"""All the kit's checks of a dataset version, in the order in which they matter. The rules have files of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from pydantic import BaseModel

from kits.core.dataset import Dataset
from kits.core.kit import Finding
from kits.core.placing import STATED
from kits.core.sample import utc_now
from kits.lead_scoring._checking import amounts, columns, repeats, seasons, times, trials, units
from kits.lead_scoring._checking.times import Now
from kits.lead_scoring._court.case import seen_by_court
from kits.lead_scoring._court.court import hold_court
from kits.lead_scoring._court.latecomers import with_latecomers
from kits.lead_scoring._court.telling import findings
from kits.lead_scoring._court.verdicts import Court
from kits.lead_scoring._table import LeadTable, load_table
from kits.lead_scoring.config import Config

Rule = Callable[[LeadTable, Config], Iterator[Finding]]
RULES: tuple[Rule, ...] = (
    amounts.enough,
    amounts.lift_ceiling,
    amounts.in_a_month,
    amounts.all_called,
    amounts.still_open,
    times.young,
    times.backwards,
    seasons.seasons,
    repeats.same_lead,
    repeats.same_content,
    trials.not_meant,
    columns.missing,
    columns.too_many_values,
    units.mixed_units,
    columns.opt_out,
    columns.not_there,
)


def check(dataset: Dataset, config: BaseModel, now: Now = utc_now) -> Iterable[Finding]:
    """Every finding of every rule, then of the court; none stops at the first.

    Args:
        now: the clock by which a date lies in the future.

    Raises:
        DataError: a sample's bytes are absent or damaged.
    """
    assert isinstance(config, Config)
    table = load_table(dataset, dataset.items)
    court = _court(table, config, dataset.header.seed)
    for rule in RULES:
        yield from rule(table, config)
    yield from columns.missing_tells(table, config, court.excluded if court else ())
    yield from times.overlapping(table, STATED in dataset.header.split_rule)
    yield from times.future(table, now)
    if court is not None:
        yield from findings(court)


def _court(table: LeadTable, config: Config, seed: int) -> Court | None:
    """The court that training will hold; None where no lead that it may see has an outcome."""
    latest = np.array([item.split == "test" for item in table.items], dtype=bool)
    seen = table.rows(seen_by_court(table))
    if not len(seen.decided):
        return None
    return with_latecomers(
        hold_court(seen, config, seed=seed), table.rows(latest), config, seed=seed
    )
