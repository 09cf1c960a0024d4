"""A column of words in files of months: a channel, a condition or none, and the same in all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.predictive_maintenance._device.rows import RowSpec, rows_of
from kits.predictive_maintenance._device.words import CODE, code_of
from tests.predictive_maintenance.reading import (
    channel,
    names,
    put,
    read_all,
    stamps,
    table,
    texts,
    wave,
    window,
)

ROWS = 200


def exported(
    folder: Path, months: Mapping[str, Sequence[str]], machine: str = "press"
) -> tuple[list[RawSample], list[Finding]]:
    """A file a month that goes on where the last one ends, with the words of its rows in turns."""
    times = stamps(ROWS * len(months), 60)
    for number, (month, words) in enumerate(months.items()):
        part = slice(number * ROWS, (number + 1) * ROWS)
        recipes = [words[row // 10 % len(words)] for row in range(ROWS)]
        content = table(("time", "Rezept", "v"), times[part], recipes, wave(ROWS))
        put(folder / machine / f"{machine}_{month}.csv", content)
    return read_all(folder)


def codes(samples: Sequence[RawSample]) -> set[float]:
    told = np.concatenate([channel(s, "Rezept").readings for s in samples])
    return set(np.rint(told[np.isfinite(told)]).tolist())


def test_a_month_of_one_recipe_has_it_as_a_channel_as_the_months_around_it(tmp_path: Path) -> None:
    months = {"2024-03": ("RA", "RB"), "2024-04": ("RA",), "2024-05": ("RB", "RC")}
    samples, findings = exported(tmp_path, months)
    assert {tuple(names(s)) for s in samples} == {("v", "Rezept")}
    assert codes(samples) == {code_of(word) for word in ("RA", "RB", "RC")}
    assert all(channel(s, "Rezept").unit == CODE for s in samples)
    assert all("Rezept" not in window(s).attributes for s in samples)
    assert sum(channel(s, "Rezept").readings.size for s in samples) == 3 * ROWS
    assert "Rezept: 1 files" in texts(findings, "columns-coded")


def test_where_the_one_recipe_of_a_month_is_not_stated_it_is_missing(tmp_path: Path) -> None:
    samples, _ = exported(tmp_path, {"2024-03": ("RA", "RB"), "2024-04": ("RA", "")})
    told = np.concatenate([channel(s, "Rezept").readings for s in samples])
    assert np.isnan(told[ROWS:]).sum() == ROWS / 2 and not np.isnan(told[:ROWS]).any()


def test_a_recipe_a_month_is_a_channel_too(tmp_path: Path) -> None:
    samples, findings = exported(tmp_path, {"2024-03": ("RA",), "2024-04": ("RB",)})
    assert codes(samples) == {code_of("RA"), code_of("RB")}
    assert f"{code_of('RA'):.0f} = RA" in texts(findings, "columns-coded")


def test_what_never_changes_on_a_machine_is_a_condition_of_it(tmp_path: Path) -> None:
    exported(tmp_path, {"2024-03": ("RA",), "2024-04": ("RA",)})
    samples, _ = exported(tmp_path, {"2024-03": ("RB",), "2024-04": ("RB",)}, "mill")
    told = {s.meta["asset"]: window(s).attributes["Rezept"] for s in samples}
    assert told == {"press": "RA", "mill": "RB"}
    assert {tuple(names(s)) for s in samples} == {("v",)}


def test_what_changes_on_one_machine_is_a_channel_of_all(tmp_path: Path) -> None:
    exported(tmp_path, {"2024-03": ("RA", "RB"), "2024-04": ("RA",)})
    samples, _ = exported(tmp_path, {"2024-03": ("RB",), "2024-04": ("RB",)}, "mill")
    assert {tuple(names(s)) for s in samples} == {("v", "Rezept")}


def test_words_that_are_too_many_over_all_months_are_no_channel_of_any(tmp_path: Path) -> None:
    orders = {f"2024-0{m}": [f"order {m}-{n}" for n in range(8)] for m in (3, 4, 5)}
    samples, findings = exported(tmp_path, {**orders, "2024-06": ("order 1",)})
    assert {tuple(names(s)) for s in samples} == {("v",)}
    assert all("Rezept" not in window(s).attributes for s in samples)
    assert "Rezept: a text of many values" in texts(findings, "columns-left-out")


def test_a_recording_of_one_word_all_along_fits_a_model_that_knows_several(tmp_path: Path) -> None:
    """A week of one recipe states it as a condition, and what was learned has it as a channel."""
    (one, *_), _ = exported(tmp_path, {"2024-03": ("RA",)})
    spec = RowSpec(kind="readings", channels=("v", "Rezept"), units=("", CODE))
    rows = rows_of(window(one), spec)
    assert (rows.values[:, 1] == code_of("RA")).all()
    assert np.array_equal(rows.values[:, 0], channel(one, "v").readings)
    with pytest.raises(DataError, match="a recording without Produkt"):
        rows_of(window(one), spec.model_copy(update={"channels": ("v", "Produkt")}))
