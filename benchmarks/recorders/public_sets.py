"""How public sets of machine data are laid out: the shapes that people start with; the readings are ours."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from benchmarks.recorders.made import Reading
from benchmarks.recorders.tracks import Track
from benchmarks.recorders.writing import PLAIN, Files, Recorder, Style, Told, at, rows, zulu

_FAULTY: Final = Told(faults=True)


def _text(lines: Sequence[Sequence[object]]) -> bytes:
    return PLAIN.text(lines)


def _skab() -> Files:
    head = ("datetime", "Temperature", "Accelerometer1RMS", "Power", "anomaly", "changepoint")
    body = [
        (at(r, "%Y-%m-%d %H:%M:%S"), r.temp, r.vib, r.power, float(r.faulty), 0.0)
        for r in _FAULTY.readings()
    ]
    return {"valve1/0.csv": Style(";").text([head, *body])}


def _nab() -> Files:
    made = [r for r in _FAULTY.readings() if r.power is not None]
    faulty = [r for r in made if r.faulty]
    windows = {
        "realKnownCause/machine_temperature_system_failure.csv": [
            [at(faulty[0], "%Y-%m-%d %H:%M:%S.000000"), at(faulty[-1], "%Y-%m-%d %H:%M:%S.000000")]
        ]
    }
    return {
        "realKnownCause/machine_temperature_system_failure.csv": Style().text(
            [("timestamp", "value"), *((at(r, "%Y-%m-%d %H:%M:%S"), r.power) for r in made)]
        ),
        "combined_windows.json": json.dumps(windows, indent=4),
    }


def _nab_truth() -> list[Track]:
    return replace(_FAULTY, channels=("power",)).tracks()


def _azure() -> Files:
    told = Told(machines=2)
    made = told.readings()
    fault = {m: [r for r in made if r.machine == m and r.faulty] for m in ("M1", "M2")}
    return {
        "PdM_telemetry.csv": _text(
            [
                ("datetime", "machineID", "volt", "rotate", "vibration"),
                *(
                    (at(r, "%Y-%m-%d %H:%M:%S"), int(r.machine[1:]), r.temp, r.power, r.vib)
                    for r in made
                ),
            ]
        ),
        "PdM_failures.csv": _text(
            [
                ("datetime", "machineID", "failure"),
                *((at(f[0], "%Y-%m-%d %H:%M:%S"), int(m[1:]), "comp1") for m, f in fault.items()),
            ]
        ),
        "PdM_errors.csv": _text(
            [
                ("datetime", "machineID", "errorID"),
                *((at(f[0], "%Y-%m-%d %H:%M:%S"), int(m[1:]), "error1") for m, f in fault.items()),
            ]
        ),
        "PdM_maint.csv": _text(
            [
                ("datetime", "machineID", "comp"),
                *((at(f[-1], "%Y-%m-%d %H:%M:%S"), int(m[1:]), "comp1") for m, f in fault.items()),
            ]
        ),
        "PdM_machines.csv": _text(
            [("machineID", "model", "age"), (1, "model3", 18), (2, "model4", 7)]
        ),
    }


def _azure_truth() -> list[Track]:
    found = Told(machines=2, faults=True).tracks()
    starts = [t.faults.index("fault") for t in found if t.faults]
    return [
        replace(t, name=t.name, faults=tuple("fault" if n == start else "" for n in range(240)))
        for t, start in zip(found, starts)
    ]


def _pump_state(reading: Reading) -> str:
    if not reading.faulty:
        return "NORMAL"
    return "BROKEN" if reading.n == 192 else "RECOVERING"


def _pump() -> Files:
    """Kaggle's pump: BROKEN at a moment, RECOVERING after it."""
    head = ("", "timestamp", "sensor_00", "sensor_01", "sensor_02", "sensor_15", "machine_status")
    return {
        "sensor.csv": _text(
            [
                head,
                *(
                    (r.n, at(r, "%Y-%m-%d %H:%M:%S"), r.temp, r.vib, r.power, "", _pump_state(r))
                    for r in _FAULTY.readings()
                ),
            ]
        )
    }


RECORDERS: Final[tuple[Recorder, ...]] = (
    Recorder("SKAB", _skab, _FAULTY.tracks),
    Recorder("Numenta NAB", _nab, _nab_truth),
    Recorder("Azure predictive maintenance", _azure, _azure_truth),
    Recorder("Kaggle's pump sensors", _pump, _FAULTY.tracks),
    rows(
        "MetroPT-3",
        "MetroPT3(AirCompressor).csv",
        ("", "timestamp", "TP2", "TP3", "Motor_current"),
        lambda r: (r.n * 10, at(r, "%Y-%m-%d %H:%M:%S"), r.temp, r.vib, r.power),
    ),
    rows(
        "Wind turbine, SCADA of Kaggle",
        "T1.csv",
        ("Date/Time", "LV ActivePower (kW)", "Wind Speed (m/s)", "Theoretical_Power_Curve (KWh)"),
        lambda r: (at(r, "%d %m %Y %H:%M"), r.temp, r.vib, r.power),
    ),
    rows(
        "Engie La Haute Borne",
        "la-haute-borne.csv",
        ("Wind_turbine_name", "Date_time", "Ba_avg", "Rt_avg", "P_avg"),
        lambda r: (r.machine, at(r, "%Y-%m-%dT%H:%M:%S+01:00", 1), r.temp, r.vib, r.power),
        Style(";"),
        Told(named=True, machines=2),
    ),
    rows(
        "EDP wind farm",
        "signals.csv",
        ("Turbine_ID", "Timestamp", "Gen_RPM_Avg", "Amb_Temp_Avg", "Prod_Avg"),
        lambda r: (r.machine, at(r, "%Y-%m-%dT%H:%M:%S+00:00"), r.temp, r.vib, r.power),
        Style(";"),
        Told(named=True, machines=2),
    ),
    rows(
        "Genesis demonstrator",
        "Genesis_StateMachineLabel.csv",
        (
            "Timestamp",
            "MotorData.ActCurrent",
            "MotorData.ActPosition",
            "MotorData.ActSpeed",
            "Label",
        ),
        lambda r: (int(r.seconds), r.temp, r.vib, r.power, int(r.faulty)),
        Style(),
        _FAULTY,
    ),
    rows(
        "SKAB-like, label in German",
        "anlage.csv",
        ("Zeitstempel", "Temperatur", "Vibration", "Leistung", "Störung"),
        lambda r: (
            at(r, "%d.%m.%Y %H:%M:%S"),
            r.temp,
            r.vib,
            r.power,
            "ja" if r.faulty else "nein",
        ),
        Style(";", ","),
        _FAULTY,
    ),
    rows(
        "Occupancy-like, ISO with status words",
        "status.csv",
        ("time", "temp", "vib", "power", "machine_state"),
        lambda r: (zulu(r), r.temp, r.vib, r.power, "fault" if r.faulty else "ok"),
        Style(),
        _FAULTY,
    ),
)
