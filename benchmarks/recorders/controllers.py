"""Controllers, drives and machine tools: traces and trends with lines of their own above the names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.recorders.made import Reading
from benchmarks.recorders.writing import Recorder, Style, Told, at, listed, recorded, rows

_FAST: Final = Told(dated=False, step_s=0.01)
_SLOW: Final = Told(dated=False)
_FAST_UNITED: Final = Told(dated=False, step_s=0.01, units=True)


def _since(reading: Reading, first: float = 1762207200.0) -> float:
    """Seconds since the trace began."""
    return round(reading.seconds - first, 6)


def _codesys(made: Sequence[Reading]) -> str:
    """A line of names per trace above the readings, whose times are in µs."""
    head = "; CODESYS trace export\r\n"
    return (
        head
        + "Time (us);PLC_PRG.rTemp;PLC_PRG.rVib;PLC_PRG.rPower\r\n"
        + "".join(
            f"{int(_since(r) * 1e6)};{'' if r.temp is None else r.temp};{'' if r.vib is None else r.vib};{r.power}\r\n"
            for r in made
        )
    )


def _pair(key: str, values: Sequence[object]) -> str:
    return "\t".join(f"{key}\t{value}" for value in values)


def _scope(made: Sequence[Reading]) -> str:
    """TwinCAT's scope: pairs of columns, each channel with its own times in ms below properties of its own."""
    names = ("rTemp", "rVib", "rPower")
    lines = [
        "Name\tScope Project", "File\tScope.svdx", "Starttime of export\t134066808000000000\tMonday, November 3, 2025\t22:00:00.000", "Endtime of export\t134066808025000000", "",
        _pair("Name", names), _pair("SymbolComment", ("", "", "")), _pair("Data-Type", ("REAL64",) * 3), _pair("SampleTime[ms]", (10,) * 3), _pair("VariableSize", (8,) * 3),
        _pair("Offset", (0,) * 3), _pair("ScaleFactor", (1,) * 3), "",
    ]  # fmt: skip
    for r in made:
        ms = f"{_since(r) * 1000:.0f}"
        lines.append("\t".join(f"{ms}\t{'' if v is None else v}" for v in (r.temp, r.vib, r.power)))
    return "\r\n".join(lines) + "\r\n"


def _rockwell(made: Sequence[Reading]) -> str:
    head = (
        '"Controller Name:","Press"\r\n"Trend Name:","Trend1"\r\n"Trend Tags:","3"\r\n"Sample Period:","10 ms"\r\n"Description:",""\r\n"Start Time:","11/3/2025;10:00:00 PM"\r\n'
        '"Stop Time:","11/3/2025;10:00:03 PM"\r\n"Header:","Date","Time","Temp","Vib","Power"\r\n'
    )
    return head + "".join(
        f'"Data:","{at(r, "%m/%d/%Y")}","{at(r, "%I:%M:%S;%3 %p")}",{"" if r.temp is None else r.temp},{"" if r.vib is None else r.vib},{r.power}\r\n'
        for r in made
    )


def _pick(made: Sequence[Reading]) -> str:
    """Siemens' drives: dots of German numbers, comments with a `#`."""
    return (
        "# STARTER trace\n# Drive_1, r0063\n"
        + "t [ms]\tr0063 Temp [°C]\tr0080 Vib [mm/s]\tr0082 Power [W]\n"
        + "".join(
            f"{_since(r) * 1000:.1f}\t{'' if r.temp is None else r.temp}\t{'' if r.vib is None else r.vib}\t{r.power}\n".replace(
                ".", ","
            )
            for r in made
        )
    )


def _haas(made: Sequence[Reading]) -> str:
    """A row per poll, the answer of each macro in quotes."""
    return "Timestamp,MACHINE,SPINDLE TEMP,VIBRATION,LOAD\n" + "".join(
        f'{at(r, "%Y-%m-%d %H:%M:%S")},"M1","{"" if r.temp is None else r.temp}","{"" if r.vib is None else r.vib}","{r.power}"\n'
        for r in made
    )


RECORDERS: Final[tuple[Recorder, ...]] = (
    rows(
        "Siemens TIA Portal, trace",
        "Trace.csv",
        ("Index", "Zeit [s]", "DB1.Temp", "DB1.Vib", "DB1.Power"),
        lambda r: (r.n, _since(r), r.temp, r.vib, r.power),
        Style(";", ",", quoted=True),
        _FAST,
    ),
    rows(
        "Siemens S7-1500, DataLog",
        "DataLog1.csv",
        ("Record", "Date", "UTC Time", "Temp", "Vib", "Power"),
        lambda r: (r.n + 1, at(r, "%m/%d/%Y"), at(r, "%H:%M:%S"), r.temp, r.vib, r.power),
        Style(below="//END,,,,,\r\n", end="\r\n"),
    ),
    rows(
        "Siemens LOGO!, data log",
        "logo.csv",
        ("Time", "AI1", "AI2", "AI3"),
        lambda r: (at(r, "%Y/%m/%d %H:%M:%S"), r.temp, r.vib, r.power),
    ),
    recorded("Siemens STARTER, drive's trace", "antrieb.txt", _pick, _FAST_UNITED),
    recorded("CODESYS, trace", "trace.csv", _codesys, _FAST),
    rows(
        "CODESYS, trace in milliseconds since 1970",
        "plc.csv",
        ("Timestamp (ms)", "PLC_PRG.rTemp", "PLC_PRG.rVib", "PLC_PRG.rPower"),
        lambda r: (r.ms, r.temp, r.vib, r.power),
        Style(";"),
    ),
    recorded("Beckhoff TwinCAT Scope", "Scope.csv", _scope, _FAST),
    recorded("Rockwell Studio 5000, trend", "Trend1.csv", _rockwell),
    listed(
        "Rockwell FactoryTalk View, data log as CSV",
        "2025 11 03 0000 Data Log (Float).csv",
        ("Date", "Time", "Millitm", "TagIndex", "Value", "Status", "Marker"),
        lambda r, c: (
            at(r, "%m/%d/%Y"),
            at(r, "%H:%M:%S"),
            0,
            ("temp", "vib", "power").index(c),
            r.value(c),
            " " if r.value(c) is not None else "E",
            " ",
        ),
        Style(missing="0"),
    ),
    rows(
        "Schneider EcoStruxure, data log",
        "datalog.csv",
        ("Date", "Time", "Temp", "Vib", "Power"),
        lambda r: (at(r, "%d/%m/%Y"), at(r, "%H:%M:%S"), r.temp, r.vib, r.power),
        Style(";", ",", above="Vijeo Designer\n\n"),
    ),
    rows(
        "Mitsubishi GOT, logging",
        "LOG001.CSV",
        ("DATETIME", "", "D100", "D102", "D104"),
        lambda r: (at(r, "%Y/%m/%d %H:%M:%S"), ";", r.temp, r.vib, r.power),
        Style(above="[LOGGING],GT27_1,2,3,4\nTIME,INDEX,FLOAT[DEC.2],FLOAT[DEC.3],FLOAT[DEC.1]\n"),
    ),
    rows(
        "Mitsubishi R CPU, data logging",
        "LOG01_00000001.CSV",
        ("TIME", "INDEX", "D100", "D102", "D104"),
        lambda r: (at(r, "%Y/%m/%d %H:%M:%S.%3"), r.n + 1, r.temp, r.vib, r.power),
        Style(
            above="[LOGGING],RCPU_1,2,3,4\nDATETIME[YYYY/MM/DD hh:mm:ss.ms],INDEX,FLOAT[DEC.2],FLOAT[DEC.3],FLOAT[DEC.1]\n"
        ),
    ),
    rows(
        "Omron NJ, data trace",
        "datatrace.csv",
        ("Sample", "Time[us]", "Temp", "Vib", "Power"),
        lambda r: (r.n, int(_since(r) * 1e6), r.temp, r.vib, r.power),
        Style(),
        _FAST,
    ),
    rows(
        "Delta DOP, history",
        "history.csv",
        ("No.", "Date", "Time", "Temp", "Vib", "Power"),
        lambda r: (r.n + 1, at(r, "%Y/%m/%d"), at(r, "%H:%M:%S"), r.temp, r.vib, r.power),
    ),
    rows(
        "Weintek, data log",
        "20251103.csv",
        ("Date", "Time", "Millisecond", "Temp", "Vib", "Power"),
        lambda r: (at(r, "%Y-%m-%d"), at(r, "%H:%M:%S"), 0, r.temp, r.vib, r.power),
        Style(encoding="utf-16", delimiter="\t", quoted=True),
        besides=("Millisecond",),
    ),
    rows(
        "Red Lion Crimson",
        "LOG.CSV",
        ("Date", "Time", "Temp", "Vib", "Power"),
        lambda r: (at(r, "%Y/%m/%d"), at(r, "%H:%M:%S"), r.temp, r.vib, r.power),
        Style(end="\r\n"),
    ),
    rows(
        "B&R mapp Data",
        "mappdata.csv",
        ("Timestamp", "gTemp", "gVib", "gPower"),
        lambda r: (at(r, "%Y-%m-%d %H:%M:%S:%3"), r.temp, r.vib, r.power),
        Style(";", above="mapp Data;;;\r\n", end="\r\n"),
    ),
    rows(
        "KUKA, trace as text",
        "KRCTrace.txt",
        ("Time[s]", "Temp", "Vib", "Power"),
        lambda r: (
            f"{_since(r):.3f}",
            r.temp if r.temp is not None else "nan",
            r.vib if r.vib is not None else "nan",
            r.power,
        ),
        Style("\t"),
        _FAST,
    ),
    rows(
        "ABB TuneMaster",
        "signals.csv",
        ("Time(ms)", "Temp", "Vib", "Power"),
        lambda r: (_since(r) * 1000, r.temp, r.vib, r.power),
        Style(),
        _FAST,
    ),
    rows(
        "Heidenhain TNCscope",
        "tncscope.txt",
        ("Zeit/ms", "Temp", "Vib", "Leistung"),
        lambda r: (_since(r) * 1000, r.temp, r.vib, r.power),
        Style("\t", ",", above="TNCscope\tV1\n", encoding="cp1252"),
        _FAST,
    ),
    rows(
        "Fanuc MT-LINKi",
        "mtlinki.csv",
        ("L1Name", "updatedate", "SpindleTemp", "Vib", "Power"),
        lambda r: (r.machine, at(r, "%Y/%m/%d %H:%M:%S"), r.temp, r.vib, r.power),
        Style(missing="null"),
        Told(named=True, machines=2),
    ),
    recorded("Haas, poll of Q commands", "haas.csv", _haas),
    rows(
        "WAGO, data plotter",
        "wago.csv",
        ("timestamp", "temp", "vib", "power"),
        lambda r: (int(r.seconds), r.temp, r.vib, r.power),
        Style(";", ","),
    ),
    rows(
        "Modbus poller, date and time apart",
        "modbus.txt",
        ("Date", "Time", "Temp", "Vib", "Power"),
        lambda r: (at(r, "%d/%m/%Y"), at(r, "%H:%M:%S"), r.temp, r.vib, r.power),
        Style("\t"),
    ),
    rows(
        "Universal Robots, RTDE recording",
        "robot_data.csv",
        ("timestamp", "temp", "vib", "power"),
        lambda r: (
            f"{30_000 + _since(r):.3f}",
            r.temp if r.temp is not None else "nan",
            r.vib if r.vib is not None else "nan",
            r.power,
        ),
        Style(" "),
        _FAST,
    ),
)
