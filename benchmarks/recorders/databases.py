"""Databases of time series and what watches them: dumps, answers to queries, and what dashboards download."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.recorders.made import UNITS, Reading
from benchmarks.recorders.writing import (
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
_WIDE: Final = ("time", *_FIELDS)
_NAMED: Final = Told(named=True, machines=2)


def _values(reading: Reading) -> dict[str, float | None]:
    return {name: reading.value(name) for name in _FIELDS}


def _present(reading: Reading) -> dict[str, float]:
    return {name: v for name in _FIELDS if (v := reading.value(name)) is not None}


def _influx(made: Sequence[Reading]) -> str:
    """Annotated CSV: a table per field, each below its own annotations."""
    head = (
        "#group,false,false,true,true,false,false,true,true,true\r\n#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string\r\n"
        "#default,_result,,,,,,,,\r\n,result,table,_start,_stop,_time,_value,_field,_measurement,machine\r\n"
    )
    return "".join(
        head + "".join(
            f",,{k},2025-11-03T00:00:00Z,2025-11-05T00:00:00Z,{at(r, '%Y-%m-%dT%H:%M:%SZ')},{r.value(name)},{name},press,{r.machine}\r\n"
            for r in made if r.value(name) is not None
        ) + "\r\n"
        for k, name in enumerate(_FIELDS)
    )  # fmt: skip


def _line_protocol(made: Sequence[Reading]) -> str:
    return "".join(
        f"press,machine={r.machine},site=North\\ hall {','.join(f'{n}={v}' for n, v in _present(r).items())} {r.ms}000000\n"
        for r in made
    )


def _psql(made: Sequence[Reading]) -> str:
    lines = [
        f" {'time':22} | {'temp':>6} | {'vib':>6} | {'power':>7} ",
        f"{'-' * 24}+{'-' * 8}+{'-' * 8}+{'-' * 9}",
    ]
    lines += [
        f" {at(r, '%Y-%m-%d %H:%M:%S+00')} | {r.temp if r.temp is not None else '':>6} | {r.vib if r.vib is not None else '':>6} | {r.power:>7} "
        for r in made
    ]
    return "\n".join(lines) + f"\n({len(made)} rows)\n\n"


def _mysql(made: Sequence[Reading]) -> str:
    rule = f"+{'-' * 21}+{'-' * 8}+{'-' * 8}+{'-' * 9}+\n"
    body = "".join(
        f"| {at(r, '%Y-%m-%d %H:%M:%S')} | {r.temp if r.temp is not None else 'NULL':>6} | {r.vib if r.vib is not None else 'NULL':>6} | {r.power:>7} |\n"
        for r in made
    )
    return f"{rule}| {'time':19} | {'temp':>6} | {'vib':>6} | {'power':>7} |\n{rule}{body}{rule}"


def _prometheus(made: Sequence[Reading]) -> str:
    result = [
        {"metric": {"__name__": f"press_{n}", "instance": "m1:9100", "job": "press"},
         "values": [[r.seconds, str(v)] for r in made if (v := r.value(n)) is not None]}
        for n in _FIELDS
    ]  # fmt: skip
    return dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})


def _victoria(made: Sequence[Reading]) -> str:
    return "".join(
        dumps({"metric": {"__name__": f"press_{n}", "instance": "m1"},
               "values": [r.value(n) for r in made if r.value(n) is not None],
               "timestamps": [r.ms for r in made if r.value(n) is not None]}) + "\n"
        for n in _FIELDS
    )  # fmt: skip


def _influx_answer(made: Sequence[Reading]) -> str:
    series = {
        "name": "press",
        "columns": list(_WIDE),
        "values": [[zulu(r), r.temp, r.vib, r.power] for r in made],
    }
    return dumps({"results": [{"statement_id": 0, "series": [series]}]})


def _opentsdb(made: Sequence[Reading]) -> str:
    return dumps([
        {"metric": f"press.{n}", "tags": {"machine": "M1"}, "aggregateTags": [],
         "dps": {str(int(r.seconds)): v for r in made if (v := r.value(n)) is not None}}
        for n in _FIELDS
    ])  # fmt: skip


def _grafana(reading: Reading) -> Sequence[object]:
    cells = (f"{v} {UNITS[n]}" if (v := reading.value(n)) is not None else "" for n in _FIELDS)
    return (at(reading, "%Y-%m-%d %H:%M:%S"), *cells)


RECORDERS: Final[tuple[Recorder, ...]] = (
    recorded("InfluxDB 2, annotated CSV", "query.csv", _influx, _NAMED),
    rows(
        "InfluxDB 2, pivoted",
        "pivoted.csv",
        ("", "result", "table", "_start", "_stop", "_time", "_measurement", "machine", *_FIELDS),
        lambda r: (
            "",
            "_result",
            0,
            "2025-11-03T00:00:00Z",
            "2025-11-05T00:00:00Z",
            zulu(r),
            "press",
            r.machine,
            r.temp,
            r.vib,
            r.power,
        ),
        Style(),
        _NAMED,
        ("table",),
    ),
    recorded("InfluxDB, line protocol", "export.lp", _line_protocol, _NAMED),
    rows(
        "InfluxDB 1, CSV of the shell",
        "influx1.csv",
        ("name", "time", *_FIELDS),
        lambda r: ("press", f"{r.ms}000000", r.temp, r.vib, r.power),
    ),
    rows(
        "InfluxDB 1, CSV with tags",
        "influx1_tags.csv",
        ("name", "tags", "time", *_FIELDS),
        lambda r: ("press", "machine=M1", f"{r.ms}000000", r.temp, r.vib, r.power),
    ),
    recorded("InfluxDB 1, answer", "answer.json", _influx_answer),
    rows(
        "TimescaleDB, COPY",
        "conditions.csv",
        ("time", "device_id", *_FIELDS),
        lambda r: (at(r, "%Y-%m-%d %H:%M:%S.%3+00"), r.machine, r.temp, r.vib, r.power),
        Style(),
        _NAMED,
    ),
    rows(
        "TimescaleDB, COPY as text",
        "conditions.tsv",
        (),
        lambda r: (at(r, "%Y-%m-%d %H:%M:%S+00"), r.temp, r.vib, r.power),
        Style("\t", missing="\\N"),
    ),
    recorded("PostgreSQL, psql's own table", "psql.txt", _psql),
    recorded("MySQL, the shell's own table", "mysql.txt", _mysql),
    rows(
        "TDengine",
        "meters.csv",
        ("ts", *_FIELDS, "location"),
        lambda r: (f"'{at(r, '%Y-%m-%d %H:%M:%S.%3')}'", r.temp, r.vib, r.power, "'hall 1'"),
        Style(missing="NULL"),
    ),
    rows(
        "QuestDB",
        "questdb.csv",
        ("timestamp", "machine", *_FIELDS),
        lambda r: (at(r, "%Y-%m-%dT%H:%M:%S.%3000Z"), r.machine, r.temp, r.vib, r.power),
        Style(quoted=True),
        _NAMED,
    ),
    rows(
        "ClickHouse, TabSeparatedWithNames",
        "clickhouse.tsv",
        ("ts", *_FIELDS),
        lambda r: (at(r, "%Y-%m-%d %H:%M:%S"), r.temp, r.vib, r.power),
        Style("\t", missing="\\N"),
    ),
    listed(
        "SQL Server, bcp",
        "bcp.txt",
        ("LogTime", "SensorName", "SensorValue"),
        lambda r, c: (at(r, "%Y-%m-%d %H:%M:%S.%30000"), c, r.value(c)),
        Style("|", missing="NULL", encoding="utf-16"),
    ),
    objects(
        "MongoDB, mongoexport",
        "readings.json",
        lambda r: {
            "_id": {"$oid": f"{r.n:024x}"},
            "ts": {"$date": zulu(r)},
            "meta": {"machine": r.machine},
            **_present(r),
        },
        _NAMED,
    ),
    objects(
        "MongoDB, numbers of its own",
        "telemetry.json",
        lambda r: {
            "_id": {"$oid": f"{r.n:024x}"},
            "ts": {"$date": {"$numberLong": str(r.ms)}},
            **_present(r),
        },
        around=lambda rows: rows,
    ),
    objects(
        "Elasticsearch, answer",
        "search.json",
        lambda r: {
            "_index": "press",
            "_id": f"a{r.n}",
            "_score": 1.0,
            "_source": {"@timestamp": zulu(r), "press": _present(r)},
        },
        around=lambda rows: {
            "took": 3,
            "timed_out": False,
            "hits": {"total": {"value": 240, "relation": "eq"}, "max_score": 1.0, "hits": rows},
        },
        besides=("_score",),
    ),
    recorded("Prometheus, query_range", "query_range.json", _prometheus),
    recorded("VictoriaMetrics, export", "victoria.jsonl", _victoria),
    recorded("OpenTSDB, answer", "opentsdb.json", _opentsdb),
    rows(
        "Grafana, formatted",
        "Press-data.csv",
        ("Time", "Temperature", "Vibration", "Power"),
        _grafana,
        Style(quoted=True),
        Told(units=True),
    ),
    rows(
        "Grafana for Excel, names with labels",
        "Panel.csv",
        (
            "Time",
            '{host="m1", sensor="temp"}',
            '{host="m1", sensor="vib"}',
            '{host="m1", sensor="power"}',
        ),
        lambda r: (r.ms, r.temp, r.vib, r.power),
        Style(encoding="utf-8-sig", above="sep=,\r\n", end="\r\n"),
    ),
    rows(
        "Zabbix, history",
        "zabbix.csv",
        ("itemid", "clock", "value", "ns"),
        lambda r: (23_296, int(r.seconds), r.temp, 123_456_789),
        Style(),
        Told(channels=("temp",)),
    ),
    rows(
        "PRTG, historic data",
        "Historic data.csv",
        (
            "Date Time",
            "Date Time(RAW)",
            "Temp",
            "Temp(RAW)",
            "Vib",
            "Vib(RAW)",
            "Coverage",
            "Coverage(RAW)",
        ),
        lambda r: (
            at(r, "%d.%m.%Y %H:%M:%S"),
            f"{25_569 + r.seconds / 86_400:.10f}",
            f"{r.temp} °C".replace(".", ",") if r.temp is not None else "",
            r.temp,
            f"{r.vib} mm/s".replace(".", ",") if r.vib is not None else "",
            r.vib,
            "100 %",
            "0000010000",
        ),
        Style(
            quoted=True,
            below='"Averages (of 240 values)","","2,1 °C","2.1","2,5 mm/s","2.5","",""\n',
        ),
        Told(channels=("temp", "vib")),
        besides=("Temp [RAW]", "Vib [RAW]", "Coverage [RAW]"),
    ),
    rows(
        "Telegraf, CSV",
        "telegraf.csv",
        ("timestamp", "measurement", "host", *_FIELDS),
        lambda r: (int(r.seconds), "press", "edge1", r.temp, r.vib, r.power),
    ),
    objects(
        "Telegraf, JSON lines",
        "metrics.out",
        lambda r: {
            "fields": _present(r),
            "name": "press",
            "tags": {"host": r.machine},
            "timestamp": int(r.seconds),
        },
        Told(machines=1),
    ),
)
