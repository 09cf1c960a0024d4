"""Further public sets, by their layouts: water and power plants, servers, vehicles, tools; the readings are ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from benchmarks.recorders.made import Reading
from benchmarks.recorders.public_units import life_track, life_values, row_values, rows_truth
from benchmarks.recorders.tracks import Track
from benchmarks.recorders.writing import PLAIN, Files, Recorder, Style, Told, at, rows

_FAULTY: Final = Told(faults=True)


def _component_x() -> Files:
    """Vehicles: histories, and when each was repaired."""
    body = [
        (u, c + 1, *(float(v) for v in life_values(u, 40)[:, c]))
        for u in range(1, 7)
        for c in range(40)
    ]
    return {"train_operational_readouts.csv": PLAIN.text([("vehicle_id", "time_step", "171_0", "666_0", "427_0"), *body]),
            "train_tte.csv": PLAIN.text([("vehicle_id", "length_of_study_time_step", "in_study_repair"), *((u, 40.0, 1) for u in range(1, 7))])}  # fmt: skip


def _component_truth() -> list[Track]:
    return [life_track(u, 40, 0) for u in range(1, 7)]


def _steel_like() -> Files:
    values, failed = row_values()
    return {
        "faults.csv": Style("\t").text(
            [(*map(float, v), "K_Scratch" if f else "none") for v, f in zip(values, failed)]
        )
    }


def _bosch_like() -> Files:
    values, failed = row_values()
    head = ("Id", "L0_S0_F0", "L0_S0_F2", "L0_S0_F4", "Response")
    return {
        "train_numeric.csv": PLAIN.text(
            [
                head,
                *(
                    (n * 2 + 4, *map(float, v), int(f))
                    for n, (v, f) in enumerate(zip(values, failed))
                ),
            ]
        )
    }


def _without_faults() -> list[Track]:
    """A column `Response` of 0 and 1 may be anything: the import asks for labels.columns."""
    return [replace(one, faults=None) for one in rows_truth()]


def _swat_state(reading: Reading) -> str:
    return ("A ttack" if reading.n % 5 == 0 else "Attack") if reading.faulty else "Normal"


RECORDERS: Final[tuple[Recorder, ...]] = (
    rows(
        "SWaT, water plant",
        "SWaT_Dataset_Attack_v0.csv",
        (" Timestamp", "FIT101", "LIT101", " MV101", "Normal/Attack"),
        lambda r: (at(r, " %d/%m/%Y %I:%M:%S %p"), r.temp, r.vib, r.power, _swat_state(r)),
        PLAIN,
        _FAULTY,
    ),
    rows(
        "WADI, water plant",
        "WADI_attackdataLABLE.csv",
        (
            "Row",
            "Date",
            "Time",
            "1_AIT_001_PV",
            "1_AIT_002_PV",
            "1_AIT_003_PV",
            "Attack LABLE (1:No Attack, -1:Attack)",
        ),
        lambda r: (
            r.n + 1,
            at(r, "%m/%d/%y"),
            at(r, "%I:%M:%S.%3 %p"),
            r.temp,
            r.vib,
            r.power,
            -1 if r.faulty else 1,
        ),
        PLAIN,
        _FAULTY,
    ),
    rows(
        "BATADAL, water network",
        "BATADAL_dataset04.csv",
        ("DATETIME", "L_T1", "L_T2", "F_PU1", "ATT_FLAG"),
        lambda r: (at(r, "%d/%m/%y %H"), r.temp, r.vib, r.power, int(r.faulty)),
        PLAIN,
        Told(step_s=3_600.0),
        ("ATT_FLAG",),
    ),
    rows(
        "ETT, transformers",
        "ETTm1.csv",
        ("date", "HUFL", "HULL", "OT"),
        lambda r: (at(r, "%Y-%m-%d %H:%M:%S"), r.temp, r.vib, r.power),
    ),
    rows(
        "Device failures of Kaggle",
        "predictive_maintenance_dataset.csv",
        ("date", "device", "failure", "metric1", "metric2", "metric3"),
        lambda r: (
            at(r, "%m/%d/%Y %H:%M"),
            f"S1F0{r.machine}",
            int(r.faulty),
            r.temp,
            r.vib,
            r.power,
        ),
        PLAIN,
        Told(faults=True, named=True, machines=2, step_s=86_400.0),
    ),
    rows(
        "Individual household power, UCI",
        "household_power_consumption.txt",
        ("Date", "Time", "Global_active_power", "Voltage", "Sub_metering_1"),
        lambda r: (at(r, "%d/%m/%Y"), at(r, "%H:%M:%S"), r.temp, r.vib, r.power),
        Style(";", missing="?"),
    ),
    rows(
        "Air quality, UCI",
        "AirQualityUCI.csv",
        ("Date", "Time", "CO(GT)", "C6H6(GT)", "NOx(GT)", "", ""),
        lambda r: (at(r, "%d/%m/%Y"), at(r, "%H.%M.%S"), r.temp, r.vib, r.power, "", ""),
        Style(";", ","),
    ),
    Recorder("Scania Component X", _component_x, _component_truth),
    Recorder("Steel plates, no names", _steel_like, rows_truth, pieces=True),
    Recorder(
        "Bosch production line", _bosch_like, _without_faults, frozenset({"Response"}), pieces=True
    ),
)
