"""Choices that are many and rare are learned from by the words they share: titles, campaigns, products."""

from __future__ import annotations

from functools import cache

import numpy as np

from kits.core.stats import auroc
from kits.lead_scoring._features.encoder import Encoder
from kits.lead_scoring._features.spec import EncoderSpec, words_of_choices
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.additive import Design
from kits.lead_scoring._learning.encoding import Encoded, fit_encoder
from kits.lead_scoring._learning.rates import learn_rates
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._models.additive import Additive
from kits.lead_scoring._reasons.explainer import Explainer
from kits.lead_scoring.config import Config
from tests.lead_scoring.made_leads import a_table

RANKS = ("Head of", "Senior", "Junior", "Director", "Assistant", "Trainee", "Deputy", "Interim")
WORK = ("Purchasing", "Marketing", "Production", "Quality", "Sales", "Finance", "Logistics")


def spec_of(values: list[str]) -> EncoderSpec:
    """An encoder of one column of choices."""
    leads = [Lead(str(n), {"title": value}) for n, value in enumerate(values)]
    rows, won = np.arange(len(leads)), np.arange(len(leads)) % 2.0
    return fit_encoder(Sheet(leads), rows, won, {"title": "choice"}, 0).spec


@cache
def learned() -> tuple[Encoded, np.ndarray, list[str]]:
    """600 leads with 168 titles, won where they purchase."""
    rng = np.random.default_rng(3)
    titles = [
        f"{RANKS[a]} {WORK[b]} {('', 'North', 'South')[c]}".strip()
        for a, b, c in zip(*(rng.integers(n, size=600) for n in (len(RANKS), len(WORK), 3)))
    ]
    chance = np.where(["Purchasing" in title for title in titles], 0.7, 0.1)
    won = (rng.random(600) < chance).astype(np.float64)
    leads = [Lead(str(n), {"title": title}) for n, title in enumerate(titles)]
    return fit_encoder(Sheet(leads), np.arange(600), won, {"title": "choice"}, 0), won, titles


def test_a_title_that_nobody_had_is_known_by_its_words() -> None:
    encoded, won, _ = learned()
    (words,) = words_of_choices(encoded.spec).values()
    assert {"purchasing", "senior", "north"} <= set(words)
    made = Additive(Design(encoded.matrix, straight=True).fit(won, np.ones(600)))
    new = [Lead("1", {"title": "Purchasing Officer"}), Lead("2", {"title": "Quality Officer"})]
    bought, lost = made.margins(encoded.encoder.rows(new)).tolist()
    assert bought > lost + 1.5


def test_words_rank_leads_better_than_values_that_are_rare() -> None:
    encoded, won, titles = learned()
    rows = np.arange(600)
    without = encoded.spec.columns[0].model_copy(update={"words": ()})
    leads = [Lead(str(n), {"title": title}) for n, title in enumerate(titles)]
    aucs = []
    for spec in (encoded.spec, EncoderSpec(columns=(without,))):
        matrix = Encoder(spec).rows(leads)
        made = Additive(Design(matrix[:400], straight=True).fit(won[:400], np.ones(400), 10.0))
        aucs.append(auroc(made.margins(matrix[400:]), won[rows[400:]] > 0))
    assert aucs[0] > aucs[1] + 0.05


def test_one_lead_and_many_are_encoded_alike() -> None:
    encoded, _, titles = learned()
    leads = [Lead(str(n), {"title": title}) for n, title in enumerate(titles)]
    kept = [n for n, label in enumerate(encoded.encoder.labels) if not label.endswith("past rate")]
    assert np.array_equal(encoded.encoder.rows(leads)[:, kept], encoded.matrix[:, kept])


def test_names_of_people_are_no_words() -> None:
    names = [f"Anna Weber{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(300)]
    assert words_of_choices(spec_of([*names, *(["nobody at all"] * 100)])) == {}


def test_a_word_of_one_value_says_what_the_value_does() -> None:
    agents = [f"Agent{chr(97 + n)} Smith{chr(97 + n)}" for n in range(26)] * 30
    assert words_of_choices(spec_of(agents)) == {}


def test_few_values_and_values_of_one_word_have_no_words() -> None:
    few = [f"{rank} Purchasing" for rank in RANKS] * 50
    towns = [f"town{chr(97 + n % 26)}{chr(97 + n // 260)}" for n in range(600)]
    assert words_of_choices(spec_of(few)) == words_of_choices(spec_of(towns)) == {}


def test_of_a_rare_title_a_reason_tells_a_word() -> None:
    encoded, won, titles = learned()
    table = a_table([({"title": title}, float(w)) for title, w in zip(titles, won.tolist())])
    spec = learn_rates(table, ["title"], Config(), encoder=encoded.spec)
    (told,) = Explainer(spec).reasons(Lead("1", {"title": "Purchasing Officer"}), {"title": 1.0})
    bought = [w for title, w in zip(titles, won.tolist()) if "Purchasing" in title]
    assert told.text.startswith(
        f"Job title with purchasing: {np.mean(bought):.0%}".replace("%", " %")
    )
    (new,) = Explainer(spec).reasons(Lead("1", {"title": "Astronaut"}), {"title": 1.0})
    assert "Astronaut" in new.text


def test_a_code_is_known_by_its_parts_and_a_short_word_counts() -> None:
    codes = [f"VAL-{(11, 12, 20)[n % 3]}.{n:03}" for n in range(300)]
    (parts,) = words_of_choices(spec_of(codes)).values()
    assert set(parts) == {"11", "12", "20"}, "all have the first, and no two leads the last"
    titles = [
        f"{rank} {work}" for rank in ("Head of", "VP", "Junior") for work in ("IT", "HR", *WORK)
    ]
    (words,) = words_of_choices(spec_of(titles * 20)).values()
    assert {"vp", "it", "hr", "head"} <= set(words)


def test_who_signs_in_as_a_name_with_a_number_is_no_code() -> None:
    assert words_of_choices(spec_of([f"weber.anna{n}" for n in range(300)])) == {}


def test_a_year_says_when_and_not_what() -> None:
    campaigns = [
        f"{2020 + n % 5}_{('pumps', 'valves', 'seals')[n % 3]}_{n // 15 % 2}0" for n in range(600)
    ]
    (words,) = words_of_choices(spec_of(campaigns)).values()
    assert {"pumps", "valves", "seals", "10"} <= set(words) and not any(
        "202" in one for one in words
    )
