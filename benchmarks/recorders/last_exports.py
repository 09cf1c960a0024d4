"""A last round of recorders: written when the reader was done with all others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.recorders.made import UNITS, Reading
from benchmarks.recorders.writing import (
    PLAIN,
    Files,
    Recorder,
    Style,
    Told,
    at,
    dumps,
    listed,
    objects,
    recorded,
    rows,
    zulu,
)

_FIELDS: Final = ("temp", "vib", "power")
_NAMED: Final = Told(named=True, machines=2)
_UNITED: Final = Told(units=True)
_FAST: Final = Told(dated=False, step_s=0.01, units=True)


def _present(reading: Reading) -> dict[str, float]:
    return {name: v for name in _FIELDS if (v := reading.value(name)) is not None}


def _values(reading: Reading) -> tuple[object, ...]:
    return (reading.temp, reading.vib, reading.power)


def _by_month() -> Files:
    """A file per machine and day, in a folder per machine."""
    made = _NAMED.readings()
    return {
        f"{m}/2025-11-{d:02d}.csv": PLAIN.text([("time", *_FIELDS), *((at(r, "%Y-%m-%d %H:%M:%S"), *_values(r)) for r in made if r.machine == m and r.at.day == d)])
        for m in ("M1", "M2") for d in (3, 4)
    }  # fmt: skip


def _day_in_name() -> Files:
    """Hours alone in the rows: the day stands in the file's name."""
    made = Told().readings()
    return {
        f"press_2025-11-{d:02d}.csv": PLAIN.text([("Time", *_FIELDS), *((at(r, "%H:%M:%S"), *_values(r)) for r in made if r.at.day == d)])
        for d in (3, 4)
    }  # fmt: skip


def _stoppages() -> Files:
    """Readings, and a list of stoppages as a maintenance program writes it."""
    made = Told(faults=True).readings()
    faulty = [r for r in made if r.faulty]
    return {
        "messwerte.csv": Style(";", ",").text([("Zeit", "Temp", "Vib", "Leistung"), *((at(r, "%d.%m.%Y %H:%M:%S"), *_values(r)) for r in made)]),
        "fehlerliste.csv": Style(";").text([("Beginn", "Ende", "Störung"), (at(faulty[0], "%d.%m.%Y %H:%M:%S"), at(faulty[-1], "%d.%m.%Y %H:%M:%S"), "Lager heiß")]),
    }  # fmt: skip


def _concatenated(made: Sequence[Reading]) -> str:
    """A logger that writes its head each time it is switched on."""
    head = "Logger L7\nSerial;1234\n\nTime;Temp;Vib;Power\n"
    lines = [
        f"{at(r, '%Y-%m-%d %H:%M:%S')};{';'.join('' if v is None else str(v) for v in _values(r))}\n"
        for r in made
    ]
    return head + "".join(lines[:100]) + head + "".join(lines[100:])


def _ruled(made: Sequence[Reading]) -> str:
    """Columns of fixed width below a line of dashes."""
    head = f"{'Date':10}  {'Time':8}  {'Temp':>8}  {'Vib':>8}  {'Power':>8}\n{'-' * 10}  {'-' * 8}  {'-' * 8}  {'-' * 8}  {'-' * 8}\n"
    return head + "".join(
        f"{at(r, '%Y-%m-%d')}  {at(r, '%H:%M:%S')}  {'-' if r.temp is None else r.temp:>8}  {'-' if r.vib is None else r.vib:>8}  {r.power:>8}\n"
        for r in made
    )


def _html_cells(reading: Reading) -> str:
    told = (at(reading, "%Y-%m-%d %H:%M:%S"), *_values(reading))
    return "".join(f"<td>{'' if v is None else v}</td>" for v in told)


def _html(made: Sequence[Reading]) -> str:
    return (
        "<html><body><table><tr><th>Time</th><th>Temp</th><th>Vib</th><th>Power</th></tr>"
        + "".join(f"<tr>{_html_cells(r)}</tr>" for r in made)
        + "</table></body></html>"
    )


def _of_tag(made: Sequence[Reading], name: str, header: str) -> bytes:
    """The readings of one tag; those that are missing were not recorded."""
    present = ((at(r, "%Y-%m-%d %H:%M:%S"), v) for r in made if (v := r.value(name)) is not None)
    return PLAIN.text([("Timestamp", header), *present])


def _file_per_tag() -> Files:
    made = Told().readings()
    return {f"{tag}.csv": _of_tag(made, name, "Value") for tag, name in (("TI101", "temp"), ("VI102", "vib"), ("JI103", "power"))}  # fmt: skip


def _file_per_tag_and_machine() -> Files:
    made = _NAMED.readings()
    return {f"{m}/{n}.csv": _of_tag([r for r in made if r.machine == m], n, n) for m in ("M1", "M2") for n in _FIELDS}  # fmt: skip


def _times_beside(header: Sequence[str]) -> Files:
    """A time beside each channel, in the order of their own: lists of different lengths side by side."""
    made = Told().readings()
    lists = [[(at(r, "%Y-%m-%d %H:%M:%S"), v) for r in made if (v := r.value(n)) is not None] for n in _FIELDS]  # fmt: skip
    rows_of = [sum((own[i] if i < len(own) else ("", "") for own in lists), ()) for i in range(len(made))]  # fmt: skip
    return {"trend.csv": PLAIN.text([header, *rows_of])}


RECORDERS: Final[tuple[Recorder, ...]] = (
    Recorder("A folder per machine, a file a day", _by_month, _NAMED.tracks),
    Recorder("Hours in the rows, the day in the name", _day_in_name, Told().tracks),
    Recorder("Readings and a German list of stoppages", _stoppages, Told(faults=True).tracks),
    Recorder("A file per tag, named as ISA 5.1 has it", _file_per_tag, Told().tracks),
    Recorder("A folder per machine, a file per tag", _file_per_tag_and_machine, _NAMED.tracks),
    Recorder(
        "WinCC, trends with times of their own",
        lambda: _times_beside([f"{n} {part}" for n in _FIELDS for part in ("Time", "ValueY")]),
        Told().tracks,
    ),
    Recorder(
        "PI DataLink, a time beside each tag",
        lambda: _times_beside([cell for n in _FIELDS for cell in ("Time", n)]),
        Told().tracks,
    ),
    recorded("A head each time it is switched on", "l7.csv", _concatenated),
    recorded("Columns of fixed width under dashes", "fixed.txt", _ruled),
    Recorder(
        "A web page named .xls",
        lambda: {"report.xls": _html(Told().readings())},
        list,
        refusal="a web page or XML",
    ),
    listed(
        "Endress+Hauser, Netilion",
        "netilion.csv",
        ("Asset", "Measured at (UTC)", "Key", "Value", "Unit"),
        lambda r, c: (r.machine, at(r, "%Y-%m-%d %H:%M:%S"), c, r.value(c), UNITS[c]),
        Style(),
        Told(named=True, machines=2, units=True),
    ),
    listed(
        "ABB Ability, signals",
        "ability.csv",
        ("objectId", "model", "variable", "timestamp", "value", "quality"),
        lambda r, c: (
            r.machine,
            "abb.ability.device",
            c,
            zulu(r),
            r.value(c),
            192 if r.value(c) is not None else 0,
        ),
        Style(missing="0"),
        _NAMED,
    ),
    listed(
        "Yokogawa FAST/TOOLS",
        "fasttools.csv",
        ("ITEM", "DATE", "TIME", "VALUE", "STATUS"),
        lambda r, c: (
            f"PLANT.{c.upper()}",
            at(r, "%d-%m-%Y"),
            at(r, "%H:%M:%S"),
            r.value(c),
            "GOOD" if r.value(c) is not None else "INVALID",
        ),
        Style(missing="0"),
    ),
    rows(
        "Mitsubishi MELSOFT, dates in three columns",
        "melsoft.csv",
        ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "D100", "D102", "D104"),
        lambda r: (
            r.at.year,
            r.at.month,
            r.at.day,
            r.at.hour,
            r.at.minute,
            r.at.second,
            *_values(r),
        ),
    ),
    rows(
        "Fuji, dates as numbers",
        "fuji.csv",
        ("Date", "Time", "CH1", "CH2", "CH3"),
        lambda r: (at(r, "%Y%m%d"), at(r, "%H%M%S"), *_values(r)),
    ),
    rows(
        "Eurotherm, minutes since the start",
        "eurotherm.csv",
        ("Elapsed (min)", "Temp [°C]", "Vib [mm/s]", "Power [W]"),
        lambda r: (r.n * 1.0, *_values(r)),
        Style(),
        Told(dated=False, units=True),
    ),
    rows(
        "Pandas, index without a name",
        "frame.csv",
        ("", *_FIELDS),
        lambda r: (at(r, "%Y-%m-%d %H:%M:%S+00:00"), *_values(r)),
    ),
    rows(
        "Spark, capital names and quotes",
        "part-0000.csv",
        ("EVENT_TS", "MACHINE_ID", "TEMP_C", "VIB_MM_S", "POWER_W"),
        lambda r: (zulu(r), r.machine, *_values(r)),
        Style(quoted=True),
        _NAMED,
    ),
    rows(
        "Snowflake, unload",
        "data_0_0_0.csv",
        ("TS", "DEVICE", "TEMP", "VIB", "POWER"),
        lambda r: (at(r, "%a, %d %b %Y %H:%M:%S Z"), r.machine, *_values(r)),
        Style(missing="\\N"),
        _NAMED,
    ),
    rows(
        "Power BI in the United States",
        "powerbi.csv",
        ("Timestamp", "Average of Temp", "Average of Vib", "Average of Power"),
        lambda r: (at(r, "%A, %B %d, %Y %I:%M:%S %p"), *_values(r)),
        Style(quoted=True),
    ),
    rows(
        "Kibana, saved search",
        "kibana.csv",
        ("@timestamp", "_id", "host.name", "press.temp", "press.vib", "press.power"),
        lambda r: (at(r, "%b %d, %Y @ %H:%M:%S.%3"), f"AX{r.n:05d}", "gw1", *_values(r)),
        Style(quoted=True, missing="-"),
    ),
    rows(
        "Splunk, export",
        "splunk.csv",
        ("_time", "_raw", "host", *_FIELDS),
        lambda r: (at(r, "%Y-%m-%dT%H:%M:%S.%3+0000"), f"t={r.n} x", "gw1", *_values(r)),
        Style(quoted=True),
    ),
    rows(
        "Danfoss, relative clock",
        "danfoss.csv",
        ("Time", "Temp °C", "Vib mm/s", "Power W"),
        lambda r: (f"{r.n // 60:02d}:{r.n % 60:02d}:00", *_values(r)),
        Style(";", ","),
        Told(dated=False),
    ),
    rows(
        "SEW and Lenze, milliseconds with a unit in the names",
        "sew.csv",
        ("t/ms", "Temp/°C", "Vib/mm/s", "Power/W"),
        lambda r: (r.n * 10, *_values(r)),
        Style(";", ","),
        Told(dated=False, step_s=0.01),
    ),
    objects(
        "Eclipse Ditto, things",
        "ditto.jsonl",
        lambda r: {
            "topic": f"plant/{r.machine}/things/twin/events/modified",
            "path": "/features",
            "value": {n: {"properties": {"value": v}} for n, v in _present(r).items()},
            "revision": r.n,
            "timestamp": zulu(r),
        },
        besides=("revision",),
    ),
    objects(
        "AWS IoT shadow, documents",
        "shadow.jsonl",
        lambda r: {
            "current": {
                "state": {"reported": _present(r)},
                "metadata": {"reported": {n: {"timestamp": int(r.seconds)} for n in _present(r)}},
                "version": r.n,
            },
            "timestamp": int(r.seconds),
        },
        besides=("version",),
    ),
    objects(
        "Google IoT, events",
        "events.jsonl",
        lambda r: {
            "deviceId": r.machine,
            "publishTime": zulu(r),
            "data": {"sensors": [{"id": n, "reading": v} for n, v in _present(r).items()]},
        },
        _NAMED,
    ),
    objects(
        "LoRaWAN of ChirpStack",
        "up.jsonl",
        lambda r: {
            "deviceInfo": {"deviceName": r.machine, "devEui": "01"},
            "time": at(r, "%Y-%m-%dT%H:%M:%S.%3000+00:00"),
            "fCnt": r.n,
            "object": _present(r),
        },
        _NAMED,
        besides=("fCnt", "devEui"),
    ),
    recorded(
        "Cumulocity, measurements",
        "measurements.json",
        lambda made: dumps(
            {
                "measurements": [
                    {
                        "id": str(r.n),
                        "time": zulu(r),
                        "type": "press",
                        "source": {"id": r.machine},
                        "c8y_Press": {
                            n: {"value": v, "unit": UNITS[n]} for n, v in _present(r).items()
                        },
                    }
                    for r in made
                ],
                "statistics": {"pageSize": 2000, "currentPage": 1},
            }
        ),
        Told(machines=1),
        ("measurements.id",),
    ),
    recorded(
        "OGC SensorThings, observations",
        "datastreams.json",
        lambda made: dumps(
            {
                "value": [
                    {
                        "name": n,
                        "unitOfMeasurement": {"symbol": UNITS[n], "name": n},
                        "Observations": [
                            {"phenomenonTime": zulu(r), "result": v}
                            for r in made
                            if (v := r.value(n)) is not None
                        ],
                    }
                    for n in _FIELDS
                ]
            }
        ),
        _UNITED,
    ),
    recorded(
        "WebSocket frames of an array",
        "frames.jsonl",
        lambda made: "".join(dumps([r.ms, r.temp, r.vib, r.power]) + "\n" for r in made),
    ),
    rows(
        "CSV with remarks at the end of rows",
        "remarks.csv",
        ("Time", *_FIELDS, "Remark"),
        lambda r: (
            at(r, "%Y-%m-%d %H:%M:%S"),
            *_values(r),
            "operator: cleaned, oiled; ok" if r.n == 30 else "",
        ),
    ),
    rows(
        "Blank before each cell",
        "blank.csv",
        ("Time", " Temp", " Vib", " Power"),
        lambda r: (
            at(r, "%Y-%m-%d %H:%M:%S"),
            *(f" {v}" if v is not None else " " for v in _values(r)),
        ),
    ),
    rows(
        "Hours beyond a day",
        "beyond.csv",
        ("Elapsed", *_FIELDS),
        lambda r: (f"{23 + r.n // 60}:{r.n % 60:02d}:00", *_values(r)),
        Style(),
        Told(dated=False),
    ),
)
