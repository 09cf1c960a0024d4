"""Further historians, clouds, condition monitors and loggers: written after the reader was mended for the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.recorders.made import UNITS, Reading
from benchmarks.recorders.writing import (
    PLAIN,
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


def _cells(reading: Reading, decimal: str = ".", missing: str = "") -> list[str]:
    told = (reading.temp, reading.vib, reading.power)
    return [missing if v is None else str(v).replace(".", decimal) for v in told]


def _since(reading: Reading) -> str:
    return f"{reading.n * 0.01:.4f}"


def _phd_excel(made: Sequence[Reading]) -> str:
    """Tags, what they are, and units, in three rows."""
    head = "Tag,TI101.PV,VI101.PV,JI101.PV\nDescription,Oil temperature,Housing vibration,Active power\nUnits,°C,mm/s,W\n"
    return head + "".join(
        f"{at(r, '%m/%d/%Y %H:%M:%S')},{','.join(_cells(r, missing='No Data'))}\n" for r in made
    )


def _sma(made: Sequence[Reading]) -> str:
    head = "sep=;\r\nVersion CSV1|Tool SB|Linebreaks CR/LF|Delimiter semicolon|Decimalpoint comma|Precision 3\r\n\r\n;SN: 1;SN: 1;SN: 1\r\n;STP;STP;STP\r\n;1;1;1\r\n;Temp;Vib;Pac\r\n;Analog;Analog;Analog\r\ndd.MM.yyyy HH:mm;°C;mm/s;W\r\n"
    return head + "".join(f"{at(r, '%d.%m.%Y %H:%M')};{';'.join(_cells(r, ','))}\r\n" for r in made)


def _kelmarsh(made: Sequence[Reading]) -> str:
    head = "# This file was exported by Greenbyte\n#\n# Turbine: T1\n# Time zone: UTC\n#\n# Date and time,Ambient temperature (°C),Drive train vibration (mm/s),Power (W)\n"
    return head + "".join(
        f"{at(r, '%Y-%m-%d %H:%M:%S')},{','.join(_cells(r, missing='NaN'))}\n" for r in made
    )


def _bk(made: Sequence[Reading]) -> str:
    """Brüel & Kjær: a long list of settings, then three columns."""
    head = [f"{key}:\t{value}" for key, value in (
        ("Header Size", 24), ("Version", "21"), ("Decimal Symbol", "."), ("Date Format", "m/d/yyyy"), ("Time Format", "HH:mm:ss"), ("Data Type", "Real"),
        ("Title1", "Time"), ("Title2", "Press"), ("X-axis size", 240), ("X-axis type", "Time"), ("X-axis unit", "s"), ("X-axis delta", "1.0000E-002"),
        ("Y-axis unit", "mixed"), ("Date", "11/3/2025"), ("Time", "22:00:00"))]  # fmt: skip
    return "\n".join([*head, "", "Time [s]\tTemp [°C]\tVib [mm/s]\tPower [W]", *("\t".join([_since(r), *_cells(r)]) for r in made)]) + "\n"  # fmt: skip


def _wincc_oa(reading: Reading, channel: str) -> Sequence[object]:
    bad = reading.value(channel) is None
    return (f"System1:Press.{channel}", at(reading, "%Y.%m.%d %H:%M:%S.%3"), reading.value(channel) or 0.0, 0 if bad else 1)  # fmt: skip


def _tsi(made: Sequence[Reading]) -> str:
    return dumps({"timestamps": [zulu(r) for r in made], "properties": [{"name": n, "type": "Double", "values": [r.value(n) for r in made]} for n in _FIELDS], "progress": 100.0})  # fmt: skip


RECORDERS: Final[tuple[Recorder, ...]] = (
    recorded("Honeywell PHD in a spreadsheet, saved as CSV", "phd_excel.csv", _phd_excel, _UNITED),
    recorded("SMA, report of an inverter", "sma.csv", _sma, _UNITED),
    recorded("Greenbyte, SCADA of Kelmarsh", "Turbine_Data.csv", _kelmarsh, _UNITED),
    recorded("Brüel & Kjær, text", "pulse.txt", _bk, _FAST),
    listed(
        "WinCC OA, ASCII export",
        "dpl.csv",
        ("DPE", "Timestamp", "Value", "Valid"),
        _wincc_oa,
        Style(";"),
    ),
    listed(
        "Siemens Desigo CC, trend",
        "desigo.csv",
        ("Zeitstempel", "Objekt", "Wert", "Einheit", "Qualität"),
        lambda r, c: (
            at(r, "%d.%m.%Y %H:%M:%S"),
            f"Presse.{c}",
            r.value(c),
            UNITS[c],
            "Gut" if r.value(c) is not None else "Schlecht",
        ),
        Style(";", ",", "0", "cp1252"),
        _UNITED,
    ),
    listed(
        "Wonderware through SQL, vValue",
        "vvalue.csv",
        ("DateTime", "TagName", "vValue", "Quality", "wwRetrievalMode"),
        lambda r, c: (
            at(r, "%Y-%m-%d %H:%M:%S.%3"),
            f"Press_{c}",
            r.value(c),
            0 if r.value(c) is not None else 1,
            "Full",
        ),
        Style(missing="NULL"),
    ),
    listed(
        "Grafana, series as rows",
        "series_rows.csv",
        ("Series", "Time", "Value"),
        lambda r, c: (c, at(r, "%Y-%m-%dT%H:%M:%S+00:00"), r.value(c)),
        Style(";", missing="null"),
        by_tag=True,
    ),
    listed(
        "Zabbix, several items",
        "history_uint.csv",
        ("itemid", "clock", "value", "ns"),
        lambda r, c: (23_000 + _FIELDS.index(c), int(r.seconds), r.value(c), 0),
    ),
    listed(
        "Prometheus, CSV with labels",
        "prom.csv",
        ("timestamp", "__name__", "instance", "value"),
        lambda r, c: (r.seconds, f"press_{c}", "m1:9100", r.value(c)),
        Style(missing="NaN"),
    ),
    rows(
        "Losant, CSV",
        "losant.csv",
        ("ISO Date", "ms Timestamp", *_FIELDS),
        lambda r: (zulu(r), r.ms, r.temp, r.vib, r.power),
    ),
    listed(
        "Adafruit IO, feeds",
        "adafruit.csv",
        ("id", "value", "feed_id", "created_at", "feed_key"),
        lambda r, c: (
            f"0E{r.n:04d}{_FIELDS.index(c)}",
            r.value(c),
            100 + _FIELDS.index(c),
            at(r, "%Y-%m-%d %H:%M:%S UTC"),
            f"press.{c}",
        ),
    ),
    recorded(
        "Columns as lists, JSON",
        "columns.json",
        lambda made: dumps(
            {"ts": [r.ms for r in made], **{n: [r.value(n) for r in made] for n in _FIELDS}}
        ),
    ),
    recorded("Azure Time Series Insights, answer", "tsi.json", _tsi),
    objects(
        "BigQuery, JSON lines",
        "bq.jsonl",
        lambda r: {"ts": at(r, "%Y-%m-%d %H:%M:%S UTC"), "machine": r.machine, **_present(r)},
        _NAMED,
    ),
    objects(
        "Pandas, records with epoch",
        "frame.json",
        lambda r: {
            "time": r.ms,
            "machine_id": r.machine,
            "temp": r.temp,
            "vib": r.vib,
            "power": r.power,
        },
        _NAMED,
        around=lambda found: found,
    ),
    objects(
        "Kafka, messages with headers",
        "kafka.jsonl",
        lambda r: {
            "topic": "press",
            "partition": 0,
            "offset": r.n,
            "key": r.machine,
            "value": {"eventTime": zulu(r), "measurements": _present(r)},
        },
        besides=("partition", "offset"),
    ),
    rows(
        "Softing, qualities and times of each item",
        "softing.csv",
        (
            "Timestamp",
            "Temp.Value",
            "Temp.Quality",
            "Vib.Value",
            "Vib.Quality",
            "Power.Value",
            "Power.Quality",
        ),
        lambda r: (
            at(r, "%d.%m.%Y %H:%M:%S.%3"),
            r.temp or 0.0,
            "GOOD" if r.temp is not None else "BAD_COMM",
            r.vib or 0.0,
            "GOOD" if r.vib is not None else "BAD_COMM",
            r.power,
            "GOOD",
        ),
        Style(";", ","),
    ),
    rows(
        "NI FlexLogger",
        "flex.csv",
        ("Date/Time", "Temp (°C)", "Vib (mm/s)", "Power (W)"),
        lambda r: (at(r, "%m/%d/%Y %I:%M:%S.%3000 %p"), r.temp, r.vib, r.power),
        Style(above="Log time,11/3/2025 10:00:00 PM\nTest,Press\n\n"),
        _UNITED,
    ),
    listed(
        "SKF @ptitude, points",
        "aptitude.csv",
        ("Point name", "Date/Time", "Overall value", "Units"),
        lambda r, c: (f"PRESS {c.upper()}", at(r, "%d/%m/%Y %H:%M:%S"), r.value(c), UNITS[c]),
        Style(),
        _UNITED,
    ),
    rows(
        "Emerson AMS, overall trend",
        "ams.csv",
        ("Equipment", "Date", "Time", "Temp °C", "Vib mm/s", "Power W"),
        lambda r: (r.machine, at(r, "%d-%b-%y"), at(r, "%H:%M:%S"), r.temp, r.vib, r.power),
        Style(),
        _NAMED,
    ),
    rows(
        "ifm moneo, one sensor",
        "moneo.csv",
        ("timestamp", "value", "unit"),
        lambda r: (at(r, "%Y-%m-%dT%H:%M:%S.%3Z"), r.temp, "°C"),
        Style(";"),
        Told(channels=("temp",)),
    ),
    rows(
        "Balluff and others, epoch of microseconds",
        "micro.csv",
        ("epoch_us", *_FIELDS),
        lambda r: (r.ms * 1000, r.temp, r.vib, r.power),
    ),
    rows(
        "Excel in France, semicolons and short years",
        "essai.csv",
        ("Horodatage", "Température", "Vibration", "Puissance"),
        lambda r: (at(r, "%d/%m/%y %H:%M"), r.temp, r.vib, r.power),
        Style(";", ",", "#N/A", "cp1252"),
    ),
    rows(
        "Spanish panel",
        "registro.csv",
        ("Fecha y hora", "Temperatura", "Vibración", "Potencia"),
        lambda r: (at(r, "%d/%m/%Y %H:%M:%S"), r.temp, r.vib, r.power),
        Style(";", ",", "---", "cp1252"),
    ),
    rows(
        "Turkish panel, code page 1254",
        "kayit.csv",
        ("Tarih", "Saat", "Sıcaklık", "Titreşim", "Güç"),
        lambda r: (at(r, "%d.%m.%Y"), at(r, "%H:%M:%S"), r.temp, r.vib, r.power),
        Style(";", ",", encoding="cp1254"),
    ),
    rows(
        "Korean panel, code page 949",
        "기록.csv",
        ("일시", "온도", "진동", "전력"),
        lambda r: (at(r, "%Y-%m-%d %H:%M:%S"), r.temp, r.vib, r.power),
        Style(encoding="cp949"),
    ),
    rows(
        "India, half an hour in the zone",
        "ist.csv",
        ("Date Time, GMT+05:30", "Temp", "Vib", "Power"),
        lambda r: (at(r, "%d/%m/%Y %H:%M:%S", 5.5), r.temp, r.vib, r.power),
    ),
    rows(
        "Zone in words in the header",
        "berlin.csv",
        ("Time (Europe/Berlin)", "Temp", "Vib", "Power"),
        lambda r: (at(r, "%Y-%m-%d %H:%M:%S", 1), r.temp, r.vib, r.power),
    ),
    rows(
        "Apostrophes as thousands, Switzerland",
        "schweiz.csv",
        ("Zeit", "Temp", "Vib", "Leistung"),
        lambda r: (at(r, "%d.%m.%Y %H:%M:%S"), r.temp, r.vib, f"{r.power:,}".replace(",", "'")),
        Style(";"),
    ),
    rows(
        "English thousands in quotes",
        "thousands.csv",
        ("Time", "Temp", "Vib", "Power"),
        lambda r: (at(r, "%Y-%m-%d %H:%M:%S"), r.temp, r.vib, f"{r.power:,}"),
    ),
    rows(
        "Exponents with commas",
        "exponent.csv",
        ("Zeit", "Temp", "Vib", "Leistung"),
        lambda r: (
            at(r, "%d.%m.%Y %H:%M:%S"),
            *(
                f"{v:.5E}".replace(".", ",") if v is not None else "NaN"
                for v in (r.temp, r.vib, r.power)
            ),
        ),
        Style(";"),
    ),
    recorded(
        "Newest first",
        "newest.csv",
        lambda made: PLAIN.text(
            [
                ("Time", *_FIELDS),
                *((at(r, "%Y-%m-%d %H:%M:%S"), r.temp, r.vib, r.power) for r in reversed(made)),
            ]
        ),
    ),
    rows(
        "Sentinels for missing, -9999",
        "sentinel.csv",
        ("Time", *_FIELDS),
        lambda r: (at(r, "%Y-%m-%d %H:%M:%S"), r.temp, r.vib, r.power),
        Style(missing="-9999"),
    ),
    rows(
        "Sentinels for missing, -999.25",
        "las.csv",
        ("Time", *_FIELDS),
        lambda r: (at(r, "%Y-%m-%d %H:%M:%S"), r.temp, r.vib, r.power),
        Style(missing="-999.25"),
    ),
    rows(
        "LogFmt of a gateway",
        "gateway.log",
        (),
        lambda r: (
            f"ts={zulu(r)} level=info machine={r.machine} "
            + " ".join(f"{n}={v}" for n, v in _present(r).items()),
        ),
        Style("\x1f"),
    ),
)
