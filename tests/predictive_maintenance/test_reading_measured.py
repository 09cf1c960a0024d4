"""Files of programs that measure: HDF5 (also of Matlab and pandas) and TDMS of National Instruments."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from nptdms import ChannelObject, TdmsWriter
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.predictive_maintenance import data
from kits.predictive_maintenance._reading.formats import tables
from kits.predictive_maintenance._reading.formats.table import Table
from kits.predictive_maintenance._reading.formats.tables import read_table
from tests.predictive_maintenance.reading import (
    channel,
    levels,
    names,
    put,
    read_all,
    texts,
    wave,
    window,
)

Floats = NDArray[np.float64]
MORNING = np.datetime64("2026-03-02T06:00:00")
MORNING_S = datetime(2026, 3, 2, 6, tzinfo=timezone.utc).timestamp()


def signal(n: int = 600, seed: int = 0) -> Floats:
    return np.array(wave(n, seed=seed))


def numbers(table: Table, name: str) -> Floats:
    column = table.column(name)
    assert column is not None, table.names
    return column.values


def matlab(path: Path, **variables: float | str | Floats | dict[str, Floats]) -> Path:
    """As Matlab 7.3 writes: 512 bytes of its own, numbers as matrices, words as numbers of signs, structures as groups."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def keep(group: Any, name: str, value: object, kind: str) -> None:
        group.create_dataset(name, data=value).attrs["MATLAB_class"] = np.bytes_(kind)

    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in variables.items():
            if isinstance(value, str):
                keep(file, name, np.array([[ord(sign)] for sign in value], np.uint16), "char")
            elif isinstance(value, dict):
                group = file.create_group(name)
                group.attrs["MATLAB_class"] = np.bytes_("struct")
                for field, inner in value.items():
                    keep(group, field, np.atleast_2d(inner), "double")
            else:
                keep(file, name, np.atleast_2d(value), "double")
    with path.open("r+b") as whole:
        whole.write(b"MATLAB 7.3 MAT-file, Platform: PCWIN64, HDF5 schema 1.00 .".ljust(124))
        whole.write(b"\x00\x02IM")
    return path


def tdms(path: Path, *channels: ChannelObject) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with TdmsWriter(path) as writer:
        writer.write_segment(list(channels))
    return path


def taken(
    name: str, values: Any, step_s: float = 0.0, group: str = "Data", **told: Any
) -> ChannelObject:
    """A channel; with a step, a waveform that began in the morning."""
    form = {"wf_increment": step_s, "wf_start_time": MORNING} if step_s else {}
    return ChannelObject(group, name, np.asarray(values), properties={**form, **told})


# -- HDF5 ------------------------------------------------------------------------------------------


def test_datasets_of_one_length_are_columns_with_their_units_and_the_rate_beside_them(
    tmp_path: Path,
) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file.create_group("run 1")
        group.attrs["sampling_rate"] = 2000
        group.create_dataset("Acceleration", data=signal()).attrs["unit"] = "g"
        group.create_dataset("Pressure (bar)", data=signal(seed=1).astype(np.float32))
        group.create_dataset("both", data=np.stack([signal(), signal(seed=1)], axis=1))
        group.create_dataset("shaft_rpm", data=1480.0)
        file.create_dataset("state", data=["run"] * 600)
        file.create_dataset("settings", data=[1.0, 2.0, 3.0])
    found = read_table(tmp_path / "a.h5")
    assert " ".join(found.names) == "time Acceleration Pressure both1 both2 state shaft_rpm"
    units = {c.name: c.unit for c in found.columns}
    assert (units["Acceleration"], units["Pressure"], units["time"]) == ("g", "bar", "s")
    assert numbers(found, "Acceleration") == pytest.approx(signal())
    assert numbers(found, "time")[:3] == pytest.approx([0, 0.0005, 0.001])
    assert set(numbers(found, "shaft_rpm")) == {1480.0}
    assert set(numbers(found, "state")) == {"run"}
    assert "not 600 readings each" in texts(found.findings) and "settings" in texts(found.findings)
    assert read_table(tmp_path / "a.h5", 10).rows == 10


def test_two_rates_that_differ_are_none(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("a", data=signal()).attrs["fs"] = 100.0
        file.create_dataset("b", data=signal()).attrs["fs"] = 200.0
    assert read_table(tmp_path / "a.h5").names == ("a", "b")


def test_a_rate_of_what_is_left_out_is_not_taken(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("slow", data=signal(60)).attrs["dt"] = 1.0
        file.create_dataset("fast", data=signal()).attrs["dt"] = 0.001
    found = read_table(tmp_path / "a.h5")
    assert found.names == ("time", "fast")
    assert numbers(found, "time")[1] == pytest.approx(0.001)


def test_frames_of_pandas_are_read_with_names_and_times_and_nothing_is_unpickled(
    tmp_path: Path,
) -> None:
    """As its `to_hdf` writes, in both of its forms."""
    ticks = (MORNING.astype("datetime64[us]").astype(np.int64) + np.arange(600) * 10**6).astype(
        np.int64
    )
    with h5py.File(tmp_path / "fixed.h5", "w") as file:
        frame = file.create_group("df")
        frame.create_dataset("axis0", data=[b"temp", b"current", b"note", b"count"])
        index = frame.create_dataset("axis1", data=ticks)
        index.attrs["kind"] = np.bytes_("datetime64[us]")
        frame.create_dataset("block0_items", data=[b"temp", b"current"])
        frame.create_dataset("block0_values", data=np.stack([signal(), signal(seed=1)], axis=1))
        frame.create_dataset("block1_items", data=[b"count"])
        frame.create_dataset("block1_values", data=np.arange(600)[:, np.newaxis])
        pickled = h5py.vlen_dtype(np.dtype("uint8"))
        frame.create_dataset("block2_values", shape=(1,), dtype=pickled)[0] = np.frombuffer(
            b"cos\nsystem\n(S'touch /tmp/unpickled'\ntR.", np.uint8
        )
    found = read_table(tmp_path / "fixed.h5")
    assert found.names == ("time", "temp", "current", "count")
    assert numbers(found, "time")[1] == MORNING_S + 1
    assert numbers(found, "current") == pytest.approx(signal(seed=1))
    assert (found.columns[0].kind, found.columns[0].naive) == ("time", True)
    assert texts(found.findings).splitlines()[1:] == ["df/block2_values"]

    rows = np.zeros(
        600, [("index", "i8"), ("values_block_0", "f8", (2,)), ("values_block_1", "S4")]
    )
    rows["index"] = ticks
    rows["values_block_0"] = np.stack([signal(), signal(seed=1)], axis=1)
    rows["values_block_1"] = b"run"
    with h5py.File(tmp_path / "table.h5", "w") as file:
        table = file.create_dataset("df/table", data=rows)
        table.attrs["index_kind"] = np.bytes_("datetime64[us]")
        table.attrs["values_block_0_kind"] = np.bytes_("(lp0\nVtemp\np1\naVcurrent\np2\na.")
        table.attrs["values_block_1_kind"] = np.bytes_("cos\nsystem\n(S'true'\ntR.")
        file.create_dataset("df/_i_table/index/sorted", data=np.arange(100_000))
    found = read_table(tmp_path / "table.h5")
    assert found.names == ("time", "temp", "current", "values_block_1")
    assert numbers(found, "time")[0] == MORNING_S
    assert set(numbers(found, "values_block_1")) == {"run"}


def test_matlab_from_7_3_on_is_read_as_captures_with_rate_and_speed(tmp_path: Path) -> None:
    for number, fault in enumerate(("normal", "inner", "normal", "inner")):
        matlab(
            tmp_path / fault / f"rec{number}.mat", DE=signal(), FE=signal(seed=1), Fs=12_000.0, rpm=1772.0,
            note="bench 4", info={"gains": np.array([1.0, 2.0])},
        )  # fmt: skip
    samples, findings = read_all(tmp_path)
    assert len(samples) == 4 and names(samples[0]) == ["DE", "FE", "rpm"]
    assert window(samples[0]).rate_hz == pytest.approx(12_000)
    assert channel(samples[0], "FE").readings == pytest.approx(signal(seed=1), abs=1e-4)
    assert {s.annotation.label for s in samples if s.annotation} == {"normal", "inner"}
    told = texts(findings, "columns-left-out")
    assert "info/gains" in told and "note" not in told


def test_what_lies_in_other_files_is_not_read(tmp_path: Path) -> None:
    put(tmp_path / "secret.bin", np.arange(600, dtype=np.float64).tobytes())
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.create_dataset("private", data=signal())
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("own", data=signal())
        size = h5py.h5f.UNLIMITED
        file.create_dataset("raw", (600,), "f8", external=[(tmp_path / "secret.bin", 0, size)])
        layout = h5py.VirtualLayout((600,), "f8")
        layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "private", (600,))
        file.create_virtual_dataset("view", layout)
        file["link"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "private")
    found = read_table(tmp_path / "a.h5")
    assert found.names == ("own",)
    assert texts(found.findings).splitlines()[1:] == ["raw", "view"]


def test_hdf5_that_unpacks_to_more_than_is_read_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MAX_ARRAY_BYTES", 1 << 20)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("a", data=np.zeros(400_000, np.int8), compression="gzip")
    with pytest.raises(DataError) as error:
        read_table(tmp_path / "a.h5")
    assert (error.value.what, error.value.where) == (
        "its readings take 3 MiB, more than 1",
        "a.h5",
    )


@pytest.mark.parametrize("name", ["a.h5", "a.hdf5", "a.tdms", "a.mat"])
def test_a_file_that_is_none_or_cut_is_told(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = tmp_path / name
    if name.endswith("tdms"):
        tdms(whole, taken("a", signal(), 0.001))
    else:
        matlab(whole, a=signal())
    content = whole.read_bytes()
    for broken in (b"time,a\n1,2\n", content[:40], content[:100], b""):
        with pytest.raises(DataError) as error:
            read_table(put(tmp_path / name, broken))
        assert error.value.where == name
    assert capfd.readouterr().err == ""


def test_hdf5_without_readings_is_told(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("cube", data=np.zeros((3, 4, 5)))
        file.create_dataset("speed", data=5.0)
    with pytest.raises(DataError, match="no dataset with readings in it"):
        read_table(tmp_path / "a.h5")


# -- TDMS ------------------------------------------------------------------------------------------


def test_a_fast_waveform_counts_from_its_beginning_and_a_slow_one_has_the_times_of_the_clock(
    tmp_path: Path,
) -> None:
    tdms(tmp_path / "fast.tdms", taken("Acc (g)", signal(), 1 / 25_600), taken("Mic", signal(), 1 / 25_600, unit_string="Pa"))  # fmt: skip
    fast = read_table(tmp_path / "fast.tdms")
    assert fast.names == ("time", "Acc", "Mic")
    assert [c.unit for c in fast.columns] == ["s", "g", "Pa"]
    assert numbers(fast, "time")[-1] == pytest.approx(599 / 25_600, rel=1e-12)
    tdms(tmp_path / "slow.tdms", taken("Oil", signal(), 10.0, wf_start_offset=5.0))
    slow = read_table(tmp_path / "slow.tdms", 20)
    assert (slow.columns[0].kind, slow.columns[0].naive, slow.rows) == ("time", False, 20)
    assert numbers(slow, "time")[1] == MORNING_S + 15


def test_channels_of_several_rates_come_to_common_rows(tmp_path: Path) -> None:
    for day in range(3):
        start = MORNING + np.timedelta64(day, "D")
        tdms(
            tmp_path / f"log_2026-03-0{2 + day}.tdms",
            taken("Oil", signal(8640), 10.0, wf_start_time=start, unit_string="degC"),
            taken("Room", signal(1440, 1), 60.0, "Hall", wf_start_time=start),
        )
    samples, findings = read_all(tmp_path)
    assert samples and "put on common rows" in texts(findings)
    assert set(names(samples[0])) == {"Oil", "Room"}
    assert channel(samples[0], "Oil").unit == "degC"
    assert "3 files continue the record" in texts(findings)


def test_a_folder_of_captures_says_its_rate_itself(tmp_path: Path) -> None:
    for number, fault in enumerate(("normal", "outer", "normal", "outer")):
        tdms(tmp_path / fault / f"{number}.tdms", taken("DE", signal(2000, number), 1 / 12_000))
    assert data.detect_format(tmp_path) == "captures"
    samples, findings = read_all(tmp_path)
    assert [window(s).rate_hz for s in samples] == pytest.approx([12_000] * 4)
    assert levels(findings, "rate") == {"pass"}


def test_channels_without_a_waveform_have_a_column_of_times_or_are_of_one_length(
    tmp_path: Path,
) -> None:
    clock = MORNING + np.arange(600) * np.timedelta64(1, "s")
    tdms(
        tmp_path / "a.tdms",
        taken("Force", signal()), taken("When", clock.astype("datetime64[us]")), taken("Word", ["on"] * 600),
        taken("Force", signal(20), group="Other"), taken("phase", np.array([1j, 2j])),
    )  # fmt: skip
    found = read_table(tmp_path / "a.tdms")
    assert found.names == ("When", "Data/Force", "Word")
    assert numbers(found, "When")[1] == MORNING_S + 1
    assert sorted(texts(found.findings).splitlines()[1:]) == ["Data/phase", "Other/Force"]
    tdms(tmp_path / "b.tdms", taken("a", signal()), taken("b", signal(20)))
    plain = read_table(tmp_path / "b.tdms")
    assert plain.names == ("a",) and "Data/b" in texts(plain.findings)


def test_a_beginning_that_nobody_set_is_none(tmp_path: Path) -> None:
    zero = np.datetime64("1904-01-01T00:00:00")
    tdms(tmp_path / "a.tdms", taken("a", signal(), 10.0, wf_start_time=zero))
    clock = read_table(tmp_path / "a.tdms").columns[0]
    assert (clock.kind, clock.unit, clock.values[1]) == ("number", "s", 10.0)


def test_a_measurement_that_broke_off_is_read_as_far_as_it_goes_and_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tdms(tmp_path / "a.tdms", taken("a", signal(), 0.01))
    put(path, path.read_bytes()[:-800])
    found = read_table(path)
    assert found.rows == 500
    assert [f.level for f in found.findings] == ["warn"]
    assert "not whole" in texts(found.findings)
    assert capfd.readouterr().err == ""


def test_more_readings_than_a_file_has_room_for_are_not_made_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tdms(tmp_path / "a.tdms", taken("a", signal(), 0.01))
    monkeypatch.setattr(tables, "MAX_CELLS", 500)
    with pytest.raises(DataError, match="600 readings are more than 500"):
        read_table(path)


# -- NumPy and older Matlab ------------------------------------------------------------------------


def test_single_numbers_and_other_lengths_of_arrays_are_as_in_hdf5(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=signal(), fs=500.0, rpm=1480.0, offsets=np.zeros(3))
    found = read_table(tmp_path / "a.npz")
    assert found.names == ("time", "a", "rpm")
    assert numbers(found, "time")[1] == pytest.approx(0.002)
    assert texts(found.findings).splitlines()[1:] == ["offsets"]
