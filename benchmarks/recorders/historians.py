"""Plant historians and panels (SCADA, HMI): by tag or side by side, with qualities, panels' own marks and Windows' code pages."""

from __future__ import annotations

from typing import Final

from benchmarks.recorders.made import Reading
from benchmarks.recorders.writing import (
    Recorder,
    Style,
    Told,
    at,
    listed,
    recorded,
    rows,
    thousands,
    zulu,
)

_PI: Final = {"temp": "TI101.PV", "vib": "VI101.PV", "power": "JI101.PV"}
_GERMAN: Final = {"temp": "Temperatur_Öl", "vib": "Schwinggeschwindigkeit", "power": "Leistung"}
_UNITED: Final = Told(units=True)


def _good(reading: Reading, channel: str, good: object = "Good", bad: object = "Bad") -> object:
    return bad if reading.value(channel) is None else good


def _wincc(reading: Reading, channel: str) -> tuple[object, ...]:
    days = round(25_569 + reading.seconds / 86_400, 9) * 1e6
    value = reading.value(channel)
    return (
        channel,
        at(reading, "%d.%m.%Y %H:%M:%S"),
        value if value is not None else 0.0,
        _good(reading, channel, 1, 0),
        days,
    )


def _ignition_dataset(made: list[Reading]) -> str:
    """What the designer copies out of a dataset: names, types and the count of rows, then rows."""
    head = '"#NAMES"\n"t_stamp","Press/Temp","Press/Vib","Press/Power"\n"#TYPES"\n"date","D","D","D"\n"#ROWS","240"\n'
    style = Style(quoted=True)
    body = style.text([(at(r, "%Y-%m-%d %H:%M:%S.%3"), r.temp, r.vib, r.power) for r in made])
    return head + body.decode()


RECORDERS: Final[tuple[Recorder, ...]] = (
    listed(
        "AVEVA PI, archived values by tag",
        "archive.csv",
        ("Tag", "Timestamp", "Value"),
        lambda r, c: (_PI[c], at(r, "%d-%b-%y %H:%M:%S"), r.value(c)),
        Style(missing="I/O Timeout"),
        by_tag=True,
    ),
    rows(
        "AVEVA PI DataLink, side by side",
        "datalink.csv",
        ("Timestamp", *_PI.values()),
        lambda r: (at(r, "%d-%b-%y %H:%M:%S"), r.temp, r.vib, r.power),
        Style(missing="Bad Input"),
    ),
    rows(
        "AVEVA PI DataLink in Germany",
        "pi_werte.csv",
        ("Zeitstempel", "TI101.PV [°C]", "VI101.PV [mm/s]", "JI101.PV [W]"),
        lambda r: (at(r, "%d.%m.%Y %H:%M:%S"), r.temp, r.vib, thousands(r.power, ".", ",")),
        Style(";", ",", "No Data", "cp1252"),
        _UNITED,
    ),
    listed(
        "AVEVA PI Web API through a script",
        "pi_web_api.csv",
        ("Name", "Timestamp", "UnitsAbbreviation", "Good", "Questionable", "Substituted", "Value"),
        lambda r, c: (
            _PI[c],
            at(r, "%Y-%m-%dT%H:%M:%S.0000000Z"),
            "",
            _good(r, c, "True", "False"),
            "False",
            "False",
            r.value(c),
        ),
        Style(missing="0"),
    ),
    listed(
        "AVEVA Historian, history table",
        "runtime.csv",
        ("DateTime", "TagName", "Value", "QualityDetail", "OPCQuality"),
        lambda r, c: (
            at(r, "%Y-%m-%d %H:%M:%S.%30000"),
            f"Press.{c}",
            r.value(c),
            _good(r, c, 192, 24),
            _good(r, c, 192, 0),
        ),
        Style(missing="NULL"),
    ),
    rows(
        "AVEVA Historian, wide",
        "wide.csv",
        ("DateTime", "Press.Temp", "Press.Vib", "Press.Power"),
        lambda r: (at(r, "%m/%d/%Y %I:%M:%S %p"), r.temp, r.vib, r.power),
        Style(missing="(null)"),
    ),
    listed(
        "Wonderware InTouch HistData",
        "histdata.csv",
        ("$Date", "$Time", "TagName", "Value"),
        lambda r, c: (at(r, "%m/%d/%y"), at(r, "%H:%M:%S"), c, r.value(c)),
        Style(),
    ),
    listed(
        "AspenTech IP.21",
        "ip21.csv",
        ("NAME", "IP_TREND_TIME", "IP_TREND_VALUE", "IP_TREND_QSTATUS"),
        lambda r, c: (
            _PI[c],
            at(r, "%d-%b-%y %H:%M:%S.0").upper(),
            r.value(c) if r.value(c) is not None else 0.0,
            _good(r, c),
        ),
        Style(),
    ),
    listed(
        "GE Proficy Historian",
        "proficy.csv",
        ("Tagname", "TimeStamp", "Value", "DataQuality"),
        lambda r, c: (f"SRV.{c}", at(r, "%m/%d/%Y %H:%M:%S.%3"), r.value(c), _good(r, c)),
        Style(missing="0", above="[Data]\n"),
    ),
    rows(
        "Honeywell Uniformance PHD",
        "phd.csv",
        (
            "TIMESTAMP",
            "TI101.PV",
            "TI101.PV Confidence",
            "VI101.PV",
            "VI101.PV Confidence",
            "JI101.PV",
            "JI101.PV Confidence",
        ),
        lambda r: (
            at(r, "%d-%b-%Y %H:%M:%S"),
            r.temp,
            _good(r, "temp", 100, 0),
            r.vib,
            _good(r, "vib", 100, 0),
            r.power,
            100,
        ),
        Style(),
        besides=("TI101.PV Confidence", "VI101.PV Confidence", "JI101.PV Confidence"),
    ),
    rows(
        "Canary Axiom",
        "axiom.csv",
        (
            "Timestamp",
            "Press.Temp",
            "Press.Temp Quality",
            "Press.Vib",
            "Press.Vib Quality",
            "Press.Power",
            "Press.Power Quality",
        ),
        lambda r: (
            at(r, "%m/%d/%Y %H:%M:%S"),
            r.temp or 0.0,
            _good(r, "temp"),
            r.vib or 0.0,
            _good(r, "vib"),
            r.power,
            "Good",
        ),
        Style(),
    ),
    rows(
        "Inductive Ignition, Java's date",
        "ignition.csv",
        ("t_stamp", "Press/Temp", "Press/Vib", "Press/Power"),
        lambda r: (at(r, "%a %b %d %H:%M:%S CET %Y", 1), r.temp, r.vib, r.power),
    ),
    rows(
        "Inductive Ignition, milliseconds",
        "sqlt_data.csv",
        ("t_stamp", "temp", "vib", "power"),
        lambda r: (r.ms, r.temp, r.vib, r.power),
    ),
    listed(
        "Inductive Ignition, partition of its database",
        "sqlt_data_1_2025_11.csv",
        ("tagid", "intvalue", "floatvalue", "stringvalue", "datevalue", "dataintegrity", "t_stamp"),
        lambda r, c: (
            ("temp", "vib", "power").index(c) + 1,
            "",
            r.value(c),
            "",
            "",
            _good(r, c, 192, 0),
            r.ms,
        ),
        Style(),
    ),
    recorded(
        "Inductive Ignition, dataset", "dataset.csv", lambda made: _ignition_dataset(list(made))
    ),
    listed(
        "Siemens WinCC panel, tag log",
        "Variablenarchiv0.csv",
        ("VarName", "TimeString", "VarValue", "Validity", "Time_ms"),
        _wincc,
        Style(
            ";",
            ",",
            encoding="utf-8-sig",
            quoted=True,
            end="\r\n",
            below='"$RT_OFF$";"04.11.2025 02:40:00";0;2;45965111111,1\r\n',
        ),
    ),
    listed(
        "Siemens WinCC Comfort, UTF-16",
        "Datenprotokoll.txt",
        ("VarName", "TimeString", "VarValue", "Validity", "Time_ms"),
        _wincc,
        Style("\t", ",", encoding="utf-16", quoted=True, end="\r\n"),
    ),
    rows(
        "Siemens WinCC OnlineTrendControl",
        "Kurve.csv",
        ("Zeitspalte", "Wertspalte Temp", "Wertspalte Vib", "Wertspalte Leistung"),
        lambda r: (at(r, "%d.%m.%y %H:%M:%S,%3"), r.temp, r.vib, r.power),
        Style(";", ",", encoding="cp1252", quoted=True, above='"Trend 1"\r\n', end="\r\n"),
    ),
    rows(
        "Siemens MindSphere, with qualities",
        "timeseries.csv",
        ("_time", "temp", "temp_qc", "vib", "vib_qc", "power", "power_qc"),
        lambda r: (
            zulu(r),
            r.temp or 0.0,
            _good(r, "temp", 0, 2),
            r.vib or 0.0,
            _good(r, "vib", 0, 2),
            r.power,
            0,
        ),
    ),
    listed(
        "zenon, archive export",
        "archiv.csv",
        ("Variablenname", "Zeitstempel", "Wert", "Einheit", "Status"),
        lambda r, c: (
            _GERMAN[c],
            at(r, "%d.%m.%Y %H:%M:%S"),
            r.value(c),
            {"temp": "°C", "vib": "mm/s", "power": "W"}[c],
            _good(r, c, "SPONT", "INVALID"),
        ),
        Style(";", ",", "0", "cp1252"),
        Told(units=True),
    ),
    listed(
        "Kepware data logger",
        "kepware.csv",
        ("id", "_NAME", "_NUMERICID", "_VALUE", "_TIMESTAMP", "_QUALITY"),
        lambda r, c: (
            r.n + 1,
            f"Channel1.Device1.{c}",
            0,
            r.value(c),
            at(r, "%Y-%m-%d %H:%M:%S.%3"),
            _good(r, c, 192, 24),
        ),
        Style(missing="0"),
    ),
    listed(
        "OPC UA logger",
        "ualog.csv",
        ("NodeId", "DisplayName", "SourceTimestamp", "ServerTimestamp", "Value", "StatusCode"),
        lambda r, c: (
            f"ns=2;s=Press.{c}",
            c,
            zulu(r),
            at(r, "%Y-%m-%dT%H:%M:%S.250Z"),
            r.value(c),
            _good(r, c),
        ),
        Style(missing="0"),
    ),
    listed(
        "Matrikon OPC Explorer",
        "opc.csv",
        ("Item ID", "Access Path", "Value", "Quality", "Timestamp"),
        lambda r, c: (
            f"Press.{c}",
            "",
            r.value(c),
            _good(r, c, "Good, non-specific", "Bad, device failure"),
            at(r, "%m/%d/%Y %I:%M:%S.%3 %p"),
        ),
        Style(missing="0", quoted=True),
    ),
    rows(
        "Citect, trend export",
        "trend.csv",
        ("Date", "Time", "Millisecond", "TEMP", "VIB", "POWER"),
        lambda r: (at(r, "%d/%m/%Y"), at(r, "%H:%M:%S"), 0, r.temp, r.vib, r.power),
        Style(missing="<NA>"),
        besides=("Millisecond",),
    ),
    rows(
        "Iconics Hyper Historian",
        "hyper.csv",
        ("Time Stamp (UTC+01:00)", "Temp", "Vib", "Power"),
        lambda r: (at(r, "%Y-%m-%d %H:%M:%S", 1), r.temp, r.vib, r.power),
    ),
    rows(
        "Emerson DeltaV, history view",
        "deltav.csv",
        ("Date/Time", "PRESS/TEMP.CV", "PRESS/VIB.CV", "PRESS/POWER.CV"),
        lambda r: (at(r, "%m/%d/%Y %H:%M:%S.%3"), r.temp, r.vib, r.power),
        Style(missing="Bad"),
    ),
    rows(
        "Seeq, worksheet export",
        "seeq.csv",
        ("Date-Time", "Temp (°C)", "Vib (mm/s)", "Power (W)"),
        lambda r: (at(r, "%Y-%m-%dT%H:%M:%S+01:00", 1), r.temp, r.vib, r.power),
        Style(),
        _UNITED,
    ),
    rows(
        "ABB 800xA, trend",
        "trend_800xa.csv",
        ("Time", "TI101:VALUE", "VI101:VALUE", "JI101:VALUE"),
        lambda r: (at(r, "%d.%m.%Y %H.%M.%S"), r.temp, r.vib, r.power),
        Style(";", ","),
    ),
    rows(
        "Yokogawa Exaquantum",
        "exaquantum.csv",
        (
            "Timestamp",
            "TI101.PV.Value",
            "TI101.PV.Quality",
            "VI101.PV.Value",
            "VI101.PV.Quality",
            "JI101.PV.Value",
            "JI101.PV.Quality",
        ),
        lambda r: (
            at(r, "%Y/%m/%d %H:%M:%S"),
            r.temp or 0.0,
            _good(r, "temp", 192, 0),
            r.vib or 0.0,
            _good(r, "vib", 192, 0),
            r.power,
            192,
        ),
    ),
)
