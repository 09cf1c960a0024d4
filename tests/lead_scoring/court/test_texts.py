"""Texts before the court: a model learns from their words, so their words are what tells."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.lead_scoring.court.court_tables import Made, finding, said_of

WORDS = [
    "call",
    "back",
    "please",
    "hall",
    "offer",
    "winter",
    "parts",
    "montage",
    "price",
    "sample",
    "drawing",
    "urgent",
    "boss",
    "decides",
]


def texts(made: Made, ends: Sequence[str], *, share: float, others: float = 0.0) -> list[str]:
    """Texts of which half come again; so many of the won, and of the others, end in one of these ways."""
    pool = [" ".join(made.rng.choice(WORDS, 7)) for _ in range(made.rows // 3)]
    found = []
    for won in made.won:
        again = made.rng.random() < 0.5
        text = str(made.rng.choice(pool)) if again else " ".join(made.rng.choice(WORDS, 7))
        said = made.rng.random() < (share if won else others)
        # far behind what a glance at the cell would show
        found.append(f"{text} {'- ' * 40} {made.rng.choice(list(ends))}" if said else text)
    return found


def test_what_a_text_says_of_the_end_convicts_it() -> None:
    made = Made(2_000)
    made.columns["history of talks"] = texts(made, ["contract signed", "invoice sent"], share=0.8)
    court = made.court()
    assert finding(court, "history of talks") == "guilty"
    assert "history of talks" in court.excluded
    assert "“contract” 100%" in said_of(court, "history of talks")


def test_a_telling_text_without_words_of_the_end_is_asked_about() -> None:
    made = Made(2_000)
    made.columns["talk"] = texts(made, ["kickoff monday", "kickoff friday"], share=0.8)
    court = made.court()
    assert finding(court, "talk") == "suspicious" and "talk" not in court.excluded


@pytest.mark.parametrize("seed", range(3))
def test_an_honest_text_is_not_suspected(seed: int) -> None:
    made = Made(2_000, seed=seed)
    made.columns["message"] = texts(made, ["many licences"], share=0.3, others=0.15)
    court = made.court()
    assert finding(court, "message") == "cleared" and "message" not in court.excluded


def phrases(made: Made, ends: Sequence[str], *, share: float, others: float = 0.0) -> list[str]:
    """Notes from a list of forty, of which most are written down again and again; so many end in one of these ways."""
    pool = [" ".join(made.rng.choice(WORDS, 4)) for _ in range(40)]
    found = []
    for won in made.won:
        said = made.rng.random() < (share if won else others)
        note = str(made.rng.choice(pool))
        found.append(f"{note} | {made.rng.choice(list(ends))}" if said else note)
    return found


@pytest.mark.parametrize("name", ["message", "remarks"])
def test_what_was_added_to_notes_from_a_list_convicts_them(name: str) -> None:
    """Each note with its end is too rare to show anything; all that end so were won."""
    made = Made(2_000)
    made.columns[name] = phrases(made, ["contract signed", "invoice sent"], share=0.25)
    lost = made.rng.random(made.rows) < 0.2
    made.columns[name] = [
        f"{note} | not interested" if late and not won else note
        for note, late, won in zip(made.columns[name], lost, made.won)
    ]
    court = made.court()
    assert finding(court, name) == "guilty" and name in court.excluded
    assert "“contract” 100%" in said_of(court, name)


@pytest.mark.parametrize("seed", range(5))
def test_honest_notes_from_a_list_are_not_suspected(seed: int) -> None:
    made = Made(2_000, seed=seed)
    made.columns["message"] = phrases(
        made, ["many licences", "a contract ends"], share=0.3, others=0.15
    )
    court = made.court()
    assert finding(court, "message") == "cleared" and "message" not in court.excluded
