"""Several choices in a cell that commas join, as forms write them, and commas that belong to what they stand in."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from kits.core.annotation import Annotation
from kits.core.dataset import DatasetItem
from kits.core.sample import Sample
from kits.lead_scoring._features.encoder import Encoder
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.encoding import encode, fit_encoder
from kits.lead_scoring._learning.kinds import kinds_of
from kits.lead_scoring._learning.rates import learn_rates
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._reasons.situation import situation_of
from kits.lead_scoring._table import LeadTable, table_of
from kits.lead_scoring.config import ColumnsConfig, Config
from tests.lead_scoring.checked_leads import START

WISHES = ("Demo", "Newsletter", "Pricing", "Support", "API access", "Training")
PLACES = ("Paris, France", "Lyon, France", "Berlin, Germany", "Bonn, Germany", "Rome, Italy", "Pisa, Italy")  # fmt: skip
ROLES, PARTS = ("Head", "Manager", "Assistant"), ("Sales", "Marketing", "IT")
Cell = Callable[[random.Random, int], str]


def kind(cell: Cell, leads: int = 400) -> str:
    """What a column of such cells holds."""
    rng = random.Random(3)
    made = [Lead(str(n), {"it": cell(rng, n)}) for n in range(leads)]
    return kinds_of(Sheet(made), np.arange(leads), ("it",), ColumnsConfig())["it"]


def some(rng: random.Random, of: Sequence[str], share: float = 0.4) -> list[str]:
    """Some of the choices in their order, at least one."""
    return [one for one in of if rng.random() < share] or [rng.choice(of)]


@pytest.mark.parametrize(
    "cell",
    [
        lambda rng, n: ", ".join(some(rng, WISHES)),
        lambda rng, n: ",".join(some(rng, WISHES)),
        lambda rng, n: "\n".join(some(rng, WISHES)),
        lambda rng, n: " | ".join(some(rng, WISHES)),
        lambda rng, n: ", ".join(some(rng, WISHES[:3])),
        lambda rng, n: ", ".join(some(rng, WISHES, 0.6)),
        lambda rng, n: ", ".join(rng.sample(WISHES, 2)) if n % 5 == 0 else rng.choice(WISHES),
        lambda rng, n: ", ".join([*some(rng, WISHES), *([f"Other {n}"] if n % 9 == 0 else [])]),
        lambda rng, n: ", ".join(some(rng, ("1,5 mm", "2,5 mm", "4 mm", "6 mm"))),
        lambda rng, n: ", ".join(some(rng, WISHES)) if n % 4 else "None of these",
        lambda rng, n: " / ".join(some(rng, WISHES)),
        lambda rng, n: "/".join(some(rng, WISHES)),
        lambda rng, n: "+".join(some(rng, WISHES)),
        lambda rng, n: " + ".join(some(rng, ("1/2 mm", "3/4 mm", "1 mm", "2 mm"))),
    ],
)  # fmt: skip
def test_choices_in_many_combinations_are_several(cell: Cell) -> None:
    assert kind(cell) == "many"


@pytest.mark.parametrize(
    "cell",
    [
        lambda rng, n: rng.choice(PLACES),
        lambda rng, n: rng.choice((*PLACES, "France", "Germany", "Italy")),
        lambda rng, n: rng.choice((*PLACES, *", ".join(PLACES).split(", "))),
        lambda rng, n: f"{rng.choice(('Smith', 'Miller', 'Jones'))}, {rng.choice(('John', 'Ann', 'Eva'))}",
        lambda rng, n: f"{rng.choice(ROLES)}, {rng.choice(PARTS)}",
        lambda rng, n: rng.choice(("Yes, at once", "Yes, later", "No", "No, never")),
        lambda rng, n: rng.choice(("Food, beverages and tobacco", "Paper, print", "Metal", "Machines, vehicles")),
        lambda rng, n: f"{rng.choice(('M6', 'M8', 'M10'))}, {rng.choice(('20 mm', '30 mm', '40 mm'))}",
        lambda rng, n: f"{rng.choice(('google', 'bing', 'news'))} / {rng.choice(('cpc', 'organic', 'email'))}",
        lambda rng, n: rng.choice(("R/D", "Sales/Marketing", "IT", "Production/Logistics", "m/f/d", "N/S")),
        lambda rng, n: f"https://acme.example/{rng.choice(('en', 'de', 'fr'))}/{rng.choice(('price', 'demo', 'blog'))}",
        lambda rng, n: f"{rng.choice(('/en', '/de', '/fr'))}/{rng.choice(('price', 'demo', 'blog'))}/{rng.choice('ab')}",
    ],
)  # fmt: skip
def test_a_comma_within_a_value_parts_nothing(cell: Cell) -> None:
    assert kind(cell) == "choice"


def test_texts_and_numbers_with_commas_stay_what_they_are() -> None:
    words = ("please", "call", "us", "price", "soon", "order", "drill")
    assert kind(lambda rng, n: f"{' '.join(rng.choices(words, k=4))}, {rng.choice(words)} {n}") == "text"  # fmt: skip
    assert kind(lambda rng, n: f"{rng.randrange(9)},{rng.randrange(10)}") == "number"


def table(leads: Sequence[Lead], won: Sequence[bool]) -> LeadTable:
    """Leads with their outcomes."""
    return table_of([
        (float(n), lead.id, item(lead, bought), lead, float(bought))
        for n, (lead, bought) in enumerate(zip(leads, won))
    ])  # fmt: skip


def item(lead: Lead, won: bool) -> DatasetItem:
    sample = Sample(lead.id, "application/json", "0" * 64, 1, START, "a.csv")
    return DatasetItem(sample, Annotation(label="won" if won else "lost"), "train")


@pytest.mark.parametrize(
    ("joint", "sent", "asked"),
    [
        # a program sends a list, which is joined by semicolons
        (", ", ("Pricing, Demo", "Pricing;Demo", "Pricing"), "Demo, Pricing"),
        (" / ", ("Pricing / Demo", "Pricing/Demo", "Pricing"), "Demo/Pricing"),
    ],
)
def test_a_choice_among_several_is_learned_and_told_whatever_stands_beside_it(
    joint: str, sent: tuple[str, ...], asked: str
) -> None:
    rng = random.Random(5)
    leads = [Lead(f"n{n}", {"wish": joint.join(some(rng, WISHES))}) for n in range(600)]
    won = ["Pricing" in str(lead.fields["wish"]) for lead in leads]
    rows, sheet = np.arange(len(leads)), Sheet(leads)
    spec = fit_encoder(sheet, rows, np.array(won, dtype=np.float64), {"wish": "many"}, 0).spec
    encoder = Encoder(spec)
    assert {f"wish has {one.lower()}" for one in WISHES} < set(encoder.labels)
    assert np.array_equal(encoder.rows(leads), encode(sheet, rows, spec))
    place = encoder.labels.index("wish has pricing")
    for wish in sent:
        assert encoder.rows([Lead("x", {"wish": wish})])[0, place] == 1.0
    reasons = learn_rates(table(leads, won), ["wish"], Config())
    lead = Lead("x", {"wish": asked})
    told = situation_of(reasons.columns["wish"], "wish", lead, reasons.wording, 1.0)
    assert told.name == "one_of" and told.slots["value"] == "Pricing" and told.tally.share == 1.0
