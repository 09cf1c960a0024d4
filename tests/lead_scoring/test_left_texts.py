"""Texts of which nothing tells when they were written are left out, and a person is asked where their words tell who buys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kits.core.kit import Finding
from kits.lead_scoring._court.court import hold_court
from kits.lead_scoring._learning.left_texts import left_texts
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config
from tests.lead_scoring.court.court_tables import Made

WORDS = [f"word{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(300)]


def firm(*, telling: bool, test: bool = False, name: str = "message") -> LeadTable:
    """Leads whose messages never come again; the won ones ask for samples four times as often, or as often as all.

    Args:
        test: the messages of test alone tell.
    """
    made = Made(1_500, strength=0.5)
    often = np.where((made.won > 0) & telling, 0.8, 0.2)
    split = np.where(np.arange(made.rows) < 600, "train", "test")
    often = np.where((split == "train") & test, 0.2, often)
    made.columns[name] = [
        " ".join([*made.rng.choice(WORDS, 6), *(["samples"] if made.rng.random() < share else [])])
        for share in often.tolist()
    ]
    table = made.table()
    items = (replace(item, split=str(one)) for item, one in zip(table.items, split.tolist()))
    return replace(table, items=tuple(items))


def told(table: LeadTable, **columns: list[str]) -> list[Finding]:
    config = Config.model_validate({"columns": columns})
    return list(left_texts(table, hold_court(table, config, seed=0), config, 0))


def test_a_text_whose_words_tell_is_asked_about_with_what_it_is_worth() -> None:
    (asked,) = told(firm(telling=True))
    assert (asked.check, asked.level) == ("left-out-texts", "warn")
    assert asked.text.startswith("message is left out, though its words tell who buys (alone they")
    assert "model.columns.keep" in asked.fix and "model.columns.exclude" in asked.fix


@pytest.mark.parametrize("said", ["keep", "exclude"])
def test_nobody_is_asked_again(said: str) -> None:
    assert told(firm(telling=True), **{said: ["message"]}) == []


def test_nobody_is_asked_to_keep_what_names_persons() -> None:
    assert told(firm(telling=True, name="postal address")) == []


def test_a_text_that_tells_nothing_is_left_out_without_a_question() -> None:
    assert told(firm(telling=False)) == []


def test_outcomes_of_test_are_not_looked_at() -> None:
    assert told(firm(telling=True, test=True)) == []


def codes(*, telling: bool, name: str = "article") -> LeadTable:
    """Leads with an article of one of six kinds each, of which hardly one comes again; those of one kind are won more often."""
    made = Made(1_500, strength=0.5)
    often = np.where((made.won > 0) & telling, 0.6, 0.15)
    kind = np.where(made.rng.random(1_500) < often, 10, made.rng.integers(11, 16, 1_500))
    made.columns[name] = [f"{one}00-{n * 7:05}" for n, one in enumerate(kind.tolist())]
    return made.table()


def test_a_code_whose_parts_tell_is_asked_about() -> None:
    (asked,) = told(codes(telling=True))
    assert asked.check == "left-out-texts" and asked.text.startswith("article is left out")
    assert told(codes(telling=False)) == []
    assert told(codes(telling=True, name="lead number")) == []
