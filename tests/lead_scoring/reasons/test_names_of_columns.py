"""Columns are called in reasons as the CRM calls them, unless the firm said otherwise; known values are told apart from new ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cloud_sync.crm.client.labels import Described, naming
from cloud_sync.crm.connection.settings import CrmSettings
from kits.core.runtime import Asks, Knows, Speaks
from kits.lead_scoring._features.encoder import Encoder, digest_of_choice
from kits.lead_scoring._features.spec import (
    ChoiceColumn,
    EncoderSpec,
    ManyColumn,
    NumberColumn,
    TruthColumn,
)
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.rates import learn_rates
from kits.lead_scoring._reasons.explainer import LONGEST, Explainer
from kits.lead_scoring._reasons.naming import LABEL, called
from kits.lead_scoring._stand_ins import GIVEN
from kits.lead_scoring.config import Config
from tests.lead_scoring.made_leads import a_table, repeated
from tests.lead_scoring.trained_leads import runtime_of

KEY = "dcf558aac1ae4e8c4f849ba5e668430d8df9be12"
NAMES = {
    "hs_buying_team": "Buying team", "Region_Code__c": "Sales region",
    "x_studio_segment": "Segment", "new_segment": "Customer segment", KEY: "Channel",
}  # fmt: skip
"""As HubSpot, Salesforce, Odoo, Dynamics and Pipedrive name a field, and as they show it."""


def said(name: str, labels: dict[str, str], config: Config | None = None) -> str:
    rows = [*repeated({name: "Web"}, 60, 40), *repeated({name: "Fair"}, 10, 90)]
    spec = called(learn_rates(a_table(rows), [name], config or Config()), labels)
    (reason,) = Explainer(spec).reasons(Lead("1", {name: "Web"}), {name: 1.2})
    return reason.text


@pytest.mark.parametrize("name", NAMES)
def test_a_column_is_called_as_its_crm_shows_it(name: str) -> None:
    assert said(name, NAMES).startswith(f"{NAMES[name]}: Web: 60 %")


@pytest.mark.parametrize(
    ("name", "language", "label"),
    [("Branche_16", "de", "Branche (16)"), ("Industry_7", "de", "Branche (7)"), ("LeadTopic_3", "en", "Lead topic (3)")],
)  # fmt: skip
def test_the_second_column_of_a_title_is_called_by_it_with_its_place(
    name: str, language: str, label: str
) -> None:
    title = name.rpartition("_")[0]
    first, second = {title: "A", name: "Web"}, {title: "B", name: "Fair"}
    table = a_table([*repeated(first, 60, 40), *repeated(second, 10, 90)])
    spec = learn_rates(table, [name], Config(language=language))
    (reason,) = Explainer(spec).reasons(Lead("1", {name: "Web"}), {name: 1.2})
    assert reason.text.startswith(f"{label}: Web")


def test_what_a_crm_shows_is_stronger_than_a_title_and_its_place() -> None:
    rows = [*repeated({"topic": "A", "topic_2": "Web"}, 60, 40), *repeated({"topic_2": "B"}, 1, 9)]
    spec = called(learn_rates(a_table(rows), ["topic_2"], Config()), {"topic_2": "Wish"})
    assert spec.columns["topic_2"].label == "Wish"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Formulario de interés (respuestas) 1.¿Cuándo quiere empezar?", "¿Cuándo quiere empezar?: Web"),
        ("Formulario de interés (respuestas) 1.Factura n.º", "Factura n.º: Web"),
        ("Formulario de interés (respuestas) 1.Cargo", "Formulario de interés"),
        ("people-12345-78.Persoon - Functie", "Functie: Web"),
        ("N.º de empleados", "N.º de empleados: Web"),
        ("form.need", "Form need: Web"),
        ("respuestas del formulario de interés y de la newsletter de junio: Visita", "Respuestas del formulario de in…: Visita: Web"),
    ],
)  # fmt: skip
def test_a_joined_column_is_called_by_its_own_name_where_its_tables_is_long(
    name: str, label: str
) -> None:
    beside = {
        "Formulario de interés (respuestas) 1.Sector": "a", "N.º de sedes": "b", "otra tabla larga.Cargo": "c",
        "otra tabla larga.Zona": "d", "people-12345-78.Persoon - Afdeling": "e",
    }  # fmt: skip
    rows = [*repeated({name: "Web", **beside}, 60, 40), *repeated({name: "Fair", **beside}, 1, 9)]
    spec = learn_rates(a_table(rows), [name], Config())
    (reason,) = Explainer(spec).reasons(Lead("1", {name: "Web"}), {name: 1.2})
    assert reason.text.startswith(label)


def test_a_number_in_a_name_that_stands_alone_is_part_of_it() -> None:
    assert said("answer_2", {}).startswith("Answer 2: Web")


def test_the_firms_own_words_are_stronger_than_the_crms(tmp_path: Path) -> None:
    file = tmp_path / "phrases.yaml"
    file.write_text("columns: {new_segment: {label: kind of customer}}")
    assert said("new_segment", NAMES, Config(phrases=str(file))).startswith("Kind of customer: Web")


def test_a_label_from_a_crm_can_neither_steer_a_terminal_nor_fill_a_line() -> None:
    text = said("new_segment", {"new_segment": "\x1b[2J\u202eSeg\nment " + "x" * 500})
    assert "\x1b" not in text and "\u202e" not in text and "\n" not in text
    assert len(text) <= LONGEST and LABEL < LONGEST


def test_a_bundle_says_which_values_it_met() -> None:
    columns = (
        ChoiceColumn(name="source", values=("web", "trade fair"), rare=(digest_of_choice("radio"),)),
        ManyColumn(name="wants", values=("advice",)), TruthColumn(name="vip"), NumberColumn(name="size"),
    )  # fmt: skip
    met = Encoder(EncoderSpec(columns=columns)).has_met
    assert (
        met("source", " Trade  Fair") and met("source", "Radio") and not met("source", "TRADE_FAIR")
    )
    assert met("wants", "Advice") and not met("wants", "a")
    assert met("vip", "Ja") and not met("vip", "Gold")
    assert not met("size", "12") and not met("nothing", "web") and not met("source", "")


@pytest.mark.slow
def test_who_is_not_scored_is_read_from_the_value_where_its_label_is_no_yes() -> None:
    runtime = runtime_of(2_400)
    runtime = replace(runtime, spec=runtime.spec.model_copy(update={"opt_out": ("hs_optout",)}))
    there = {"hs_optout": Described("Newsletter", {"true": "Unsubscribed", "false": "Subscribed"})}
    settings = CrmSettings(kind="hubspot")
    named = naming({"hs_optout": "hs_optout"}, there, settings, runtime.has_met, labels_first=True)
    told = named.told({"hs_optout": "true"})
    assert told == {"hs_optout": "true"} and runtime.opted_out(Lead("1", dict(told)))


def test_the_runtime_tells_and_speaks_without_another_score() -> None:
    runtime = runtime_of(2_400)
    assert isinstance(runtime, Asks) and isinstance(runtime, Knows) and isinstance(runtime, Speaks)
    column = next(c for c in runtime.spec.encoder.columns if isinstance(c, ChoiceColumn))
    assert runtime.has_met(column.name, column.values[-1])
    lead = {"id": "1", "fields": {column.name: column.values[-1]}, "at": None}
    plain, spoken = (one.predict([lead])[0] for one in (runtime, runtime.speaking({column.name: "A B"})))  # fmt: skip
    assert (plain.score, plain.details) == (spoken.score, spoken.details)


@pytest.mark.parametrize(
    ("name", "language", "label"),
    [
        ("Produktinteresse", "de", "Produktinteresse"),
        ("Anzahl_Filialen", "de", "Anzahl Filialen"),
        ("budget_genannt", "de", "budget genannt"),
        ("LeadSource", "en", "lead source"),
    ],
)
def test_german_nouns_keep_their_capital_within_a_sentence(
    name: str, language: str, label: str
) -> None:
    """A hint said `nach produktinteresse fragen`. What a CRM calls the column still takes the place of the made word."""
    config = Config(language=language)
    table = a_table([*repeated({name: "A"}, 60, 40), *repeated({name: "B"}, 10, 90)])
    spec = learn_rates(table, [name], config)
    assert spec.columns[name].label == label
    assert called(spec, {name: "Was gewünscht ist"}).columns[name].label == "Was gewünscht ist"


@pytest.mark.parametrize(
    ("column", "language", "labels", "left", "not_left"),
    [
        ("Phone", "en", {}, "Phone number is given: 60 %", "No phone number given: 10 %"),
        ("Phone", "de", {}, "Telefonnummer ist bekannt: 60 %", "Telefonnummer: keine Angabe: 10 %"),
        ("tel_2__c", "en", {"tel_2__c": "Switchboard"}, "Switchboard is given: 60 %", "No Switchboard given: 10 %"),
    ],
)  # fmt: skip
def test_a_number_that_was_left_is_called_as_its_column(
    column: str, language: str, labels: dict[str, str], left: str, not_left: str
) -> None:
    name = f"{column}{GIVEN}"
    rows = [*repeated({name: True}, 60, 40), *repeated({name: False}, 10, 90)]
    spec = called(learn_rates(a_table(rows), [name], Config(language=language)), labels)
    for given, weight, words in ((True, 1.2, left), (False, -1.2, not_left)):
        (reason,) = Explainer(spec).reasons(Lead("1", {name: given}), {name: weight})
        assert reason.text.startswith(words)
