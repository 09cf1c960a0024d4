"""An export has labels where a CRM's API has values, numbers or pairs: what a bundle learned from one is found in the other."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping

import pytest

from cloud_sync.crm.client.labels import Described, naming
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.base import Access, Crm, Met, nothing_met
from cloud_sync.crm.kinds.table import open_crm, with_defaults
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.crm.simulator.history import history_csv

CHOICES = {
    "hubspot": ["hs_analytics_source"],
    "salesforce": ["LeadSource", "Industry"],
    "pipedrive": ["Source"],
    "odoo": ["x_industry", "source_id", "country_id"],
    "dynamics": ["leadsourcecode", "industrycode"],
}
"""Columns that an export of the pretended CRM shows by labels."""
LABELS = {
    "hubspot": "Original Traffic Source", "salesforce": "Lead Source", "pipedrive": "Source",
    "odoo": "Industry", "dynamics": "Lead Source",
}  # fmt: skip


@pytest.fixture(params=CHOICES)
def simulator(request: pytest.FixtureRequest) -> Simulator:
    made = Simulator(request.param, seed=5, limit=0)
    made.make(40, quiet=True)
    return made


@pytest.fixture
def url(simulator: Simulator) -> Iterator[str]:
    with serve(simulator) as url:
        yield url


def connect(simulator: Simulator, url: str, columns: list[str], met: Met = nothing_met) -> Crm:
    settings = with_defaults(CrmSettings.model_validate(simulator.connection(url)))
    settings = settings.model_copy(update={"columns": tuple(columns)})
    return open_crm(Access("sales", settings, simulator.secrets.api, met=met))


def values_of(simulator: Simulator, crm: Crm) -> dict[str, set[object]]:
    ids = [held.object_id for held in simulator.records]
    found: dict[str, set[object]] = defaultdict(set)
    for start in range(0, len(ids), crm.batch):
        for record in crm.read(ids[start : start + crm.batch]):
            for name, value in record.fields.items():
                found[name].add(value)
    return found


def exported(simulator: Simulator) -> dict[str, set[object]]:
    found: dict[str, set[object]] = defaultdict(set)
    for row in csv.DictReader(io.StringIO(history_csv(simulator, 400, 2.0))):
        for name, value in row.items():
            found[name].add(value)
    return found


def met_in(learned: Mapping[str, set[object]]) -> Met:
    return lambda column, value: value in learned.get(column, ())


def test_what_was_learned_from_an_export_is_read_from_a_record(
    simulator: Simulator, url: str
) -> None:
    learned, columns = exported(simulator), CHOICES[simulator.kind]
    read = values_of(simulator, connect(simulator, url, columns, met_in(learned)))
    for column in columns:
        assert len(read[column]) > 2 and read[column] <= learned[column], column


def test_what_was_learned_from_records_is_read_as_it_was(simulator: Simulator, url: str) -> None:
    columns = [name for name in CHOICES[simulator.kind] if not name.endswith("_id")]
    own = {
        held_name: {str(held.fields[held_name]) for held in simulator.records}
        for held_name in {name for held in simulator.records for name in held.fields}
    }
    keys = {column: column if column in own else key_of(simulator, column) for column in columns}
    learned: dict[str, set[object]] = {column: {*own[key]} for column, key in keys.items()}
    read = values_of(simulator, connect(simulator, url, columns, met_in(learned)))
    for column in columns:
        assert {str(value) for value in read[column]} == learned[column], column


def key_of(simulator: Simulator, column: str) -> str:
    return str(simulator.vendor.fields({column.lower(): ""}).popitem()[0])


def test_titles_that_are_labels_say_that_cells_are_where_nothing_was_met(
    simulator: Simulator, url: str
) -> None:
    title = LABELS[simulator.kind]
    read = values_of(simulator, connect(simulator, url, [title]))
    shown = exported(simulator)[CHOICES[simulator.kind][0]]
    assert len(read[title]) > 2 and read[title] <= shown


def test_a_rep_reads_what_the_crm_calls_a_column(simulator: Simulator, url: str) -> None:
    column = CHOICES[simulator.kind][0]
    crm = connect(simulator, url, [column])
    assert crm.labels() == {}
    values_of(simulator, crm)
    assert crm.labels()[column] == LABELS[simulator.kind]


SETTINGS = CrmSettings(kind="hubspot")
THERE = {"stage": Described("Stage", {"new": "Fresh", "old": "new", "x": ""})}


def test_of_a_value_and_its_label_the_one_that_was_met_is_read() -> None:
    learned = {"stage": {"Fresh", "old"}}
    made = naming({"stage": "stage"}, THERE, SETTINGS, met_in(learned))
    assert made.told({"stage": "new;old"}) == {"stage": "Fresh;old"}


def test_where_label_and_value_are_both_categories_the_column_decides() -> None:
    by_value = naming({"stage": "stage"}, THERE, SETTINGS, met_in({"stage": {"new", "old", "x"}}))
    assert by_value.told({"stage": "old"}) == {"stage": "old"}
    by_label = naming({"stage": "stage"}, THERE, SETTINGS, met_in({"stage": {"new", "Fresh"}}))
    assert by_label.told({"stage": "old"}) == {"stage": "new"}
    assert by_label.told({"stage": "x"}) == {"stage": "x"}, "an option without a label is itself"
