"""Columns and names of files that say which leads are learned from: what is taken for them, told, stated and overruled."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.errors import ConfigError, DataError
from kits.core.kit import RawSample
from kits.lead_scoring import data
from kits.lead_scoring._features.spec import EncoderSpec, NumberColumn
from kits.lead_scoring.config import Config
from tests.lead_scoring.reading.lead_files import Read, put, read, source, table

CELLS = ["Training", "Test", "Test"]


def _asked_for(path: Path, name: str, **stated: object) -> Read:
    """Leads that ask for a training or a test, as a column tells."""
    rows = [[f"L{k}", CELLS[k % 3], k % 7, k % 2] for k in range(30)]
    header = ["Lead ID", name, "Visits", "converted"]
    return read(put(path / "e.csv", table(header, rows)), source(**stated))


@pytest.mark.parametrize("name", ["ORIGIN", "Data set", "split"])
def test_a_column_of_any_name_that_speaks_of_training_and_test_says_the_split(
    tmp_path: Path, name: str
) -> None:
    found = _asked_for(tmp_path, name)
    assert [one.split for one in found.samples] == ["train", "test", "test"] * 10
    assert name not in found.leads[0].fields
    by_rail = [[k, "train" if k % 3 else "bus", k % 2] for k in range(30)]
    found = read(put(tmp_path / "f.csv", table(["no", "came by", "converted"], by_rail)))
    assert {one.split for one in found.samples} == {None}
    assert not found.told("split")


@pytest.mark.parametrize(("name", "level"), [("Interest", "warn"), ("Data set", "pass")])
def test_a_split_that_was_found_is_told_with_how_to_overrule_it(
    tmp_path: Path, name: str, level: str
) -> None:
    [told] = [one for one in _asked_for(tmp_path, name).findings if one.check == "split"]
    assert told.level == level
    assert "(train: 10 leads, test: 20 leads)" in told.text
    assert "model.source.split: none" in told.fix
    assert ("by its cells alone" in told.text) is (level == "warn")


def test_a_column_that_is_stated_to_be_no_split_is_learned_from(tmp_path: Path) -> None:
    found = _asked_for(tmp_path, "Interest", split="none")
    assert {one.split for one in found.samples} == {None}
    assert found.column("Interest") == CELLS * 10
    assert not found.told("split")


def test_a_stated_column_is_the_split_whatever_others_say(tmp_path: Path) -> None:
    rows = [[f"L{k}", CELLS[k % 3], "train" if k < 20 else "val", k % 2] for k in range(30)]
    path = put(tmp_path / "e.csv", table(["Lead ID", "Interest", "Use of", "converted"], rows))
    found = read(path, source(split="use_of"))
    assert [one.split for one in found.samples] == ["train"] * 20 + ["val"] * 10
    assert found.column("Interest") == CELLS * 10
    assert "as stated (train: 20 leads, val: 10 leads)" in found.told("split")


def test_a_stated_split_that_is_not_there_is_an_error_with_what_was_meant(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no column 'Intrest'") as error:
        _asked_for(tmp_path, "Interest", split="Intrest")
    assert error.value.fix == "did you mean 'Interest'?"
    assert error.value.where == "kit.yaml: model.source.split"


def test_a_stated_split_with_other_cells_is_an_error_that_shows_them(tmp_path: Path) -> None:
    rows = [[f"L{k}", ["Training", "Test", "Audit"][k % 3], k % 2] for k in range(30)]
    path = put(tmp_path / "e.csv", table(["Lead ID", "Interest", "converted"], rows))
    with pytest.raises(DataError, match="name no split: 'Audit'") as error:
        read(path, source(split="Interest"))
    assert "model.source.split: none" in error.value.fix


def test_leads_that_are_only_scored_need_no_stated_split(tmp_path: Path) -> None:
    path = put(tmp_path / "e.csv", table(["Lead ID", "Visits"], [["L1", 3], ["L2", 4]]))
    config = Config.model_validate(source(split="Interest"))
    bundle = EncoderSpec(columns=(NumberColumn(name="Visits"),)).model_dump(mode="json")
    scored = list(data.read_like(path, "auto", config, {"encoder": bundle}))
    assert sum(isinstance(one, RawSample) for one in scored) == 2
    with pytest.raises(ConfigError):
        list(data.read_as(path, "auto", config))


@pytest.mark.parametrize(("stated", "splits"), [({}, {"train", "test"}), ({"split": "none"}, {None})])  # fmt: skip
def test_names_of_files_say_the_split_unless_it_is_stated_that_nothing_does(
    tmp_path: Path, stated: dict[str, object], splits: set[str | None]
) -> None:
    for name, first in (("train.csv", 0), ("test.csv", 30)):
        rows = [[f"L{k}", k % 7, k % 2] for k in range(first, first + 30)]
        put(tmp_path / "d" / name, table(["Lead ID", "Visits", "converted"], rows))
    found = read(tmp_path / "d", source(**stated))
    assert {one.split for one in found.samples} == splits
    assert ("names of the files" in found.told("split")) is (not stated)
