"""Data loggers and measuring programs: a device's own lines above the names, rows of units, day and hour apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.recorders.made import Reading
from benchmarks.recorders.writing import Recorder, Style, Told, at, recorded, rows

_FAST: Final = Told(dated=False, step_s=0.01, units=True)
_FAST_BARE: Final = Told(dated=False, step_s=0.01)
_UNITED: Final = Told(units=True)
_HEADS: Final = ("Temp [°C]", "Vib [mm/s]", "Power [W]")


def _cells(reading: Reading, decimal: str = ".", missing: str = "") -> list[str]:
    told = (reading.temp, reading.vib, reading.power)
    return [missing if v is None else str(v).replace(".", decimal) for v in told]


def _since(reading: Reading, first: float = 1762207200.0) -> float:
    return round(reading.seconds - first, 6)


def _lvm(made: Sequence[Reading], decimal: str) -> str:
    """LabVIEW's measurement file: two headers, then rows whose last cell is a comment."""
    head = [
        "LabVIEW Measurement\t", "Writer_Version\t2", "Reader_Version\t2", "Separator\tTab", f"Decimal_Separator\t{decimal}", "Multi_Headings\tNo", "X_Columns\tOne",
        "Time_Pref\tRelative", "Operator\tLab", "Date\t2025/11/03", "Time\t22:00:00,0000000000000000000", "***End_of_Header***\t", "",
        "Channels\t3\t\t\t", "Samples\t240\t240\t240\t", "Date\t2025/11/03\t2025/11/03\t2025/11/03\t", "Time\t22:00:00\t22:00:00\t22:00:00\t", "Y_Unit_Label\t°C\tmm/s\tW\t",
        "X_Dimension\tTime\tTime\tTime\t", "X0\t0,0000000000000000E+0\t0,0000000000000000E+0\t0,0000000000000000E+0\t", "Delta_X\t0,010000\t0,010000\t0,010000\t", "***End_of_Header***\t\t\t\t",
        "X_Value\tTemp\tVib\tPower\tComment",
    ]  # fmt: skip
    body = [
        "\t".join((f"{_since(r):.6f}".replace(".", decimal), *_cells(r, decimal), "")) for r in made
    ]
    return "\r\n".join([*(line.replace("0,0", f"0{decimal}0") for line in head), *body]) + "\r\n"


def _dewesoft(made: Sequence[Reading]) -> str:
    head = "File name: Test_0001.dxd\r\nStart time: 11/3/2025 10:00:00.000 PM\r\nNumber of channels: 3\r\nSample rate: 100 Hz\r\nStore type: always fast\r\n\r\n"
    return (
        head
        + "Time (s)\tTemp (°C)\tVib (mm/s)\tPower (W)\r\n"
        + "".join("\t".join((f"{_since(r):.4f}", *_cells(r))) + "\r\n" for r in made)
    )


def _catman(made: Sequence[Reading]) -> bytes:
    """HBM: what the channels are stands above them, in rows of their own."""
    head = [
        "HBM_CATMANDATAFILE_50_60", "Catman AP", "T0 = 03.11.2025 22:00:00", "", "Zeit  1 - Standardmessrate", "Zeit\tTemp\tVib\tPower", "s\t°C\tmm/s\tW",
        "Kanal=0\tKanal=1\tKanal=2\tKanal=3", "",
    ]  # fmt: skip
    body = ["\t".join((f"{_since(r):.3f}".replace(".", ","), *_cells(r, ","))) for r in made]
    return ("\r\n".join(head + body) + "\r\n").encode("cp1252")


def _hobo(made: Sequence[Reading]) -> str:
    names = [
        "#",
        "Date Time, GMT+01:00",
        "Temp, °C (LGR S/N: 9800, SEN S/N: 9801)",
        "Vib, mm/s (LGR S/N: 9800, SEN S/N: 9802)",
        "Power, W (LGR S/N: 9800, SEN S/N: 9803)",
        "Stopped (LGR S/N: 9800)",
        "End Of File (LGR S/N: 9800)",
    ]
    lines = ['"Plot Title: Press"', ",".join(f'"{n}"' for n in names)]
    lines += [
        ",".join(
            (
                str(r.n + 1),
                at(r, "%m/%d/%y %I:%M:%S %p", 1),
                *_cells(r),
                "",
                "Logged" if r.n == 239 else "",
            )
        )
        for r in made
    ]
    return "\ufeff" + "\r\n".join(lines) + "\r\n"


def _toa5(made: Sequence[Reading]) -> str:
    """Campbell Scientific: four lines of a head, names, units and processing among them."""
    head = (
        '"TOA5","Press","CR1000X","12345","CR1000X.Std.05.01","CPU:press.CR1X","1234","Minute"\r\n"TIMESTAMP","RECORD","Temp_Avg","Vib_Max","Power_Avg"\r\n'
        '"TS","RN","°C","mm/s","W"\r\n"","","Avg","Max","Avg"\r\n'
    )
    return head + "".join(
        f'"{at(r, "%Y-%m-%d %H:%M:%S")}",{r.n},{",".join(_cells(r, missing=chr(34) + "NAN" + chr(34)))}\r\n'
        for r in made
    )


def _graphtec(made: Sequence[Reading]) -> str:
    head = [
        "Vendor,GRAPHTEC Corporation", "Model,midi LOGGER GL840", "Version,Ver1.00", "Sampling interval,1min", "Total data points,240", "Start time,2025-11-03,22:00:00", "End time,2025-11-04,02:39:00",
        "AMP settings", "CH,Signal name,Input,Range,Filter,Span", "CH1,Temp,TEMP,TC_K,Off,2000,-2000", "CH2,Vib,DC,5V,Off,5,-5", "CH3,Power,DC,5V,Off,5,-5", "Logic/Pulse,Off", "Data",
        "Number,Date&Time,ms,CH1,CH2,CH3", "NO.,Time,ms,°C,mm/s,W",
    ]  # fmt: skip
    body = [
        ",".join(
            (
                str(r.n + 1),
                at(r, "%Y-%m-%d %H:%M:%S"),
                "0",
                *(f"{'' if c.startswith('-') else '+'}{c}" if c else "BURNOUT" for c in _cells(r)),
            )
        )
        for r in made
    ]
    return "\r\n".join(head + body) + "\r\n"


def _yokogawa(made: Sequence[Reading]) -> str:
    head = [
        "Data Acquisition,GX20",
        "File Type,Data",
        "Start Time,2025/11/03 22:00:00",
        "Data No.,240",
        "Sampling Interval,60 s",
        "",
        ",,,CH0001,CH0002,CH0003",
        "Tag,,,Temp,Vib,Power",
        "Unit,,,°C,mm/s,W",
        "Date,Time,sec,Inst.,Inst.,Inst.",
    ]
    return (
        "\r\n".join(
            head
            + [",".join((at(r, "%Y/%m/%d"), at(r, "%H:%M:%S"), "0.000", *_cells(r))) for r in made]
        )
        + "\r\n"
    )


def _keysight(made: Sequence[Reading]) -> str:
    head = ["Name:,Press,", "Owner:,Lab,", "Comments:,,", "Acquisition Date:,11/3/2025 10:00:00 PM,", "Instrument:,34970A,", "Total Channels:,3,", "Channel,Name,Function", "101,Temp,Temp", "102,Vib,DCV", "103,Power,DCV", "", "Scan Control:,Interval,60",
            "Scan,Time,101 <Temp> (C),Alarm 101,102 <Vib> (VDC),Alarm 102,103 <Power> (VDC),Alarm 103"]  # fmt: skip
    return (
        "\r\n".join(
            head
            + [
                ",".join(
                    (
                        str(r.n + 1),
                        at(r, "%m/%d/%Y %H:%M:%S:%3"),
                        *(x for c in _cells(r, missing="9.9E+37") for x in (c, "0")),
                    )
                )
                for r in made
            ]
        )
        + "\r\n"
    )


def _wave_form(made: Sequence[Reading]) -> str:
    """An oscilloscope: settings beside the first rows of readings."""
    lines = [
        "Model,DPO3014",
        "Firmware Version,2.30",
        "",
        "Point Format,Y",
        "Horizontal Units,s",
        "Sample Interval,0.01",
        "Record Length,240",
        "Label,Temp,Vib,Power",
        "TIME,CH1,CH2,CH3",
    ]
    return "\r\n".join(lines + [",".join((f"{_since(r):.6e}", *_cells(r))) for r in made]) + "\r\n"


def _imc(made: Sequence[Reading]) -> str:
    return "Zeit;Temp;Vib;Power\r\ns;°C;mm/s;W\r\n" + "".join(
        ";".join((f"{_since(r):.2f}".replace(".", ","), *_cells(r, ","))) + "\r\n" for r in made
    )


def _two_rows(made: Sequence[Reading]) -> str:
    """DIAdem and TDMS as text: group, channel, unit, each a row."""
    head = "Messung\tMessung\tMessung\tMessung\nZeit\tTemp\tVib\tPower\ns\t°C\tmm/s\tW\n"
    return head + "".join(
        "\t".join((f"{_since(r):.4f}", *_cells(r, missing="NaN"))) + "\n" for r in made
    )


def _hioki(made: Sequence[Reading]) -> str:
    head = [
        '"File name","AUTO0001.MEM"',
        '"Title comment",""',
        '"Trigger Time","25-11-03 22:00:00"',
        '"CH","U1-1","U1-2","U1-3"',
        '"Mode","Tc","Volt","Volt"',
        '"Comment","Temp","Vib","Power"',
        '"Date","Time","CH1[°C]","CH2[mm/s]","CH3[W]"',
    ]
    return (
        "\r\n".join(
            head
            + [
                ",".join((f'"{at(r, "%y-%m-%d")}"', f'"{at(r, "%H:%M:%S.%3")}"', *_cells(r)))
                for r in made
            ]
        )
        + "\r\n"
    )


RECORDERS: Final[tuple[Recorder, ...]] = (
    rows(
        "Testo, Comfort Software",
        "testo.csv",
        ("Id", "Datum", "Zeit", "Kanal 1 [°C]", "Kanal 2 [mm/s]", "Kanal 3 [W]"),
        lambda r: (r.n + 1, at(r, "%d.%m.%Y"), at(r, "%H:%M:%S"), r.temp, r.vib, r.power),
        Style(
            ";",
            ",",
            encoding="cp1252",
            above="Gerätename;testo 176T4\nSeriennummer;40312345\nStartzeit;03.11.2025 22:00:00\nMesskanäle;3\n\n",
        ),
        _UNITED,
    ),
    rows(
        "Testo Saveris, report",
        "saveris.csv",
        ("Datum/Uhrzeit", "Temp °C", "Vib mm/s", "Leistung W"),
        lambda r: (at(r, "%d.%m.%Y %H:%M:%S"), r.temp, r.vib, r.power),
        Style(";", ",", "- - -", "cp1252"),
    ),
    recorded("Onset HOBO", "hobo.csv", _hobo, _UNITED),
    rows(
        "Omega OM, logger",
        "omega.txt",
        ("Date", "Time", "Temp(C)", "Vib(mm/s)", "Power(W)"),
        lambda r: (at(r, "%m-%d-%Y"), at(r, "%H:%M:%S"), r.temp, r.vib, r.power),
        Style("\t", missing="-----"),
    ),
    recorded("LabVIEW, measurement file", "test.lvm", lambda made: _lvm(made, "."), _FAST_BARE),
    recorded(
        "LabVIEW in Germany, measurement file",
        "messung.lvm",
        lambda made: _lvm(made, ","),
        _FAST_BARE,
    ),
    recorded("NI DIAdem, TDMS as text", "tdms.txt", _two_rows, _FAST),
    recorded("Dewesoft X, text", "Test_0001.txt", _dewesoft, _FAST),
    recorded("HBM catman, ASCII", "catman.asc", _catman, _FAST),
    recorded("imc FAMOS, text", "famos.csv", _imc, _FAST),
    recorded("Yokogawa GX, text", "gx20.csv", _yokogawa, _UNITED),
    rows(
        "Gantner Q.station",
        "gantner.csv",
        ("Time [s]", *_HEADS),
        lambda r: (f"{_since(r):.4f}", r.temp, r.vib, r.power),
        Style(),
        _FAST,
    ),
    rows(
        "Gantner, dates as of OLE",
        "ole.csv",
        ("OLE Automation date", *_HEADS),
        lambda r: (f"{25_569 + r.seconds / 86_400:.8f}", r.temp, r.vib, r.power),
        Style(";"),
        _UNITED,
    ),
    rows(
        "Fluke Connect",
        "fluke.csv",
        ("Start Time", "Temp", "Vib", "Power"),
        lambda r: (
            at(r, "%m/%d/%Y %I:%M:%S %p"),
            *(
                f"{v} {u}" if v is not None else "OL"
                for v, u in ((r.temp, "°C"), (r.vib, "mm/s"), (r.power, "W"))
            ),
        ),
        Style(above="Fluke 3561\n\n", quoted=True),
        _UNITED,
    ),
    recorded(
        "Keysight BenchLink",
        "benchlink.csv",
        _keysight,
        besides=("Alarm 101", "Alarm 102", "Alarm 103"),
    ),
    recorded("Tektronix, waveform", "tek0001.csv", _wave_form, _FAST_BARE),
    recorded("Campbell Scientific, TOA5", "CR1000X_Minute.dat", _toa5, _UNITED),
    recorded("Graphtec midi LOGGER", "graphtec.csv", _graphtec, _UNITED),
    recorded("Hioki Memory HiCorder", "hioki.csv", _hioki, _UNITED),
    rows(
        "MSR, acceleration logger",
        "msr.csv",
        ("TIME", *_HEADS),
        lambda r: (at(r, "%Y-%m-%d %H:%M:%S.%3"), r.temp, r.vib, r.power),
        Style(
            ";", above="*CREATOR\nMSR Reader\n*STARTTIME\n2025-11-03;22:00:00;\n*CHANNEL\n*DATA\n"
        ),
        _UNITED,
    ),
    rows(
        "Delphin ProfiSignal",
        "profisignal.csv",
        ("Zeit", "Temp", "Vib", "Power"),
        lambda r: (at(r, "%d.%m.%Y %H:%M:%S,%3"), r.temp, r.vib, r.power),
        Style(";", ",", "---", "cp1252", above="Trend;Presse\n", end="\r\n"),
    ),
    rows(
        "Lascar EasyLog",
        "easylog.csv",
        ("Press", "Time", "Celsius(°C)", "Serial Number"),
        lambda r: (r.n + 1, at(r, "%d/%m/%Y %H:%M:%S"), r.temp, "010012345" if r.n == 0 else ""),
        Style(),
        Told(units=True, channels=("temp",)),
        besides=("Serial Number",),
    ),
    rows(
        "Ahlborn ALMEMO",
        "almemo.csv",
        ("DATUM:", "ZEIT:", "M00: °C Temp", "M01: mm/s Vib", "M02: W Power"),
        lambda r: (at(r, "%d.%m.%y"), at(r, "%H:%M:%S"), r.temp, r.vib, r.power),
        Style(";", ",", encoding="cp1252", above="KANAL;MWERT\n"),
    ),
    rows(
        "Pico Log",
        "picolog.csv",
        ("", "Temp Last (°C)", "Vib Last (mm/s)", "Power Last (W)"),
        lambda r: (at(r, "%Y-%m-%dT%H:%M:%S+01:00", 1), r.temp, r.vib, r.power),
        Style(quoted=True),
        _UNITED,
    ),
    rows(
        "Almemo and others, blanks between",
        "blanks.txt",
        (),
        lambda r: (
            at(r, "%d.%m.%Y"),
            at(r, "%H:%M:%S"),
            r.temp if r.temp is not None else "NaN",
            r.vib if r.vib is not None else "NaN",
            r.power,
        ),
        Style(" "),
    ),
    rows(
        "Beamex and others, French",
        "mesures.csv",
        ("Date", "Heure", "Température (°C)", "Vibration (mm/s)", "Puissance (W)"),
        lambda r: (at(r, "%d/%m/%Y"), at(r, "%H:%M:%S"), r.temp, r.vib, r.power),
        Style(";", ",", "###", "cp1252"),
        _UNITED,
    ),
    rows(
        "ibaAnalyzer, text",
        "iba.txt",
        ("time", "[0:0] Temp", "[0:1] Vib", "[0:2] Power"),
        lambda r: (at(r, "%d.%m.%Y %H:%M:%S.%3000"), r.temp, r.vib, r.power),
        Style("\t"),
    ),
    rows(
        "Polar and Chinese loggers, code page 936",
        "记录.csv",
        ("时间", "温度(℃)", "振动(mm/s)", "功率(W)"),
        lambda r: (at(r, "%Y年%m月%d日 %H:%M:%S"), r.temp, r.vib, r.power),
        Style(encoding="gb18030"),
    ),
    rows(
        "Russian logger, code page 1251",
        "журнал.csv",
        ("Дата", "Время", "Температура, °C", "Вибрация, мм/с", "Мощность, Вт"),
        lambda r: (at(r, "%d.%m.%Y"), at(r, "%H:%M:%S"), r.temp, r.vib, r.power),
        Style(";", ",", encoding="cp1251"),
    ),
    rows(
        "Japanese logger, code page 932",
        "記録.csv",
        ("日時", "温度", "振動", "電力"),
        lambda r: (at(r, "%Y/%m/%d %H:%M:%S"), r.temp, r.vib, r.power),
        Style(encoding="cp932"),
    ),
    rows(
        "Polish logger",
        "rejestrator.csv",
        ("Data", "Godzina", "Temperatura", "Drgania", "Moc"),
        lambda r: (at(r, "%d.%m.%Y"), at(r, "%H:%M:%S"), r.temp, r.vib, r.power),
        Style(";", ",", encoding="cp1250"),
    ),
)
