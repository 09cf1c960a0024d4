"""What panels, historians, databases and loggers export, as they write it: channels by their names, on their own times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from tests.predictive_maintenance.reading import (
    channel,
    names,
    put,
    read_all,
    table,
    texts,
    wave,
    window,
)

N = 300
START = datetime(2025, 3, 3, 6, tzinfo=timezone.utc)
TEMP = [round(60 + v, 2) for v in wave(N)]
VIBRATION = [round(3 + v, 3) for v in wave(N, 11, seed=1)]


def at(n: int, form: str) -> str:
    return (START + timedelta(minutes=n)).strftime(form)


def comma(value: float) -> str:
    return str(value).replace(".", ",")


def wincc() -> str:
    """A row per tag and time, days times a million, and marks of the recording among the tags."""
    rows = ['"VarName";"TimeString";"VarValue";"Validity";"Time_ms"']
    for n in range(N):
        days = comma(round(45719.25 + n / 1440, 9) * 1e6)
        for tag, value in (("Temp", TEMP[n]), ("Vib", VIBRATION[n])):
            rows.append(f'"{tag}";"{at(n, "%d.%m.%Y %H:%M:%S")}";{comma(value)};1;{days}')
    return "\r\n".join([*rows, '"$RT_OFF$";"03.03.2025 11:00:00";0;2;45719458333,3']) + "\r\n"


def influx() -> str:
    """The database's annotations stand above the names."""
    head = ["#group,false,false,false,false,true,true,true", "#datatype,string,long,dateTime:RFC3339,double,string,string,string",
            "#default,_result,,,,,,", ",result,table,_time,_value,_field,_measurement,machine"]  # fmt: skip
    rows = [f",,{k},{at(n, '%Y-%m-%dT%H:%M:%SZ')},{values[n]},{tag},press,M1"
            for k, (tag, values) in enumerate((("Temp", TEMP), ("Vib", VIBRATION))) for n in range(N)]  # fmt: skip
    return "\n".join([*head, *rows])


def home_assistant() -> str:
    rows = [f"sensor.{tag},{'unavailable' if n == 150 else values[n]},{at(n, '%Y-%m-%dT%H:%M:%S.000Z')}"
            for tag, values in (("Temp", TEMP), ("Vib", VIBRATION)) for n in range(N)]  # fmt: skip
    return "\n".join(["entity_id,state,last_changed", *rows])


def grafana() -> str:
    rows = [f"{at(n, '%Y-%m-%d %H:%M:%S')},{TEMP[n]} °C,{VIBRATION[n]} mm/s" for n in range(N)]
    return "\n".join(['"Time","Temp","Vib"', *rows])


def ignition() -> str:
    rows = [f"{at(n, '%a %b %d %H:%M:%S')} GMT 2025,{TEMP[n]},{VIBRATION[n]}" for n in range(N)]
    return "\n".join(["t_stamp,Temp,Vib", *rows])


def logger() -> str:
    """A device's own lines above the names; the day and the time of day in two columns."""
    rows = [f"{n + 1};{at(n, '%d.%m.%Y')};{at(n, '%H:%M:%S')};{comma(TEMP[n])};{comma(VIBRATION[n])}"
            for n in range(N)]  # fmt: skip
    head = ["Gerätename;testo 176", "Seriennummer;40312345", "", "Id;Datum;Zeit;Temp [°C];Vib [mm/s]"]  # fmt: skip
    return "\n".join([*head, *rows])


@pytest.mark.parametrize(
    ("made", "units", "prefix"),
    [
        (wincc, ("", ""), ""),
        (influx, ("", ""), ""),
        (home_assistant, ("", ""), "sensor."),
        (grafana, ("°C", "mm/s"), ""),
        (ignition, ("", ""), ""),
        (logger, ("°C", "mm/s"), ""),
    ],
)
def test_channels_are_found_with_their_times(
    tmp_path: Path, made: Callable[[], str], units: tuple[str, str], prefix: str
) -> None:
    samples, findings = read_all(put(tmp_path / "export.csv", made()))
    learn = samples[0]
    assert names(learn) == [f"{prefix}Temp", f"{prefix}Vib"], texts(findings)
    assert tuple(c.unit for c in window(learn).channels) == units
    assert sum(int(str(sample.meta["readings"])) for sample in samples) == N
    assert np.allclose(channel(learn, f"{prefix}Temp").readings[:50], TEMP[:50], atol=0.01)
    assert window(learn).rate_hz == pytest.approx(1 / 60)
    assert window(learn).started_at == START


@pytest.mark.parametrize(
    ("day", "clock", "names_"),
    [("%d/%m/%Y", "%H.%M.%S", "Date;Time"), ("%Y-%m-%d", "%H:%M", "Fecha;Hora"), ("%d.%m.%Y", "%H:%M:%S", "Datum;Uhrzeit"),
     ("%m/%d/%Y", "%I:%M %p", "date;time"), ("%Y%m%d", "%H%M%S", "DATE;TIME")],
)  # fmt: skip
def test_a_day_and_an_hour_side_by_side_are_one_time(
    tmp_path: Path, day: str, clock: str, names_: str
) -> None:
    moments = [START + timedelta(minutes=n) for n in range(120)]
    rows = [f"{m.strftime(day)};{m.strftime(clock)};{v}" for m, v in zip(moments, TEMP)]
    text = "\n".join([f"{names_};Temp", *rows])
    samples, findings = read_all(put(tmp_path / "x.csv", text))
    assert "+" in texts(findings, "columns").partition("time: ")[2].split(";")[0]
    assert names(samples[0]) == ["Temp"]
    assert window(samples[0]).started_at == START
    assert window(samples[0]).rate_hz == pytest.approx(1 / 60)


def test_a_number_beside_a_day_is_no_hour(tmp_path: Path) -> None:
    """A running number called `time` beside dates was joined to them, and nothing could be read."""
    stamps = [at(n, "%Y-%m-%d %H:%M") for n in range(N)]
    samples, _ = read_all(
        put(tmp_path / "x.csv", table(["date", "time", "Temp"], stamps, range(N), TEMP))
    )
    assert "Temp" in names(samples[0])


def test_what_is_no_reading_of_a_tag_is_told(tmp_path: Path) -> None:
    _, findings = read_all(put(tmp_path / "export.csv", home_assistant()))
    assert "state: 2 cells" in texts(findings, "bad-cells")


def test_days_times_a_million_alone_are_times(tmp_path: Path) -> None:
    days = [round((45719.25 + n / 1440) * 1e6, 3) for n in range(N)]
    samples, findings = read_all(
        put(tmp_path / "export.csv", table(["Time_ms", "Temp"], days, TEMP))
    )
    assert "millionths of days" in texts(findings, "time")
    assert sum(int(str(sample.meta["readings"])) for sample in samples) == N


def test_columns_whose_units_alone_differ_stay_two(tmp_path: Path) -> None:
    """Brackets may hold a place as well as a unit."""
    stamps = [at(n, "%Y-%m-%d %H:%M:%S") for n in range(N)]
    header = ["time", "Pressure (in)", "Pressure (out)", "Flow", "Flow"]
    samples, _ = read_all(
        put(tmp_path / "p.csv", table(header, stamps, TEMP, VIBRATION, wave(N, 7), wave(N, 5)))
    )
    assert names(samples[0]) == ["Pressure [in]", "Pressure [out]", "Flow", "Flow 2"]


def test_a_table_of_rows_with_two_columns_of_texts_is_read(tmp_path: Path) -> None:
    """Texts of many values beside one of few: they were compared as a whole."""
    many = [f"note {n} of the shift" for n in range(60)]
    rows = table(["kind", "note", "other", "load"], ["a", "b"] * 30, many, [*many[1:], "x"], wave(60))  # fmt: skip
    samples, _ = read_all(put(tmp_path / "rows.csv", rows), "snapshots")
    assert len(samples) == 60 and names(samples[0]) == ["load"]


@pytest.mark.parametrize(
    "cells",
    [
        [f"{n % 4} hp" for n in range(N)],  # a setting
        [f"{n}.npy" for n in range(N)],
        [f"{n} {'A' if n % 2 else 'V'}" for n in range(N)],
        [f"{n} of 300" for n in range(N)],
    ],
)
def test_texts_with_numbers_in_them_stay_texts(tmp_path: Path, cells: list[str]) -> None:
    stamps = [at(n, "%Y-%m-%d %H:%M:%S") for n in range(N)]
    samples, _ = read_all(
        put(tmp_path / "x.csv", table(["time", "what", "Temp"], stamps, cells, TEMP))
    )
    units = {c.name: c.unit for c in window(samples[0]).channels}
    assert units.get("what", "code") == "code" and "Temp" in units
