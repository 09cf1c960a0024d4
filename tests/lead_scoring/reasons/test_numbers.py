"""Reasons about numbers: which end of a bin counts, in every language."""

from __future__ import annotations

import re

import pytest

from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.rates import learn_rates
from kits.lead_scoring._learning.words import languages, load_words
from kits.lead_scoring._reasons.explainer import Explainer
from kits.lead_scoring.config import Config
from tests.lead_scoring.made_leads import a_table


def test_who_counts_again_by_the_words_of_a_bin_finds_its_share():
    """Whole numbers: one at the lower end belongs to the bin below."""
    sizes = [n % 60 for n in range(3000)]
    won = [float(size > 30 or size % 20 == 0) for size in sizes]
    rows = [({"employees": float(size)}, one) for size, one in zip(sizes, won)]
    explainer = Explainer(learn_rates(a_table(rows), ["employees"], Config()))
    seen = 0

    for size in range(60):
        (reason,) = explainer.reasons(Lead("1", {"employees": float(size)}), {"employees": 0.5})
        told = re.search(r"over (\d+) to (\d+): (?:alone )?(\d+) %", reason.text)
        if told is None:
            continue
        low, high, share = (int(one) for one in told.groups())
        mine = [one for value, one in zip(sizes, won) if low < value <= high]
        assert share == round(100 * sum(mine) / len(mine))
        assert low < size <= high
        seen += 1

    assert seen


@pytest.mark.parametrize(
    ("name", "first", "parted"),
    [
        ("Year built", 1950, False),
        ("Mailing_Postal_Code", 80_000, False),
        ("PLZ", 80_000, False),
        ("zip", 80_000, False),
        ("Zipper price", 80_000, True),
        ("employees", 1_200, True),
    ],
)
def test_years_and_postal_codes_have_no_sign_between_thousands(
    name: str, first: int, parted: bool
) -> None:
    rows = [({name: float(first + n % 100)}, float(n % 3 == 0)) for n in range(1_000)]
    explainer = Explainer(learn_rates(a_table(rows), [name], Config()))
    texts = [
        explainer.reasons(Lead("1", {name: float(first + n)}), {name: 0.5})[0].text
        for n in range(0, 100, 10)
    ]
    said = {word for text in texts for word in re.findall(r"\b\d[\d,]{3,}\b", text)}
    assert said and all(("," in word) == parted for word in said)


def test_no_language_counts_the_lower_end_of_a_bin_in():
    for language in languages():
        subjects = load_words(language, None).wording.subjects
        over = subjects["over"].removeprefix("{label} ").removesuffix("{low}").split()[-1]
        assert over in subjects["between"] or "plus" in subjects["between"], language
