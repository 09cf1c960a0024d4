"""Reasons: one true line each, in the firm's words, never of columns that may not be named."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.errors import ConfigError
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.rates import learn_rates
from kits.lead_scoring._learning.words import (
    SITUATIONS,
    languages,
    load_words,
    unheeded,
)
from kits.lead_scoring._reasons.explainer import FEW, LONGEST, Explainer
from kits.lead_scoring._reasons.naming import readable
from kits.lead_scoring._reasons.situation import filled, slots_in
from kits.lead_scoring._reasons.spec import SUBJECTS, Wording
from kits.lead_scoring.config import ColumnsConfig, Config
from tests.lead_scoring.made_leads import DAY_S, a_table, repeated


def _explainer(rows, columns, config=None):
    return Explainer(learn_rates(a_table(rows), columns, config or Config()))


DEMO = [*repeated({"demo_requested": "yes"}, 31, 69), *repeated({"demo_requested": "no"}, 8, 242)]


def test_the_share_is_the_real_one_beside_the_average():
    explainer = _explainer(DEMO, ["demo_requested"])

    (reason,) = explainer.reasons(Lead("1", {"demo_requested": True}), {"demo_requested": 1.2})

    assert reason.text == "Demo requested: yes: 31 % of such leads buy, average 11 %"
    assert (reason.weight, reason.field, reason.value) == (1.2, "demo_requested", True)


def test_the_firms_own_words_replace_column_and_value(tmp_path):
    file = tmp_path / "phrases.yaml"
    file.write_text("columns: {demo_requested: {values: {yes: asked for a demo}}}")
    explainer = _explainer(DEMO, ["demo_requested"], Config(phrases=str(file)))

    (reason,) = explainer.reasons(Lead("1", {"demo_requested": "yes"}), {"demo_requested": 1.2})

    assert reason.text == "Asked for a demo: 31 % of such leads buy, average 11 %"


def test_reasons_are_told_in_german():
    explainer = _explainer(DEMO, ["demo_requested"], Config(language="de"))

    (reason,) = explainer.reasons(Lead("1", {"demo_requested": "no"}), {"demo_requested": -0.4})

    assert reason.text == "Demo requested: nein: 3 % solcher Leads kaufen, im Schnitt 11 %"


def test_every_language_has_the_same_situations_and_lines():
    wordings = [load_words(language, None).wording for language in languages()]

    assert len(wordings) >= 2
    assert (
        {frozenset(w.subjects) for w in wordings}
        == {frozenset(SUBJECTS)}
        == {frozenset(SITUATIONS)}
    )
    assert len({frozenset(w.lines) for w in wordings}) == 1


@pytest.mark.parametrize("language", languages())
def test_every_line_of_every_language_names_what_it_is_given_and_leaves_room(language):
    wording = load_words(language, None).wording
    numbers = {"share": "0.4 %", "base": "11 %", "won": "49", "n": "49"}

    for name, line in wording.lines.items():
        known = {"subject", *numbers, "label", "before", "after", "low", "high"}
        assert slots_in(line) <= known, name
        if name not in ("change", "ask"):
            assert LONGEST - len(filled(line, {**numbers, "subject": ""})) >= 20, name
    for name, subject in wording.subjects.items():
        assert slots_in(subject) <= SITUATIONS[name], name


def test_words_that_lack_a_line_are_refused_before_a_lead_needs_it():
    whole = load_words("en", None).wording
    lines = {name: line for name, line in whole.lines.items() if name != "few"}

    with pytest.raises(ValueError, match="no words for few"):
        Wording.model_validate({**whole.model_dump(), "lines": lines})


def test_few_such_leads_are_counted_out():
    rows = [*repeated({"source": "fair"}, 3, 5), *repeated({"source": "web"}, 10, 90)]
    explainer = _explainer(rows, ["source"])

    (reason,) = explainer.reasons(Lead("1", {"source": "fair"}), {"source": 0.8})

    assert reason.text == "Source: fair: 3 of 8 such leads bought, average 12 %"


@pytest.mark.parametrize(
    ("choice", "weight", "says"),
    [
        ("yes", -0.5, "alone 31 % (average 11 %), with the rest speaks against it"),
        ("no", 0.5, "alone 3 % (average 11 %), with the rest speaks for it"),
    ],
)
def test_a_share_that_contradicts_the_weight_is_told_as_such(choice, weight, says):
    explainer = _explainer(DEMO, ["demo_requested"])

    (reason,) = explainer.reasons(Lead("1", {"demo_requested": choice}), {"demo_requested": weight})

    assert says in reason.text


def test_a_share_that_reads_like_the_average_is_no_reason_by_itself():
    rows = [*repeated({"city": "A"}, 114, 886), *repeated({"city": "B"}, 110, 890)]
    explainer = _explainer(rows, ["city"])

    (reason,) = explainer.reasons(Lead("1", {"city": "A"}), {"city": 0.6})

    assert reason.text == "City: A: alone average (11 %), with the rest speaks for it"


def test_a_value_never_met_is_told_as_new():
    explainer = _explainer(DEMO, ["demo_requested"])

    (reason,) = explainer.reasons(Lead("1", {"demo_requested": "maybe"}), {"demo_requested": -0.3})

    assert (
        reason.text
        == "Demo requested: maybe is new: no such lead so far, with the rest speaks against it"
    )


def test_what_is_not_given_is_a_reason_too():
    rows = [*repeated({"phone": "+49 1"}, 40, 60), *repeated({"phone": None}, 5, 95)]
    explainer = _explainer(rows, ["phone"])

    absent, unknown = (
        explainer.reasons(Lead("1", fields), {"phone": -0.9})[0]
        for fields in ({}, {"phone": "unknown"})
    )

    assert absent.text == "No phone number given: 5 % of such leads buy, average 22 %"
    assert unknown.text == absent.text


def test_numbers_are_told_by_bins_whose_share_is_theirs():
    rows = [({"minutes": float(n % 100)}, float(n % 100 > 79)) for n in range(1000)]
    spec = learn_rates(a_table(rows), ["minutes"], Config())

    high, low = (
        Explainer(spec).reasons(Lead("1", {"minutes": value}), {"minutes": weight})[0]
        for value, weight in ((97.0, 2.0), (3.0, -2.0))
    )

    assert high.text == "Minutes over 80: 100 % of such leads buy, average 20 %"
    assert low.text == "Minutes up to 20: 0 % of such leads buy, average 20 %"
    column = spec.columns["minutes"]
    inside = [won for fields, won in rows if fields["minutes"] > column.cuts[-1]]
    assert (column.bins[-1].n, column.bins[-1].won) == (len(inside), sum(inside))


def test_a_number_that_is_nearly_always_the_same_is_told_apart_from_the_others():
    rows = [({"days_since": 999.0 if n % 20 else float(n % 9)}, n % 20 == 0) for n in range(1200)]
    explainer = _explainer(rows, ["days_since"])

    seldom, mostly = (
        explainer.reasons(Lead("1", {"days_since": value}), {"days_since": weight})[0].text
        for value, weight in ((3.0, 1.0), (999.0, -1.0))
    )

    assert seldom == "Days since up to 8: 100 % of such leads buy, average 5 %"
    assert mostly == "Days since: 999: 0 % of such leads buy, average 5 %"


def test_numbers_are_shown_in_the_firms_unit(tmp_path):
    file = tmp_path / "phrases.yaml"
    file.write_text(
        "columns: {seconds: {label: time on the website, unit: minutes, divide_by: 60}}"
    )
    rows = [({"seconds": 6.0 * (n % 200)}, float(n % 200 > 150)) for n in range(2000)]
    explainer = _explainer(rows, ["seconds"], Config(phrases=str(file)))

    (reason,) = explainer.reasons(Lead("1", {"seconds": 1190.0}), {"seconds": 1.0})

    assert reason.text.startswith("Time on the website over 16 minutes: ")


def test_days_are_told_from_the_decision_back():
    rows = [({"last_visit": f"2025-01-{1 + n % 9:02}"}, float(n % 9 > 6)) for n in range(9, 300)]
    table = a_table(rows, step_s=DAY_S / 300)
    spec = learn_rates(table, ["last_visit"], Config())

    (reason,) = Explainer(spec).reasons(table.leads[8], {"last_visit": 0.5})

    assert spec.columns["last_visit"].kind == "days"
    assert "Last visit" in reason.text and "days" in reason.text


def test_of_several_choices_at_once_the_one_is_told_that_speaks_so_most():
    rows = [
        *repeated({"interests": "Pricing;News"}, 40, 60),
        *repeated({"interests": "News"}, 10, 190),
        *repeated({"interests": "Jobs;News"}, 0, 100),
    ]
    explainer = _explainer(rows, ["interests"])
    lead = Lead("1", {"interests": "news;pricing;unheard of"})

    speaks_for, against = (
        explainer.reasons(lead, {"interests": weight})[0].text for weight in (0.9, -0.9)
    )

    assert speaks_for == "Interests with Pricing: 40 % of such leads buy, average 12 %"
    assert against == "Interests with News: alone average (12 %), with the rest speaks against it"


def test_a_bundle_names_no_choice_of_a_handful_of_leads():
    rows = [*repeated({"company": "Acme"}, 1, 2), *repeated({"company": "Other"}, 40, 60)]
    spec = learn_rates(a_table(rows), ["company"], Config())

    (reason,) = Explainer(spec).reasons(Lead("1", {"company": "Acme"}), {"company": 0.4})

    assert "acme" not in spec.model_dump_json().casefold()
    assert reason.text.startswith("Company: Acme is rare: alone 1 of 3")


def test_protected_columns_and_proxies_are_never_named():
    rows = [({"age": float(n % 50), "zip": str(n % 3), "source": "web"}, n % 2) for n in range(200)]
    config = Config(columns=ColumnsConfig(protected=("age",)))
    spec = learn_rates(a_table(rows), ["age", "zip", "source"], config, unnamed=["zip"])

    reasons = Explainer(spec).reasons(
        Lead("1", {"age": 30.0, "zip": "1", "source": "web"}),
        {"age": 3.0, "zip": 2.0, "source": 0.1, "court": 9.0},
    )

    assert [reason.field for reason in reasons] == ["source"]


def test_the_strongest_come_first_and_what_weighs_nothing_is_left_out():
    rows = [({"a": str(n % 2), "b": str(n % 3), "c": "x"}, n % 2) for n in range(120)]
    explainer = _explainer(rows, ["a", "b", "c"])

    reasons = explainer.reasons(
        Lead("1", {"a": "1", "b": "1", "c": "x"}), {"a": 0.2, "b": -0.7, "c": 0.001}
    )

    assert [reason.field for reason in reasons] == ["b", "a"]


def test_what_speaks_by_itself_is_told_before_what_speaks_with_the_rest_alone():
    rows = [
        *repeated({"demo": "yes", "size": "small", "city": "A"}, 30, 70),
        *repeated({"demo": "no", "size": "large", "city": "B"}, 10, 190),
    ]
    explainer = _explainer(rows, ["demo", "size", "city"])
    # large ones buy less often: what speaks for this one is size with the rest
    lead = Lead("1", {"demo": "yes", "size": "large", "city": "A"})

    close = explainer.reasons(lead, {"demo": 0.6, "size": 0.8}, limit=1)
    far = explainer.reasons(lead, {"demo": 0.6, "size": 1.8}, limit=1)
    both = explainer.reasons(lead, {"demo": 0.6, "size": 0.8}, limit=2)

    assert [reason.field for reason in close] == ["demo"]
    assert [reason.field for reason in far] == ["size"]
    assert [reason.field for reason in both] == ["size", "demo"]


def test_a_long_name_is_cut_and_its_numbers_stay():
    name = "Total time that was spent on all of our websites together so far"
    rows = [({name: float(n % 1000)}, float(n % 1000 > 700)) for n in range(3000)]

    (reason,) = _explainer(rows, [name]).reasons(Lead("1", {name: 300.0}), {name: 0.9})

    assert len(reason.text) <= LONGEST
    assert " 200 to 400: alone 0 % (average 30 %)" in reason.text.replace("… ", " ")


def test_every_reason_fits_on_one_line_whatever_the_lead_says():
    rows = [({"source": "x" * 300 if n % 2 else "y"}, n % 2) for n in range(200)]
    explainer = _explainer(rows, ["source"])
    hostile = "\x1b[31m\u202eevil\n" + "w" * 4000

    for value in ("x" * 300, hostile):
        (reason,) = explainer.reasons(Lead("1", {"source": value}), {"source": 1.0})
        assert len(reason.text) <= LONGEST
        assert reason.text.isprintable()


def test_what_a_reason_states_is_what_became_of_all_leads_it_is_said_of():
    rng = np.random.default_rng(5)
    rows = []
    for _ in range(1500):
        source = str(
            rng.choice(["Web", "Fair", "Call", "Referral", ""], p=[0.5, 0.2, 0.2, 0.02, 0.08])
        )
        minutes = None if rng.random() < 0.1 else float(np.round(rng.gamma(2, 8), 1))
        visits = float(rng.choice([0, 0, 0, 1, 2, 3, 7, 30]))
        chance = 0.1 + 0.2 * (source == "Fair") + 0.01 * (minutes or 0)
        fields = {
            "source": source,
            "minutes": minutes,
            "visits": visits,
            "asked": bool(rng.random() < 0.3),
        }
        rows.append((fields, float(rng.random() < chance)))
    columns = ["source", "minutes", "visits", "asked"]
    table = a_table(rows)
    explainer = Explainer(learn_rates(table, columns, Config()))

    said: dict[str, list[tuple[str, float]]] = {}
    for lead, won in zip(table.leads, table.won):
        for column in columns:
            subject, _, line = explainer.reasons(lead, {column: 9.0})[0].text.rpartition(": ")
            said.setdefault(subject, []).append((line, won))

    assert len(said) > 15
    for subject, lines in said.items():
        assert len({line for line, _ in lines}) == 1, subject
        won, n, line = sum(w for _, w in lines), len(lines), lines[0][0]
        if n < FEW:
            assert f"{won:.0f} of {n}" in line, subject
        elif not line.startswith("alone average"):
            assert f"{100 * won / n:.0f} %" in line, subject


def test_leads_without_an_outcome_are_not_counted():
    rows = [*repeated({"source": "web"}, 5, 5), *[({"source": "web"}, float("nan"))] * 40]
    spec = learn_rates(a_table(rows), ["source"], Config())

    assert (spec.base.n, spec.base.won) == (10, 5)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("LeadSource2", "lead source2"), ("hs_num_visits", "num visits"), ("Region__c", "region"),
        ("x_studio_last_form", "last form"), ("x_size", "size"), ("custom_129", "custom 129"),
        ("Total Time Spent", "Total Time Spent"), ("emp.var.rate", "emp var rate"), ("utm_CPC", "utm CPC"),
    ],
)  # fmt: skip
def test_names_of_columns_are_made_readable(name, said):
    assert readable(name) == said


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("columns: {a: {lable: b}}", "did you mean 'label'"),
        ("columns: {a: {templates: {ower: x}}}", "did you mean 'over'"),
        ("columns: {a: {templates: {over: '{label.__class__} {hihg}'}}}", "label, low"),
        ("colums: {}", "did you mean 'columns'"),
        ("columns: ['a'\nb", ""),
        ("\xe9", "words-of-reasons"),
    ],
)
def test_a_wrong_file_of_phrases_says_what_to_do(tmp_path, text, fix):
    file = tmp_path / "phrases.yaml"
    file.write_bytes(text.encode("latin-1"))

    with pytest.raises(ConfigError) as told:
        load_words("en", file)

    assert fix in told.value.fix
    assert str(file) in told.value.where


def test_words_for_a_column_that_no_lead_has_are_told(tmp_path):
    file = tmp_path / "phrases.yaml"
    file.write_text("columns: {demo_requestd: {label: demo}, role: {label: role}, zzz: {label: z}}")

    one, two = unheeded(load_words("en", file), ["demo_requested", "role"])

    assert "'demo_requestd', which no lead has: did you mean 'demo_requested'" in one
    assert two.endswith("speaks of 'zzz', which no lead has")


def test_a_language_without_words_is_refused():
    with pytest.raises(ConfigError, match="no words in 'dee'"):
        load_words("dee", None)
