"""What was counted of another table's rows is called by words of the language, in reasons as in what a rep reads of them."""

from __future__ import annotations

import pytest

from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.rates import learn_rates
from kits.lead_scoring._learning.words import languages, load_words
from kits.lead_scoring._reasons.explainer import Explainer
from kits.lead_scoring._reasons.naming import COUNT, IN_ALL, KINDS, LABEL, LAST, LATEST, figure_of
from kits.lead_scoring._reasons.spec import ReasonsSpec
from kits.lead_scoring.config import Config
from tests.lead_scoring.made_leads import a_table

FIGURES = (COUNT, LAST, KINDS, f"Betrag {IN_ALL}", f"Betrag {LATEST}")
ENGLISH = {"count", "days", "since", "last", "kinds", "latest", "all"}


@pytest.mark.parametrize("language", [one for one in languages() if one != "en"])
@pytest.mark.parametrize("figure", FIGURES)
def test_each_language_has_words_for_each_figure(language: str, figure: str) -> None:
    name = f"Käufe: {figure}"
    label = load_words(language, None).of(name, [name]).label
    assert label.startswith("Käufe") and not set(label.split()) & ENGLISH
    assert ("Betrag" in label) == ("Betrag" in figure)


@pytest.mark.parametrize("figure", FIGURES)
def test_in_english_they_are_called_as_their_columns_are(figure: str) -> None:
    name = f"purchases: {figure}"
    assert load_words("en", None).of(name, [name]).label == name


def test_a_reason_of_a_german_firm_is_german_throughout() -> None:
    name = "Aktivitäten: days since last"
    rows = [({name: float(n % 40)}, float(n % 40 < 10 and n % 3 == 0)) for n in range(800)]
    spec: ReasonsSpec = learn_rates(a_table(rows), [name], Config(language="de"))
    (line,) = Explainer(spec).reasons(Lead("1", {name: 3.0}), {name: 1.0})
    assert line.text.startswith("Aktivitäten: Tage seit dem letzten Mal ")


@pytest.mark.parametrize("name", ["count", "visits: call", ": count", "in all", "visits: in all", "x: {0.a} in all"])  # fmt: skip
def test_a_column_that_is_only_called_alike_stays_as_it_is(name: str) -> None:
    label = load_words("de", None).of(name, [name]).label
    assert label == (name if figure_of(name)[0] == "" else "x: {0.a} insgesamt")


def test_long_names_stay_within_a_label() -> None:
    name = f"{'a very long name of a table of events ' * 3}: {LAST}"
    for language in languages():
        assert len(load_words(language, None).of(name, [name]).label) <= LABEL


def test_an_abbreviation_keeps_its_dot() -> None:
    assert load_words("de", None).of("Mitarb.", ["Mitarb."]).label == "Mitarb."
