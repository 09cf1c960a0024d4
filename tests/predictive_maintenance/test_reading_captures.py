"""Waveforms: files and what is known of them, from a list, from folders, from names."""

from __future__ import annotations

import struct
import wave as wave_files
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.core.kit import RawSample
from kits.predictive_maintenance import data
from kits.predictive_maintenance._reading.formats.wav import read_wav
from tests.predictive_maintenance.reading import (
    by_split,
    levels,
    names,
    put,
    read_all,
    texts,
    window,
)


def signal(n: int = 2048, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, 1, n)


def parquet(path: Path, **columns: NDArray[np.int16] | NDArray[np.float64]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def life(sample: RawSample) -> tuple[float, str]:
    assert sample.annotation is not None
    (quantity,) = sample.annotation.quantities
    return quantity.value, quantity.unit


def test_a_list_of_captures_gives_class_speed_scale_and_what_belongs_together(
    tmp_path: Path,
) -> None:
    lines = ["file,class,diameter_mil_inch,load_hp,rpm,scale_g_per_count"]
    for index, (fault, size) in enumerate(
        [("inner", 7), ("inner", 21), ("ball", 7), ("normal", 0)]
    ):
        for load in (0, 1):
            name = f"{fault}_{size}_{load}.parquet"
            counts = (signal(seed=10 * index + load) * 1000).astype(np.int16)
            parquet(tmp_path / name, de=counts)
            lines.append(f"{name},{fault},{size},{load},{1797 - 25 * load},0.001")
    put(tmp_path / "meta.csv", "\n".join(lines))
    put(tmp_path / "machines.yaml", "rate_hz: 12000\n")
    assert data.detect_format(tmp_path) == "captures"
    samples, findings = read_all(tmp_path)
    assert len(samples) == 8
    assert {s.group for s in samples} == {"inner/7", "inner/21", "ball/7", "normal/0"}
    first = next(s for s in samples if s.source == "inner_7_1.parquet")
    found = window(first)
    assert (found.rate_hz, found.channels[0].unit) == (12000, "g")
    assert found.attributes == {"asset": "inner/7", "load": 1.0, "speed_rpm": 1772.0}
    assert float(np.std(found.channels[0].readings)) == pytest.approx(1.0, rel=0.1)
    assert levels(findings, "groups") == {"warn"}


def test_stated_columns_name_the_physical_unit(tmp_path: Path) -> None:
    for i in range(4):
        parquet(tmp_path / f"{i}.parquet", a=signal(seed=i))
    put(tmp_path / "meta.csv", "file,label,rig,sample_rate\n0.parquet,ok,A,1000\n1.parquet,ok,B,1000\n"
        "2.parquet,leak,A,1000\n3.parquet,leak,C,1000\n")  # fmt: skip
    put(tmp_path / "machines.yaml", "group: [rig]\n")
    samples, _ = read_all(tmp_path)
    samples.sort(key=lambda s: s.source)
    assert [s.group for s in samples] == ["A", "B", "A", "C"]
    assert window(samples[0]).rate_hz == 1000
    assert [s.annotation.label for s in samples if s.annotation] == [
        "normal",
        "normal",
        "leak",
        "leak",
    ]


def test_without_a_rate_anywhere_a_person_is_asked(tmp_path: Path) -> None:
    for i in range(3):
        parquet(tmp_path / f"m{i}.parquet", x=signal(seed=i))
    with pytest.raises(DataError, match="readings a second") as caught:
        read_all(tmp_path)
    assert "rate_hz" in caught.value.fix


@pytest.mark.parametrize("name", ["a_25.6kHz.csv", "25600Hz/a.csv", "a-25.6k.csv"])
def test_a_rate_in_a_name_is_taken_and_said(tmp_path: Path, name: str) -> None:
    for other in ("day 1", "day 2"):
        put(
            tmp_path / other / name,
            "h,v\n" + "".join(f"{v:.4f},{v:.3f}\n" for v in signal(300)),
        )
    samples, findings = read_all(tmp_path, "captures")
    assert window(samples[0]).rate_hz == 25600
    assert levels(findings, "rate") == {"warn"}


def test_a_rate_in_a_text_beside_the_data(tmp_path: Path) -> None:
    put(tmp_path / "DATA.md", "Accelerometers sampled at 25.6 kHz, once a minute.\n")
    for i in range(2):
        parquet(tmp_path / f"m{i}.parquet", x=signal(seed=i))
    samples, _ = read_all(tmp_path)
    assert window(samples[0]).rate_hz == 25600


def test_folders_name_the_condition(tmp_path: Path) -> None:
    for folder in ("normal", "inner race", "unbalance"):
        for i in range(2):
            put(tmp_path / folder / f"{i}.csv", "".join(f"{v:.4f}\n" for v in signal(300, i)))
    put(tmp_path / "machines.yaml", "rate_hz: 5000\nformat: captures\nspeed: 1500\n")
    samples, _ = read_all(tmp_path)
    assert sorted({s.annotation.label for s in samples if s.annotation}) == [
        "inner race", "normal", "unbalance",
    ]  # fmt: skip
    assert window(samples[0]).attributes["speed_rpm"] == 1500


def bearings(folder: Path, files: int = 12, name: str = "{}.csv") -> None:
    for number in (1, 2, 3):
        for i in range(files):
            rows = "".join(f"{v:.4f},{-v:.4f}\n" for v in signal(400, 100 * number + i))
            put(folder / f"Bearing1_{number}" / name.format(i + 1), "horizontal,vertical\n" + rows)


def test_a_folder_per_bearing_is_a_run_to_failure(tmp_path: Path) -> None:
    bearings(tmp_path)
    put(tmp_path / "machines.yaml", "rate_hz: 25600\nlife: {interval_h: 0.5}\n")
    assert data.detect_format(tmp_path) == "captures"
    samples, findings = read_all(tmp_path)
    first = [s for s in samples if s.group == "Bearing1_1"]
    assert [life(s)[0] for s in first] == [5.5 - 0.5 * i for i in range(12)]
    assert life(first[0])[1] == "h"
    assert first[3].meta["position"] == 3
    assert first[10].source == "Bearing1_1/11.csv"
    assert window(first[3]).attributes == {"asset": "Bearing1_1", "life_position": 1.5}
    assert {s.split for s in samples} == {None}
    assert "3 folders" in texts(findings, "run-to-failure")


def test_without_times_remaining_life_counts_captures(tmp_path: Path) -> None:
    bearings(tmp_path)
    put(tmp_path / "machines.yaml", "rate_hz: 25600\n")
    samples, findings = read_all(tmp_path)
    assert life(samples[0]) == (11, "captures")
    assert "interval_h" in next(f.fix for f in findings if f.check == "remaining-life")


def test_times_in_the_names_of_captures_without_a_suffix(tmp_path: Path) -> None:
    for day, rig in ((22, "1st_test"), (24, "2nd_test")):
        for i in range(12):
            rows = "".join(
                "\t".join(f"{v:.3f}" for v in r) + "\n" for r in signal(1200, i).reshape(-1, 4)
            )
            put(tmp_path / rig / f"2003.10.{day}.12.{10 + i}.00", rows)
    put(tmp_path / "machines.yaml", "rate_hz: 20000\n")
    assert data.detect_format(tmp_path) == "captures"
    samples, _ = read_all(tmp_path)
    assert len(samples) == 24
    value, unit = life(samples[0])
    assert (value, unit) == (pytest.approx(11 / 60), "h")
    started = window(samples[1]).started_at
    assert started is not None and started.isoformat() == "2003-10-22T12:11:00+00:00"


def test_a_clock_in_the_first_columns_gives_the_rate(tmp_path: Path) -> None:
    for bearing in ("Bearing1_1", "Bearing1_2"):
        for i in range(12):
            micro = 4000 + np.arange(300) * 39.0625
            rows = "".join(
                f"9,39,{10 * (i % 6)},{m:.4f},{v:.3f},{v / 2:.3f}\n"
                for m, v in zip(micro, signal(300, i))
            )
            put(tmp_path / bearing / f"acc_{i + 1:05}.csv", rows)
    samples, _ = read_all(tmp_path)
    assert window(samples[0]).rate_hz == pytest.approx(25600, rel=1e-3)
    assert names(samples[0]) == ["c5", "c6"]


def test_learning_and_test_folders_are_kept_apart(tmp_path: Path) -> None:
    bearings(tmp_path / "Learning_set")
    bearings(tmp_path / "Test_set")
    put(tmp_path / "machines.yaml", "rate_hz: 25600\n")
    samples, findings = read_all(tmp_path)
    parts = by_split(samples)
    assert {s.group for s in parts["test"]} == {f"Test_set/Bearing1_{i}" for i in (1, 2, 3)}
    assert all(s.annotation is None for s in parts["test"])
    assert "without a known remaining life" in texts(findings, "remaining-life")


def test_captures_of_one_machine_without_labels_are_cut_in_time(tmp_path: Path) -> None:
    for i in range(10):
        put(tmp_path / f"motor_{i}.csv", "".join(f"{v:.4f}\n" for v in signal(300, i)))
    put(tmp_path / "machines.yaml", "rate_hz: 5000\nformat: captures\nasset: folder\n")
    samples, findings = read_all(tmp_path)
    assert [s.split for s in samples] == ["train"] * 6 + ["val"] * 2 + ["test"] * 2
    assert levels(findings, "labels") == {"warn"}


@pytest.mark.parametrize(("width", "channels"), [(1, 1), (2, 2), (3, 1), (4, 2)])
def test_wav_files_of_all_widths(tmp_path: Path, width: int, channels: int) -> None:
    values = np.linspace(-0.9, 0.9, 500)
    path = tmp_path / "normal.wav"
    with wave_files.open(str(path), "wb") as file:
        file.setparams((channels, width, 8000, 0, "NONE", ""))
        full = 2.0 ** (8 * width - 1)
        whole = np.repeat(np.round(values * (full - 1)), channels).astype(np.int64)
        if width == 1:
            whole += 128
        raw = b"".join(int(v).to_bytes(width, "little", signed=width > 1) for v in whole)
        file.writeframes(raw)
    found = read_wav(path)
    assert (found.samples.shape, found.rate_hz, found.share) == ((channels, 500), 8000, 1)
    assert np.abs(found.samples[0] - values).max() < 2 / 2 ** (8 * width - 1)
    samples, findings = read_all(path)
    assert [(c.unit) for c in window(samples[0]).channels] == ["FS"] * channels
    assert not levels(findings, "cut-short")


def wav_of_floats(path: Path, values: list[float], stated: int | None = None) -> Path:
    body = np.array(values, "<f4").tobytes()
    layout = struct.pack("<HHIIHH", 3, 1, 16000, 64000, 4, 32)
    size = struct.pack("<I", len(body) if stated is None else stated)
    chunks = b"fmt " + struct.pack("<I", 16) + layout + b"data" + size + body
    return put(path, b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)


def test_wav_files_of_floats(tmp_path: Path) -> None:
    found = read_wav(wav_of_floats(tmp_path / "x.wav", [0.5, -0.25, 0.125]))
    assert (found.samples[0].tolist(), found.share) == ([0.5, -0.25, 0.125], 1)


@pytest.mark.parametrize("stated", [0xFFFFFFFF, 0x7FFFF000])
def test_a_wav_file_that_was_recorded_into_a_pipe_is_whole(tmp_path: Path, stated: int) -> None:
    found = read_wav(wav_of_floats(tmp_path / "x.wav", [0.5, -0.25, 0.125], stated))
    assert (found.samples[0].tolist(), found.share) == ([0.5, -0.25, 0.125], 1)


def test_a_wav_file_that_is_cut_short_is_read_and_named(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        wav_of_floats(tmp_path / f"{name}.wav", signal(4000, 1).tolist())
    whole = (tmp_path / "b.wav").read_bytes()
    (tmp_path / "b.wav").write_bytes(whole[: len(whole) // 2])
    samples, findings = read_all(tmp_path)
    assert sorted(window(one).channels[0].readings.size for one in samples) == [1994, 4000, 4000]
    [told] = [one for one in findings if one.check == "cut-short"]
    assert (told.level, told.evidence) == ("warn", ("b.wav: 49 % of its readings are there",))
    assert "copy it again" in told.fix


def test_bad_captures_are_findings(tmp_path: Path) -> None:
    put(tmp_path / "a.wav", b"RIFF\0\0\0\0WAVEfmt ")
    put(tmp_path / "b.wav", b"no")
    samples, findings = read_all(tmp_path)
    assert samples == []
    assert [f.evidence for f in findings if f.level == "fail"] == [("a.wav",), ("b.wav",)]


def test_numpy_files(tmp_path: Path) -> None:
    for i in range(2):
        np.save(tmp_path / f"ball_{i}_12k.npy", signal(600, i).reshape(300, 2))
    samples, _ = read_all(tmp_path)
    assert names(samples[0]) == ["c1", "c2"]
    assert samples[0].annotation is not None and samples[0].annotation.label == "ball"


def test_a_file_per_sensor_with_a_row_per_cycle(tmp_path: Path) -> None:
    cycles = 30
    for name, width in (("PS1", 300), ("FS1", 60), ("TS1", 20)):
        rows = signal(cycles * width, width).reshape(cycles, width)
        put(tmp_path / f"{name}.txt", "\n".join("\t".join(f"{v:.3f}" for v in r) for r in rows))
    profile = [
        [100 if i < 15 else 20 if i < 20 else 3, 100 - 10 * (i % 3 == 2) * (i < 15), 0, 0, i % 2]
        for i in range(cycles)
    ]
    put(tmp_path / "profile.txt", "\n".join("\t".join(map(str, r)) for r in profile))
    put(tmp_path / "description.txt", "about the rig\n")
    assert data.detect_format(tmp_path) == "captures"
    samples, findings = read_all(tmp_path)
    assert len(samples) == cycles
    found = window(samples[0])
    assert {c.name: found.rate_of(c) for c in found.channels} == {
        "PS1": 5.0, "FS1": 1.0, "TS1": pytest.approx(1 / 3),
    }  # fmt: skip
    labels = [s.annotation.label for s in samples if s.annotation]
    assert labels[0] == "normal" and labels[20] == "cooler 3"
    assert levels(findings, "labels") == {"warn"}
    assert "60 s" in texts(findings, "rate")


def test_a_list_that_says_when_makes_lives_and_the_fault_found_later_is_no_label(
    tmp_path: Path,
) -> None:
    lines = ["file,bearing,minute,fault,rate_hz"]
    for bearing in ("B1", "B2"):
        for i in range(12):
            parquet(tmp_path / f"{bearing}_{i}.parquet", x=signal(512, i))
            lines.append(f"{bearing}_{i}.parquet,{bearing},{10 * i},outer race,25600")
    put(tmp_path / "meta.csv", "\n".join(lines))
    samples, _ = read_all(tmp_path)
    assert {s.group for s in samples} == {"B1", "B2"}
    assert life(samples[0]) == (pytest.approx(110 / 60), "h")
    assert {s.annotation.label for s in samples if s.annotation} == {""}


def test_a_speed_in_a_name_is_no_sampling_rate(tmp_path: Path) -> None:
    for i in range(2):
        put(
            tmp_path / "35Hz_12kN" / f"{i}.csv",
            "h,v\n" + "".join(f"{v:.4f},1\n" for v in signal(300, i)),
        )
    with pytest.raises(DataError, match="readings a second"):
        read_all(tmp_path, "captures")


def test_a_list_may_name_the_physical_unit(tmp_path: Path) -> None:
    for i in range(3):
        np.save(tmp_path / f"{i}.npy", signal(300, i))
    lines = [f"{i}.npy,ball,b{i},800,mm/s" for i in range(3)]
    put(tmp_path / "meta.csv", "\n".join(["file,class,bearing,rate_hz,unit", *lines]))
    samples, _ = read_all(tmp_path)
    assert window(samples[0]).channels[0].unit == "mm/s"
    assert [s.group for s in samples] == ["b0", "b1", "b2"]
