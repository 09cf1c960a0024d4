"""Recordings as a source: tables, waveforms and windows, whatever is wrong with a file."""

from __future__ import annotations

import json
import wave
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from edge_agent.config import parse_config
from edge_agent.errors import SourceError
from edge_agent.replay import replay
from edge_agent.signals.files import open_recording
from edge_agent.sources.base import Captured
from edge_agent.sources.machine_config import (
    ReplaySourceConfig,
    SimulatedSignal,
    SimulatedSourceConfig,
)
from edge_agent.sources.replay import ReplaySource
from edge_agent.sources.simulated import SimulatedSource
from kits.core.bundle import open_bytes
from kits.core.events import CaseBody, DecisionBody
from kits.core.window import MEDIA_TYPE, Channel, Window, encode_window
from tests.edge_agent.machine_parts import START, level_window, make_level_bundle
from tests.edge_agent.parts import agent_config


def play(path: Path, **config: object) -> tuple[list[Captured], ReplaySource]:
    source = ReplaySource(
        ReplaySourceConfig.model_validate({"path": path, **config}), lambda *_: None,
        as_recorded=True,
    )  # fmt: skip
    return list(source.samples()), source


def windows(captured: list[Captured]) -> list[Window]:
    found = [one.payload for one in captured]
    assert all(isinstance(one, Window) for one in found)
    return [one for one in found if isinstance(one, Window)]


def table(path: Path, rows: list[str], head: str = "time,flow [l/min],temp [°C]") -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def minute(second: int) -> str:
    return (START + timedelta(seconds=second)).isoformat()


def test_a_table_becomes_windows_with_units_and_times(tmp_path: Path) -> None:
    path = table(tmp_path / "pump-1.csv", [f"{minute(n)},{n},{40 + n}" for n in range(25)])
    captured, _ = play(path)
    first, second = windows(captured)
    assert [(c.name, c.unit) for c in first.channels] == [("flow", "l/min"), ("temp", "°C")]
    assert first.rate_hz == 1.0
    assert (first.started_at, first.attributes) == (START, {"asset": "pump-1"})
    assert second.channels[0].readings.tolist() == list(range(10, 20))
    assert captured[1].captured_at == START + timedelta(seconds=20)
    assert captured[1].group == "pump-1"


def test_each_asset_of_a_table_has_windows_of_its_own(tmp_path: Path) -> None:
    rows = [f"{minute(n)},{asset},{n}" for n in range(21) for asset in ("a", "b")]
    captured, _ = play(table(tmp_path / "all.csv", rows, "time,asset,flow"))
    assert sorted(one.group for one in captured) == ["a", "a", "b", "b"]


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("Zeitstempel;Druck (bar)", "{iso};{n},5"),
        ("timestamp\tpressure", "{ms}\t{n}.5"),
        ("t,pressure,note", "{s},{n}.5,ok"),
    ],
)
def test_tables_of_the_field_are_understood(tmp_path: Path, head: str, row: str) -> None:
    start = START.timestamp()
    rows = [
        row.format(iso=minute(n), n=n, s=start + n, ms=int((start + n) * 1000)) for n in range(12)
    ]
    captured, _ = play(table(tmp_path / "p.csv", rows, head))
    assert windows(captured)[0].channels[0].readings.tolist() == [n + 0.5 for n in range(10)]


@pytest.mark.parametrize(
    ("column", "name", "unit"),
    [
        ("Druck (abs) [bar] ", "Druck (abs)", "bar"), ("a (b [c)", "a", "b [c"), ("a)", "a)", ""), ("a (b) c", "a (b) c", ""),
        # where brackets were looked for from each sign on, for minutes
        ("[" * 130_000, "[" * 64, ""), ("a" + " " * 120_000 + "x]", "a" + " " * 63, ""),
    ],
    ids=["two", "unclosed", "closed", "within", "brackets", "blanks"],
)  # fmt: skip
def test_the_unit_of_a_column_is_what_its_last_brackets_hold(
    tmp_path: Path, column: str, name: str, unit: str
) -> None:
    path = table(tmp_path / "p.csv", [f"{minute(n)},{n}" for n in range(12)], f"time,{column}")
    (signal,) = open_recording(path, "p").signals
    assert (signal.name, signal.unit) == (name, unit)


def test_a_hole_in_a_table_is_a_gap(tmp_path: Path) -> None:
    rows = [f"{minute(n)},{'' if n in (3, 4) else n},1" for n in range(25) if n not in range(6, 10)]
    found = windows(play(table(tmp_path / "p.csv", rows))[0])
    assert np.isnan(found[0].channels[0].readings).tolist() == [
        n in (3, 4, 8, 9) for n in range(10)
    ]  # a reading is held for two periods


def test_a_wave_file_keeps_its_rate_and_scale(tmp_path: Path) -> None:
    path = tmp_path / "bearing-7.wav"
    tone = np.sin(2 * np.pi * 50 * np.arange(16_000) / 8000)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        both = np.stack([tone, tone / 2], 1) * 32_767
        file.writeframes(both.astype("<i2").tobytes())
    found = windows(play(path, window_s=1.0, attributes={"speed_rpm": 1480.0})[0])
    assert [w.rate_hz for w in found] == [8000.0, 8000.0]
    assert [c.name for c in found[0].channels] == ["signal-1", "signal-2"]
    np.testing.assert_allclose(found[1].channels[1].readings, tone[8000:] / 2, atol=1e-4)
    assert found[0].attributes == {"asset": "bearing-7", "speed_rpm": 1480.0}


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_waves_of_any_width_are_parts_of_full_scale(tmp_path: Path, width: int) -> None:
    values = np.array([0.5, -0.5, 0.0, 0.25] * 50)
    if width == 1:
        content = (values * 128 + 128).astype(np.uint8).tobytes()
    else:
        whole = (values * 2.0 ** (8 * width - 1)).astype("<i4").view(np.uint8).reshape(-1, 4)
        content = whole[:, :width].tobytes()
    path = tmp_path / "x.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(width)
        file.setframerate(100)
        file.writeframes(content)
    found = windows(play(path, window_s=2.0)[0])[0]
    np.testing.assert_allclose(found.channels[0].readings, values, atol=1e-6)


def test_an_array_needs_its_rate(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.arange(300, dtype=np.int16).reshape(3, 100))
    captured, source = play(path)
    assert (captured, source.health.corrupt) == ([], 1)
    found = windows(play(path, rate_hz=10.0, window_s=5.0, unit="g")[0])
    assert [c.readings.size for c in found[0].channels] == [50, 50, 50]
    assert found[1].channels[2].readings[0] == 250


def test_windows_are_played_as_they_are(tmp_path: Path) -> None:
    for n in range(3):
        at = START + timedelta(seconds=8 * n)
        (tmp_path / f"{n}.cbor").write_bytes(encode_window(level_window(n + 1, "pump-9", at)))
    captured, source = play(tmp_path)
    assert [(one.media_type, one.group) for one in captured] == [(MEDIA_TYPE, "pump-9")] * 3
    assert [one.at_s - START.timestamp() for one in captured] == [8, 16, 24]
    stretch = source.ring.stretch("pump-9", START.timestamp() + 9, START.timestamp() + 30)
    assert [float(abs(w.channels[0].readings[0])) for w in stretch] == [2, 3]
    assert captured[1].meta["started_at"] == (START + timedelta(seconds=8)).isoformat()


def test_what_is_played_again_follows_what_was_played(tmp_path: Path) -> None:
    for n in range(3):
        at = START + timedelta(seconds=8 * n)
        (tmp_path / f"{n}.cbor").write_bytes(encode_window(level_window(n + 1, "pump-9", at)))
    config = ReplaySourceConfig(path=tmp_path, loop=True)
    playing = ReplaySource(config, lambda *_: None).samples()
    times = [next(playing).at_s - START.timestamp() for _ in range(8)]
    playing.close()
    assert times == [8, 16, 24, 32, 40, 48, 56, 64]


def test_windows_may_be_cut_anew(tmp_path: Path) -> None:
    (tmp_path / "a.cbor").write_bytes(encode_window(level_window(3, "pump-9", n=80)))
    found = windows(play(tmp_path, recut=True, window_s=2.0)[0])
    assert len(found) == 5
    assert {c.readings.size for w in found for c in w.channels} == {16}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"only one line"), ("b.csv", b"time,flow\nnever,1\n"), ("c.wav", b"RIFF"),
        ("d.npy", b"\x93NUMPY"), ("e.cbor", b"\xff"), ("f.csv", b"a,b\nx,y\n"),
        ("g.csv", b"flow\n1\n2\n"), ("h.csv", b""), ("i.npy", b""),
    ],
)  # fmt: skip
def test_a_bad_file_is_passed_over_and_counted(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    table(tmp_path / "z.csv", [f"{minute(n)},1,1" for n in range(11)])
    captured, source = play(tmp_path)
    assert len(captured) == 1
    assert source.health.corrupt == 1


def test_times_that_are_not_read_here_are_told_with_what_reads_them(tmp_path: Path) -> None:
    table(tmp_path / "p.csv", [f"01.10.2025 06:00:{n:02};{n}" for n in range(60)], "Zeit;Druck")
    told: list[str] = []
    source = ReplaySource(
        ReplaySourceConfig(path=tmp_path, window_s=10, speed=0),
        lambda *words: told.append(words[2]),
    )
    assert not list(source.samples())
    assert "the column 'Zeit' holds no time that is read here: '01.10.2025 06:00:59'" in told[0]
    assert "kit replay" in told[0]


def test_a_replay_of_which_nothing_comes_is_an_error(tmp_path: Path) -> None:
    short = table(tmp_path / "p.csv", [f"{minute(n)},{n}" for n in range(5)], "time,vibration")
    config = agent_config(tmp_path, tmp_path)
    with pytest.raises(SourceError, match="not one sample came of it"):
        list(replay(config, open_bytes(make_level_bundle()), short))


def test_an_empty_folder_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no recordings"):
        play(tmp_path)
    with pytest.raises(SourceError, match="no such recording"):
        play(tmp_path / "nowhere")


def test_a_replay_tells_decisions_and_steps_of_cases(tmp_path: Path) -> None:
    level = [1] * 30 + [12] * 60 + [1] * 60
    table(
        tmp_path / "pump-1.csv", [f"{minute(n)},{v}" for n, v in enumerate(level)], "time,vibration"
    )
    config = agent_config(tmp_path, tmp_path)
    told = list(replay(config, open_bytes(make_level_bundle()), tmp_path / "pump-1.csv"))
    decisions = [body for body in told if isinstance(body, DecisionBody)]
    cases = [body for body in told if isinstance(body, CaseBody)]
    assert len(decisions) == 15
    assert [(c.transition, c.at) for c in cases] == [
        ("opened", START + timedelta(seconds=50)), ("returned", START + timedelta(seconds=120)),
    ]  # fmt: skip
    assert cases[0].since == START + timedelta(seconds=40)
    json.loads(cases[0].model_dump_json())


def test_the_replay_of_a_configured_machine_is_cut_as_it_says(tmp_path: Path) -> None:
    rows = [f"{minute(n)},{n}" for n in range(61)]
    table(tmp_path / "pump-1.csv", rows, "time,vibration")
    source = {"kind": "simulated", "window_s": 20, "hop_s": 10}
    config = parse_config({"source": source, "state_dir": "s"}, base=tmp_path)
    told = list(replay(config, open_bytes(make_level_bundle()), tmp_path / "pump-1.csv"))
    assert sum(isinstance(body, DecisionBody) for body in told) == 5


def simulated(seed: int) -> list[Captured]:
    config = SimulatedSourceConfig(
        signals=(SimulatedSignal(name="acc", unit="g", rate_hz=100, level=2, fault_gain=3600),),
        speed=0, seconds=40, fault_at_s=20, seed=seed,
    )  # fmt: skip
    return list(SimulatedSource(config, lambda *_: None).samples())


def test_a_simulated_machine_is_the_same_each_time_and_fails_when_it_is_told_to() -> None:
    one, same, other = (windows(simulated(seed)) for seed in (1, 1, 2))
    means = [float(w.channels[0].readings.mean()) for w in one]
    assert means == pytest.approx([2, 2, 7, 17], abs=0.2)
    for a, b in zip(one, same):
        np.testing.assert_array_equal(a.channels[0].readings, b.channels[0].readings)
    assert not np.array_equal(one[0].channels[0].readings, other[0].channels[0].readings)
    assert one[0].started_at is not None
    assert abs(one[0].started_at - datetime.now(timezone.utc)) < timedelta(minutes=5)


@pytest.mark.parametrize("at", ["1e300", "inf", "nan", "1.7e18", "-1e15"])
def test_times_that_no_calendar_knows_are_bad_rows_and_end_nothing(tmp_path: Path, at: str) -> None:
    good = [f"{minute(second)},{second},20" for second in range(60)]
    path = table(tmp_path / "odd.csv", [*good[:30], f"{at},1,1", *good[30:]])
    captured, source = play(path, window_s=10)
    assert len(windows(captured)) == 6
    assert source.health.corrupt == 0


def test_a_window_of_the_last_day_of_all_is_passed_over_and_counted(tmp_path: Path) -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
    one = Window((Channel("a", "", np.zeros(100, np.float32)),), 1e-6, last, {"asset": "x"})
    (tmp_path / "odd.cbor").write_bytes(encode_window(one))
    captured, source = play(tmp_path)
    assert captured == []
    assert source.health.corrupt == 1
