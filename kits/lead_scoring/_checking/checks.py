"""All the kit's checks of a dataset version, in the order in which they matter. The rules have files of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import isnan

from pydantic import BaseModel

from kits.core.dataset import Dataset
from kits.core.kit import Finding
from kits.core.placing import STATED
from kits.core.sample import utc_now
from kits.lead_scoring._checking import (
    amounts,
    columns,
    repeats,
    seasons,
    times,
    trials,
    units,
    week,
)
from kits.lead_scoring._checking.times import Now
from kits.lead_scoring._court.held import court_by_splits
from kits.lead_scoring._court.telling import findings
from kits.lead_scoring._learning.left_texts import left_texts
from kits.lead_scoring._stated import reaching
from kits.lead_scoring._table import LeadTable, load_table, won_of
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
    week.week,
    week.zones,
    repeats.same_lead,
    repeats.same_customer,
    repeats.same_content,
    repeats.states_left_open,
    trials.not_meant,
    columns.missing,
    columns.too_many_values,
    units.mixed_units,
    columns.opt_out,
    columns.not_there,
)


def check(dataset: Dataset, config: BaseModel, now: Now = utc_now) -> Iterable[Finding]:
    """Every finding of every rule, then of the court; none stops at the first, but leads are read only where some have an outcome.

    Args:
        now: the clock by which a date lies in the future.

    Raises:
        DataError: a sample's bytes are absent or damaged.
    """
    assert isinstance(config, Config)
    if all(isnan(won_of(item)) for item in dataset.items):
        yield amounts.no_outcomes(len(dataset.items))
        return
    table = load_table(dataset, dataset.items)
    config = config.model_copy(update={"columns": reaching(table.names, config.columns)})
    held = court_by_splits(table, config, seed=dataset.header.seed)
    for rule in RULES:
        yield from rule(table, config)
    yield from columns.missing_tells(table, config, held.court.excluded if held else ())
    yield from times.overlapping(table, STATED in dataset.header.split_rule)
    yield from times.future(table, now)
    if held is not None:
        yield from findings(held.court)
        yield from left_texts(table, held.court, config, dataset.header.seed)
