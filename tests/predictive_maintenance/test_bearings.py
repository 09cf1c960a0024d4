"""Bearings by number, and their orders."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.predictive_maintenance._signals.bearings import TABLE, lookup, orders, read_table


def test_orders_of_a_6205_are_those_of_the_published_recordings() -> None:
    found = lookup("6205").orders
    assert (found.bpfo, found.bpfi, found.bsf, found.ftf) == pytest.approx(
        (3.585, 5.415, 2.357, 0.398), rel=0.005
    )


@pytest.mark.parametrize("name", sorted(read_table(TABLE)))
def test_every_packaged_bearing_obeys_the_kinematics(name: str) -> None:
    bearing = read_table(TABLE)[name]
    found = bearing.orders
    assert found.bpfo + found.bpfi == pytest.approx(bearing.elements)
    assert found.bpfo == pytest.approx(bearing.elements * found.ftf)
    assert 0.3 < found.ftf < 0.5
    # the elements must fit side by side on the circle
    assert bearing.elements * bearing.element_mm < 3.15 * bearing.pitch_mm


@pytest.mark.parametrize(
    ("printed", "number"),
    [
        ("6205-2RS C3", "6205"),
        ("SKF 6205", "6205"),
        ("skf6205/c3", "6205"),
        ("FAG 6308-2Z", "6308"),
        ("SS6205", "6205"),
        ("NU 205 ECP", "NU205"),
        ("nu205", "NU205"),
        ("er 12k", "ER-12K"),
    ],
)
def test_a_number_is_understood_as_it_is_printed(printed: str, number: str) -> None:
    assert lookup(printed).designation == number


def test_an_unknown_number_names_the_nearest_and_another_way() -> None:
    with pytest.raises(DataError) as caught:
        lookup("6255-2RS")
    assert "did you mean" in caught.value.fix
    assert "element_mm" in caught.value.fix


@pytest.mark.parametrize("other", ["62050", "16205", "2205", "NJ6205"])
def test_a_longer_or_other_number_is_another_bearing(other: str) -> None:
    with pytest.raises(DataError):
        lookup(other)


def test_a_table_of_the_user_comes_before_the_packaged_one(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("designation,elements,element_mm,pitch_mm\n# ours\n6205,10,7.5,39\nX-1,8,5,30\n")
    assert lookup("6205", own).elements == 10
    assert lookup("x-1", own).contact_deg == 0
    assert lookup("6206", own).elements == 9


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("designation,elements\n6205,9\n", "element_mm"),
        ("designation,elements,element_mm,pitch_mm\n6205,nine,1,2\n", "nine"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_place(
    tmp_path: Path, text: str, words: str
) -> None:
    own = tmp_path / "own.csv"
    own.write_text(text)
    with pytest.raises(DataError) as caught:
        lookup("6205", own)
    assert words in str(caught.value)
    assert "own.csv" in caught.value.where


@pytest.mark.parametrize("geometry", [(2, 5.0, 30.0), (9, 40.0, 39.0), (9, 0.0, 39.0)])
def test_an_impossible_geometry_is_refused(geometry: tuple[int, float, float]) -> None:
    with pytest.raises(DataError):
        orders(*geometry)
