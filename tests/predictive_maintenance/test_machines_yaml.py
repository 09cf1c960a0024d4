"""`machines.yaml`: what is stated wins, what is misspelt is an error with the key that was meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kits.core.errors import ConfigError, DataError
from kits.predictive_maintenance import data
from kits.predictive_maintenance._reading.sidecar import Sidecar, load_sidecar
from kits.toolchain.described import describe_keys
from tests.predictive_maintenance.reading import channel, names, put, read_all, stamps, table, wave


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("rate: 100\n", "rate_hz"),
        ("learn: {row: 10}\n", "rows"),
        ("time: {colum: x}\n", "column"),
        ("lables: {}\n", "labels"),
    ],
)
def test_a_misspelt_key_is_an_error_with_a_suggestion(
    tmp_path: Path, text: str, meant: str
) -> None:
    put(tmp_path / "machines.yaml", text)
    with pytest.raises(ConfigError) as caught:
        data.detect_format(tmp_path)
    assert caught.value.fix == f"did you mean {meant!r}?"


def test_text_that_is_no_yaml_is_an_error(tmp_path: Path) -> None:
    put(tmp_path / "machines.yaml", "a: [1\n")
    with pytest.raises(ConfigError, match="YAML"):
        load_sidecar(tmp_path)


def test_an_empty_file_states_nothing(tmp_path: Path) -> None:
    put(tmp_path / "machines.yaml", "")
    assert load_sidecar(tmp_path) == load_sidecar(tmp_path / "elsewhere")


def states(n: int) -> list[str]:
    return ["Normal Betrieb"] * (n - 10) + ["Lagerschaden"] * 10


@pytest.mark.parametrize("stated", ["Normal Betrieb", "normal_betrieb", "NORMAL BETRIEB"])
def test_what_is_normal_is_known_in_whatever_spelling(tmp_path: Path, stated: str) -> None:
    put(tmp_path / "x.csv", table(("time", "v", "Zustand"), stamps(60), wave(60), states(60)))
    put(tmp_path / "machines.yaml", f"labels: {{columns: [Zustand], normal: [{stated}]}}\n")
    samples, _ = read_all(tmp_path)
    marked = {span.label for one in samples if one.annotation for span in one.annotation.spans}
    assert marked == {"Lagerschaden"}


def test_a_misspelt_normal_value_is_an_error_instead_of_marking_all_of_it(
    tmp_path: Path,
) -> None:
    put(tmp_path / "x.csv", table(("time", "v", "Zustand"), stamps(60), wave(60), states(60)))
    put(tmp_path / "machines.yaml", "labels: {columns: [Zustand], normal: [Normal Betreib]}\n")
    with pytest.raises(DataError, match=r"labels\.normal names 'Normal Betreib'") as caught:
        read_all(tmp_path)
    assert "did you mean 'Normal Betrieb'?" in caught.value.fix


def test_units_scale_and_ignored_columns(tmp_path: Path) -> None:
    put(
        tmp_path / "x.csv",
        table(("time", "acc", "junk"), stamps(50), [100] * 25 + [200] * 25, wave(50)),
    )
    put(tmp_path / "machines.yaml", "units: {acc: g}\nscale: {acc: 0.01}\nignore: [junk]\n")
    samples, _ = read_all(tmp_path)
    assert names(samples[0]) == ["acc"]
    found = channel(samples[0], "acc")
    assert (found.unit, float(found.readings[0])) == ("g", pytest.approx(1.0, abs=1e-3))


def test_a_stated_column_that_is_not_there_refuses_the_file(tmp_path: Path) -> None:
    put(tmp_path / "x.csv", table(("time", "v"), stamps(50), wave(50)))
    put(tmp_path / "machines.yaml", "time: {column: tiem}\nformat: table\n")
    samples, findings = read_all(tmp_path)
    assert samples == []
    assert (findings[0].level, findings[0].fix) == ("fail", "did you mean 'time'?")


def test_a_file_without_anything_normal_is_read_although_its_word_is_like_that(
    tmp_path: Path,
) -> None:
    for name, state in (("x", "abnormal"), ("y", "normal")):
        columns = ("time", "v", "state"), stamps(200), wave(200), [state] * 200
        put(tmp_path / f"{name}.csv", table(*columns))
    put(tmp_path / "machines.yaml", "labels: {columns: [state], normal: [normal]}\n")
    samples, _ = read_all(tmp_path)
    assert [s.annotation.label for s in samples if s.annotation] == ["abnormal", "normal"]


def test_stated_label_and_normal_values(tmp_path: Path) -> None:
    content = table(("time", "v", "mode"), stamps(200), wave(200), ["A"] * 150 + ["B"] * 50)
    put(tmp_path / "x.csv", content)
    put(tmp_path / "machines.yaml", "labels: {columns: [mode], normal: [A]}\n")
    samples, _ = read_all(tmp_path)
    assert samples[-1].annotation is not None
    assert [s.label for s in samples[-1].annotation.spans] == ["B"]


def test_an_unknown_time_zone_is_an_error(tmp_path: Path) -> None:
    put(tmp_path / "machines.yaml", "time: {timezone: Mars/Base}\n")
    with pytest.raises(ConfigError, match="Mars/Base"):
        load_sidecar(tmp_path)


def test_nothing_usable_is_said_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        data.detect_format(tmp_path / "absent")
    with pytest.raises(DataError, match="no recordings"):
        data.detect_format(tmp_path)
    put(tmp_path / "x.pdf", "%PDF")
    with pytest.raises(DataError, match="layout"):
        data.detect_format(tmp_path / "x.pdf")


def test_every_key_stands_in_the_reference_with_its_meaning_and_default() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/machines-yaml.md").read_text("utf-8")
    for key in describe_keys(Sidecar):
        default = f"`{key.default}`" if key.default else ""
        assert f"| `{key.key}` | {key.description} | {default} |\n" in page


def test_the_examples_of_the_reference_are_valid(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/reference/machines-yaml.md").read_text("utf-8")
    examples = re.findall(r"```yaml\n(.*?)```", page, re.S)
    assert len(examples) == 5
    for example in examples:
        put(tmp_path / "machines.yaml", example)
        assert load_sidecar(tmp_path) != Sidecar()


def test_a_stated_speed_that_changes_is_a_channel_in_rpm(tmp_path: Path) -> None:
    put(
        tmp_path / "x.csv",
        table(("time", "acc", "n"), stamps(50), wave(50), [900 + i for i in range(50)]),
    )
    put(tmp_path / "machines.yaml", "speed: n\nunits: {acc: g}\n")
    samples, _ = read_all(tmp_path)
    assert channel(samples[0], "n").unit == "rpm"
    assert channel(samples[0], "acc").unit == "g"
