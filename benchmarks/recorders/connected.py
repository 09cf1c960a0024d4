"""Platforms and gateways of connected machines: what their APIs answer, what they send, what they download."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
_NAMED: Final = Told(named=True, machines=2)
_UNITED: Final = Told(units=True)


def _present(reading: Reading) -> dict[str, float]:
    return {name: v for name in _FIELDS if (v := reading.value(name)) is not None}


def _by_key(
    made: Sequence[Reading], entry: Callable[[Reading, float], object]
) -> dict[str, list[object]]:
    """Channel → what its readings are."""
    return {n: [entry(r, v) for r in made if (v := r.value(n)) is not None] for n in _FIELDS}


def _senml(made: Sequence[Reading]) -> str:
    """RFC 8428: what holds for the pack stands in its first record, times count from the base time."""
    units = {"temp": "Cel", "vib": "mm/s", "power": "W"}
    records: list[dict[str, object]] = [
        {"n": n, "u": units[n], "v": v, "t": r.seconds - made[0].seconds}
        for r in made for n in _FIELDS if (v := r.value(n)) is not None
    ]  # fmt: skip
    return dumps([{"bn": "urn:dev:M1:", "bt": made[0].seconds, **records[0]}, *records[1:]])


def _sparkplug(reading: Reading) -> object:
    metrics = [
        {"name": f"Press/{n}", "timestamp": reading.ms, "dataType": "Double", "value": v}
        for n, v in _present(reading).items()
    ]
    return {
        "topic": "spBv1.0/Plant/DDATA/Edge1/M1",
        "payload": {"timestamp": reading.ms, "metrics": metrics, "seq": reading.n % 256},
    }


def _mtconnect(made: Sequence[Reading]) -> str:
    kinds = {
        "temp": ("Temperature", "xtemp"),
        "vib": ("Displacement", "vib"),
        "power": ("Wattage", "pw"),
    }
    blocks = "".join(
        f'<ComponentStream component="Linear" name="{n}" componentId="{n}1"><Samples>'
        + "".join(
            f'<{kinds[n][0]} dataItemId="{kinds[n][1]}" name="{n}" sequence="{r.n}" timestamp="{zulu(r)}">'
            f"{'UNAVAILABLE' if (v := r.value(n)) is None else v}</{kinds[n][0]}>"
            for r in made
        ) + "</Samples></ComponentStream>"
        for n in _FIELDS
    )  # fmt: skip
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<MTConnectStreams xmlns="urn:mtconnect.org:MTConnectStreams:1.7">'
        '<Header creationTime="2025-11-04T03:00:00Z" sender="agent" instanceId="1" version="1.7.0" bufferSize="131072"/>'
        f'<Streams><DeviceStream name="M1" uuid="M1">{blocks}</DeviceStream></Streams></MTConnectStreams>\n'
    )


def _mtconnect_dump(made: Sequence[Reading]) -> str:
    """What adapters send: moment|item|value|item|value."""
    return "".join(
        f"{zulu(r)}|temp|{r.temp if r.temp is not None else 'UNAVAILABLE'}|vib|{r.vib if r.vib is not None else 'UNAVAILABLE'}|power|{r.power}\n"
        for r in made
    )


def _home_assistant_history(made: Sequence[Reading]) -> str:
    return dumps([
        [{"entity_id": f"sensor.press_{n}", "state": "unavailable" if (v := r.value(n)) is None else str(v), "last_changed": at(r, "%Y-%m-%dT%H:%M:%S.%3000+00:00"),
          "attributes": {"unit_of_measurement": UNITS[n]} if r.n == 0 else {}} for r in made]
        for n in _FIELDS
    ])  # fmt: skip


def _mosquitto(made: Sequence[Reading]) -> str:
    """`mosquitto_sub -F '%I %t %p'`."""
    return "".join(
        f"{at(r, '%Y-%m-%dT%H:%M:%S+0000')} plant/press/{n} {v}\n"
        for r in made for n, v in _present(r).items()
    )  # fmt: skip


RECORDERS: Final[tuple[Recorder, ...]] = (
    rows(
        "ThingsBoard, widget export",
        "thingsboard.csv",
        ("Timestamp", *_FIELDS),
        lambda r: (at(r, "%Y-%m-%d %H:%M:%S"), r.temp, r.vib, r.power),
        Style(";"),
    ),
    recorded(
        "ThingsBoard, REST",
        "timeseries.json",
        lambda made: dumps(_by_key(made, lambda r, v: {"ts": r.ms, "value": str(v)})),
    ),
    objects("Node-RED, file node", "flow.jsonl", lambda r: {"ts": r.ms, "values": _present(r)}),
    objects(
        "Node-RED, messages of MQTT",
        "mqtt.jsonl",
        lambda r: {
            "topic": "plant/press",
            "payload": {"time": zulu(r), **_present(r)},
            "qos": 0,
            "retain": False,
            "_msgid": f"{r.n:x}ab",
        },
        besides=("qos", "retain"),
    ),
    objects(
        "Azure IoT Hub, routed to storage",
        "00.json",
        lambda r: {
            "EnqueuedTimeUtc": at(r, "%Y-%m-%dT%H:%M:%S.%30000Z"),
            "Properties": {},
            "SystemProperties": {
                "connectionDeviceId": r.machine,
                "connectionAuthMethod": '{"scope":"device"}',
                "enqueuedTime": at(r, "%Y-%m-%dT%H:%M:%S.%30000Z"),
            },
            "Body": _present(r),
        },
        _NAMED,
    ),
    objects(
        "Azure IoT Central, export",
        "central.json",
        lambda r: {
            "applicationId": "1d97",
            "deviceId": r.machine,
            "enqueuedTime": zulu(r),
            "messageSource": "telemetry",
            "telemetry": _present(r),
            "messageProperties": {},
            "enrichments": {},
            "templateId": "dtmi:press;1",
        },
        _NAMED,
        around=lambda rows: rows,
    ),
    listed(
        "Azure Data Explorer, digital twins history",
        "adx.csv",
        ("TimeStamp", "SourceTimeStamp", "ServiceId", "Id", "ModelId", "Key", "Value"),
        lambda r, c: (
            at(r, "%Y-%m-%dT%H:%M:%S.%30000Z"),
            "",
            "adt",
            r.machine,
            "dtmi:press;1",
            c,
            r.value(c),
        ),
        Style(),
        _NAMED,
    ),
    listed(
        "AWS IoT SiteWise, bulk export",
        "sitewise.csv",
        ("ALIAS", "DATA_TYPE", "TIMESTAMP_SECONDS", "TIMESTAMP_NANO_OFFSET", "QUALITY", "VALUE"),
        lambda r, c: (
            f"/plant/press/{c}",
            "DOUBLE",
            int(r.seconds),
            0,
            "GOOD" if r.value(c) is not None else "BAD",
            r.value(c),
        ),
        Style(missing="0"),
    ),
    recorded(
        "AWS IoT SiteWise, history of a property",
        "history.json",
        lambda made: dumps(
            {
                "assetPropertyValueHistory": [
                    {
                        "value": {"doubleValue": r.temp if r.temp is not None else 0.0},
                        "timestamp": {"timeInSeconds": int(r.seconds), "offsetInNanos": 0},
                        "quality": "GOOD" if r.temp is not None else "BAD",
                    }
                    for r in made
                ]
            }
        ),
        Told(channels=("temp",)),
    ),
    rows(
        "AWS Timestream, query result",
        "timestream.csv",
        ("machine", "measure_name", "time", *_FIELDS),
        lambda r: (r.machine, "press", at(r, "%Y-%m-%d %H:%M:%S.%3000000"), r.temp, r.vib, r.power),
        Style(missing="-"),
        _NAMED,
    ),
    objects("Sparkplug B, as JSON", "ddata.jsonl", _sparkplug),
    recorded("SenML, RFC 8428", "pack.json", _senml, Told(named=True)),
    objects(
        "OPC UA PubSub, JSON",
        "pubsub.jsonl",
        lambda r: {
            "MessageId": f"{r.n}",
            "MessageType": "ua-data",
            "PublisherId": "press",
            "Messages": [
                {
                    "DataSetWriterId": 1,
                    "SequenceNumber": r.n,
                    "Timestamp": zulu(r),
                    "Payload": {
                        n: {"Value": v, "SourceTimestamp": zulu(r)} for n, v in _present(r).items()
                    },
                }
            ],
        },
        besides=("DataSetWriterId",),
    ),
    objects(
        "OPC Publisher, JSON",
        "publisher.json",
        lambda r: [
            {
                "NodeId": f"nsu=http://plant;s=Press.{n}",
                "ApplicationUri": "urn:press",
                "DisplayName": n,
                "Value": {"Value": v, "SourceTimestamp": zulu(r)},
            }
            for n, v in _present(r).items()
        ],
        around=lambda groups: [one for group in groups if isinstance(group, list) for one in group],
    ),
    recorded("MTConnect, streams", "sample.xml", _mtconnect),
    recorded("MTConnect, adapter's lines", "adapter.txt", _mtconnect_dump),
    listed(
        "Home Assistant, history download",
        "history.csv",
        ("entity_id", "state", "last_changed"),
        lambda r, c: (f"sensor.press_{c}", r.value(c), zulu(r)),
        Style(missing="unavailable"),
        by_tag=True,
    ),
    recorded("Home Assistant, REST history", "period.json", _home_assistant_history),
    listed(
        "openHAB, JDBC table dump",
        "items.csv",
        ("item", "time", "value"),
        lambda r, c: (f"Press_{c}", at(r, "%Y-%m-%d %H:%M:%S.%3"), r.value(c)),
        Style(missing="NULL"),
        by_tag=True,
    ),
    objects(
        "The Things Network, uplinks",
        "uplinks.jsonl",
        lambda r: {
            "result": {
                "end_device_ids": {
                    "device_id": r.machine,
                    "application_ids": {"application_id": "plant"},
                },
                "received_at": at(r, "%Y-%m-%dT%H:%M:%S.%3123456Z").replace(
                    "000123456", "000000000"
                ),
                "uplink_message": {
                    "f_port": 1,
                    "f_cnt": r.n,
                    "decoded_payload": _present(r),
                    "rx_metadata": [
                        {"gateway_ids": {"gateway_id": "g1"}, "rssi": -90 - r.n % 7, "snr": 7.5}
                    ],
                },
            }
        },
        _NAMED,
        besides=("f_cnt", "f_port", "rssi", "snr"),
    ),
    recorded(
        "FIWARE QuantumLeap",
        "quantumleap.json",
        lambda made: dumps(
            {
                "entityId": "M1",
                "index": [zulu(r) for r in made],
                "attributes": [
                    {"attrName": n, "values": [r.value(n) for r in made]} for n in _FIELDS
                ],
            }
        ),
    ),
    objects(
        "Losant, device data",
        "losant.jsonl",
        lambda r: {"time": r.ms, "deviceId": "5f1", "data": _present(r)},
    ),
    rows(
        "Ubidots, report",
        "ubidots.csv",
        ("Timestamp", "Human readable date (Europe/Berlin)", "temp", "vib", "power"),
        lambda r: (r.ms, at(r, "%Y-%m-%d %H:%M:%S", 1), r.temp, r.vib, r.power),
    ),
    rows(
        "ThingSpeak, feed",
        "feeds.csv",
        (
            "created_at",
            "entry_id",
            "field1",
            "field2",
            "field3",
            "latitude",
            "longitude",
            "elevation",
            "status",
        ),
        lambda r: (at(r, "%Y-%m-%d %H:%M:%S UTC"), r.n + 1, r.temp, r.vib, r.power, "", "", "", ""),
    ),
    objects(
        "ThingSpeak, answer",
        "feeds.json",
        lambda r: {
            "created_at": at(r, "%Y-%m-%dT%H:%M:%SZ"),
            "entry_id": r.n + 1,
            "field1": str(r.temp) if r.temp is not None else None,
            "field2": str(r.vib) if r.vib is not None else None,
            "field3": str(r.power),
        },
        around=lambda rows: {
            "channel": {
                "id": 9,
                "name": "Press",
                "field1": "Temp",
                "field2": "Vib",
                "field3": "Power",
                "last_entry_id": 240,
            },
            "feeds": rows,
        },
    ),
    recorded("MQTT, lines of mosquitto_sub", "mosquitto.txt", _mosquitto),
    rows(
        "Siemens Insights Hub, fleet manager",
        "fleet.csv",
        ("Time", "Temp (°C)", "Vib (mm/s)", "Power (W)"),
        lambda r: (at(r, "%d/%m/%Y %H:%M:%S"), r.temp, r.vib, r.power),
        Style(),
        _UNITED,
    ),
    rows(
        "Bosch Nexeed, measurements",
        "nexeed.csv",
        ("ts", "content-spec.temp", "content-spec.vib", "content-spec.power"),
        lambda r: (at(r, "%Y-%m-%dT%H:%M:%S.%3+01:00", 1), r.temp, r.vib, r.power),
        Style(";"),
    ),
    objects(
        "Shelly and Tasmota, telemetry",
        "tele.jsonl",
        lambda r: {
            "Time": at(r, "%Y-%m-%dT%H:%M:%S"),
            "PRESS": {"Temperature": r.temp, "Vibration": r.vib},
            "ENERGY": {"Power": r.power},
            "TempUnit": "C",
        },
    ),
    objects(
        "Zigbee2MQTT with a wrapper",
        "z2m.jsonl",
        lambda r: {
            "timestamp": at(r, "%Y-%m-%dT%H:%M:%S.%3Z"),
            "device": "M1",
            "data": _present(r),
        },
    ),
)
