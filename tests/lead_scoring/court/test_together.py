"""Leaks that hide each other: two that say the same, two that hold half of the answer each, and several that are equally strong."""

from __future__ import annotations

import numpy as np
import pytest

from kits.lead_scoring.config import ColumnsConfig, Config
from tests.lead_scoring.court.court_tables import Made, finding, said_of


def _with_half_answers(made: Made) -> Made:
    """Two columns that are equal for those won and differ for those lost, nearly always."""
    first = made.rng.integers(0, 2, made.rows)
    same = (made.won == 1) ^ (made.rng.random(made.rows) < 0.03)
    second = [a if alike else 1 - a for a, alike in zip(first, same)]
    made.columns["desk"] = ["AB"[one] for one in first]
    made.columns["folder"] = ["AB"[one] for one in second]
    return made


def test_two_leaks_that_say_the_same_do_not_hide_each_other() -> None:
    made = Made()
    talk = made.rng.gamma(3, 40, made.rows) * (1 + 1.2 * made.won)
    made.columns["secs"] = talk.round().tolist()
    made.columns["wrap"] = (talk / 8 + made.rng.integers(2, 12, made.rows)).round().tolist()
    court = made.court()
    assert finding(court, "secs") == finding(court, "wrap") == "suspicious"
    assert "alone it tells more than all of them together" in said_of(court, "secs")


def _with_a_code_of_the_end(made: Made) -> Made:
    """A code that tells all, and seconds that tell much; no name says so."""
    made.columns["k7"] = [
        str(made.rng.choice(["S1", "S2"] if one else ["N1", "N2", "N3"])) for one in made.won == 1
    ]
    secs = made.rng.gamma(3, 40, made.rows) * (1 + 1.6 * made.won)
    made.columns["secs"] = secs.round().tolist()
    return made


def test_a_leak_that_tells_all_does_not_hide_one_that_tells_much() -> None:
    court = _with_a_code_of_the_end(Made()).court()
    assert "k7" in court.excluded
    assert finding(court, "secs") == "suspicious"
    assert "alone it tells more than all of them together" in said_of(court, "secs")


def test_a_column_that_a_person_vouches_for_stays_beside_the_others() -> None:
    vouched = Config(columns=ColumnsConfig(keep=("k7",)))
    court = _with_a_code_of_the_end(Made()).court(vouched)
    assert finding(court, "k7") == "guilty"
    assert finding(court, "secs") == "cleared"


@pytest.mark.slow
def test_two_columns_that_tell_the_answer_only_together_are_suspected() -> None:
    court = _with_half_answers(Made(3_000)).court()
    assert finding(court, "desk") == finding(court, "folder") == "suspicious"
    assert "together with folder it tells who buys" in said_of(court, "desk")
    assert "desk" not in court.excluded
    side = court.side_by_side[-1]
    assert side.without_suspects is not None
    assert side.without_guilty.low > 0.9 > side.without_suspects.high


def test_half_an_answer_whose_other_half_is_gone_is_innocent() -> None:
    made = _with_half_answers(Made(3_000))
    del made.columns["folder"]
    court = made.court()
    assert finding(court, "desk") == "cleared"
    assert court.side_by_side[-1].without_suspects is None


def test_strong_honest_columns_that_say_the_same_are_no_pair_of_halves() -> None:
    made = Made(3_000, strength=2.5)
    made.columns["visits again"] = [
        one + 1 for one in made.columns["visits"] if isinstance(one, float)
    ]
    court = made.court()
    assert not [one for one in court.verdicts if "together with" in "; ".join(one.evidence)]
    assert court.excluded == ()


_SHARES = ("share named", "share weighed", "share offered")


def _with_equal_shares(late: float) -> Made:
    """Three numbers of their own that are higher where a lead was won, none more than the others."""
    made = Made()
    for name in _SHARES:
        made.columns[name] = made.rng.normal(late * made.won, 1).round(3).tolist()
    return made


def test_of_leaks_that_are_equally_strong_each_is_asked_about() -> None:
    made = _with_equal_shares(1.5)
    court = made.court()
    assert {finding(court, name) for name in _SHARES} == {"suspicious"}
    assert finding(court, "visits") == "cleared" and not court.excluded
    assert "all columns together tell who buys" in said_of(court, "share named")
    assert "hardly anything known beforehand tells so much" in said_of(court, "share named")
    side = court.side_by_side[-1]
    assert side.without_suspects is not None
    assert side.without_guilty.low > 0.9 > side.without_suspects.high
    vouched = made.court(Config(columns=ColumnsConfig(keep=_SHARES)))
    assert {one.action for one in vouched.verdicts if one.charge == "leak"} == {"keep"}


def test_columns_that_tell_as_much_together_as_honest_ones_do_are_not() -> None:
    court = _with_equal_shares(0.7).court()
    assert {finding(court, name) for name in _SHARES} == {"cleared"}


def _with_doubles_of_days(name: str, mean_days: float = 6.0) -> Made:
    """Days until the end, longer for who was lost, and nearly the same days under an honest name."""
    made = Made()
    days = made.rng.gamma(1, np.where(made.won == 1, mean_days, 22)).round()
    made.columns[name] = days.tolist()
    made.columns["days in all"] = (days * made.rng.uniform(0.85, 1, made.rows)).round().tolist()
    return made


def test_what_says_the_same_as_a_leak_is_left_out_with_it() -> None:
    made = _with_doubles_of_days("days through closing")
    court = made.court()
    assert set(court.excluded) == {"days through closing", "days in all"}
    assert "says nearly the same as days through closing, which is one" in said_of(
        court, "days in all"
    )
    assert finding(court, "visits") == "cleared"
    vouched = Config(columns=ColumnsConfig(keep=("days in all",)))
    assert made.court(vouched).excluded == ("days through closing",)
    assert not made.court(Config(columns=ColumnsConfig(keep=("days through closing",)))).excluded


def test_what_says_the_same_as_a_possible_leak_is_asked_about_with_it() -> None:
    court = _with_doubles_of_days("days through closing", mean_days=10.5).court()
    assert not court.excluded
    assert "says nearly the same as days through closing, which may be one" in said_of(
        court, "days in all"
    )
