"""From an MQTT message to readings: JSON with paths, plain numbers, raw arrays, Sparkplug B with aliases.

Pure but for what Sparkplug has told before (aliases and sequence by node). A message that cannot be read is a
DataError, for the driver to count.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from edge_agent.signals import sparkplug
from edge_agent.signals.values import (
    ABSENT,
    at_path,
    number_if_it_is,
    number_of,
    parsed_json,
    raw_array,
    scaled,
    scaled_value,
    time_of,
)
from edge_agent.sources.machine_config import MqttSignal
from kits.core.errors import DataError

_RAW = {"float32le": "<f4", "int16le": "<i2"}
_SEQUENCE = 256
_MESSAGES = 5
"""So many messages without what a signal's path names: there is none of it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message says of one signal; `value` is an array for a waveform."""

    number: int
    value: object
    time_s: float | None = None


@dataclass
class _Node:
    """A Sparkplug edge node or device."""

    names: dict[int, str] = field(default_factory=dict)
    datatypes: dict[str, int] = field(default_factory=dict)
    born: bool = False


class Translator:
    """Finds the signals of a message.

    Attributes:
        rebirths: nodes (`group/node`) that must tell their metrics again, until somebody asked them.
        lost: messages of Sparkplug nodes that are known to be missing.
    """

    def __init__(self, signals: Sequence[MqttSignal]) -> None:
        self._by_topic: dict[str, list[int]] = {}
        self._by_metric: dict[tuple[str, str, str, str], list[int]] = {}
        self._signals = signals
        self._nodes: dict[str, _Node] = {}
        self._sequence: dict[str, int] = {}
        self._without: dict[int, int] = {}
        self._newest: tuple[bytes, object] | None = None
        self.rebirths: set[str] = set()
        self.lost = 0
        for number, signal in enumerate(signals):
            if signal.format == "sparkplug":
                key = (*_source_of(signal.topic), signal.metric)
                self._by_metric.setdefault(key, []).append(number)
            else:
                self._by_topic.setdefault(signal.topic, []).append(number)

        self._wanted = {(group, node) for group, node, *_ in self._by_metric}

    def filters(self) -> list[str]:
        """What to subscribe to."""
        found = set(self._by_topic)
        for key in self._by_metric:
            group, node, device = key[:3]
            found.add(f"spBv1.0/{group}/+/{node}")
            if device:
                found.add(f"spBv1.0/{group}/+/{node}/{device}")
        return sorted(found)

    def readings(self, topic: str, content: bytes) -> Iterator[Reading]:
        """The readings of a message. Raises DataError when it cannot be read."""
        for filter_, numbers in self._by_topic.items():
            if matches(filter_, topic):
                yield from self._plain(numbers, content)
        if topic.startswith("spBv1.0/") and self._by_metric:
            yield from self._sparkplug(topic, content)

    def begin_anew(self) -> None:
        """Nothing is known of what Sparkplug nodes said meanwhile, their deaths neither: all are asked for a birth."""
        for node in self._nodes.values():
            node.born = False
        self._sequence.clear()
        self.ask_unborn()

    def ask_unborn(self) -> None:
        """What a node told before this program began is not known either, although the broker kept its session."""
        for group, name, device, _ in self._by_metric:
            node = self._nodes.get(f"{group}/{name}/{device}")
            if node is None or not node.born:
                self.rebirths.add(f"{group}/{name}")

    def numbers_of(self, topic: str) -> list[int]:
        """The signals that messages of a topic may tell, but those of Sparkplug."""
        found = (numbers for filter_, numbers in self._by_topic.items() if matches(filter_, topic))
        return [number for numbers in found for number in numbers]

    def never_told(self) -> list[int]:
        """Signals whose path several messages of their topic do not have, and none had."""
        return [number for number, missing in self._without.items() if missing >= _MESSAGES]

    def told_on_change(self) -> list[int]:
        """The signals of Sparkplug nodes that live: they tell a metric when it changes."""
        return [
            number
            for (group, name, device, _), numbers in self._by_metric.items()
            if (node := self._nodes.get(f"{group}/{name}/{device}")) is not None and node.born
            for number in numbers
        ]

    # -- plain messages --------------------------------------------------------------------------

    def _plain(self, numbers: Sequence[int], content: bytes) -> Iterator[Reading]:
        """Of each signal that can be read, whatever is wrong with another one."""
        failure: DataError | None = None
        for number in numbers:
            try:
                found = self._reading(number, content)
            except DataError as error:
                failure = failure or error
                continue
            if found is not None:
                yield found
        if failure is not None:
            raise failure

    def _reading(self, number: int, content: bytes) -> Reading | None:
        """None: messages of several kinds share a topic, and this one says nothing of the signal."""
        signal = self._signals[number]
        if signal.format == "number":
            return Reading(number, scaled(number_of(content), signal.scale))
        if signal.format in _RAW:
            return Reading(number, raw_array(content, _RAW[signal.format]) * signal.scale)
        parsed = self._parsed_once(content)
        value = at_path(parsed, signal.value)
        if value is ABSENT:
            self._without[number] = self._without.get(number, 0) + 1
            return None
        self._without[number] = -sys.maxsize
        if signal.role == "channel":
            value = number_if_it_is(value)
        time_s = time_of(at_path(parsed, signal.time)) if signal.time else None
        return Reading(number, scaled_value(value, signal.scale), time_s)

    def _parsed_once(self, content: bytes) -> object:
        """Many signals may be of one message."""
        if self._newest is None or self._newest[0] is not content:
            self._newest = content, parsed_json(content)
        return self._newest[1]

    # -- Sparkplug -------------------------------------------------------------------------------

    def _sparkplug(self, topic: str, content: bytes) -> Iterator[Reading]:
        parts = topic.split("/")
        if len(parts) not in (4, 5):
            return
        group, kind, name = parts[1], parts[2], parts[3]
        device = parts[4] if len(parts) == 5 else ""
        if (group, name) not in self._wanted:
            return  # nodes that others make up are neither remembered nor asked for anything
        if kind in ("NDEATH", "DDEATH"):
            self._dies(group, name, device)
            return
        if kind not in ("NBIRTH", "NDATA", "DBIRTH", "DDATA"):
            return
        payload = sparkplug.decode_payload(content)
        self._count(f"{group}/{name}", kind, payload.seq)
        node = self._nodes.setdefault(f"{group}/{name}/{device}", _Node())
        if kind.endswith("BIRTH"):
            node.born = True
            node.names = {
                m.alias: m.name for m in payload.metrics if m.alias is not None and m.name
            }
            node.datatypes = {
                m.name: m.datatype for m in payload.metrics if m.name and m.datatype is not None
            }
        elif not node.born:
            self.rebirths.add(f"{group}/{name}")  # aliases of before we came are not known
        for metric in payload.metrics:
            known = metric.name or (
                node.names.get(metric.alias, "") if metric.alias is not None else ""
            )
            if not node.born and metric.has_unknown_sign:
                continue  # the birth that is asked for tells it
            for number in self._by_metric.get((group, name, device, known), ()):
                time_s = metric.time_s if metric.time_s is not None else payload.time_s
                value = metric.value_as(node.datatypes.get(known))
                yield Reading(number, self._metric_value(number, value), time_s)

    def _metric_value(self, number: int, value: sparkplug.Value) -> object:
        signal = self._signals[number]
        if isinstance(value, bytes):
            return raw_array(value, "<f4") * signal.scale
        return scaled_value(value, signal.scale)

    def _count(self, node: str, kind: str, seq: int | None) -> None:
        """A hole in the sequence: what was lost may have been a change, so all is asked for again."""
        if seq is None:
            return
        before = self._sequence.get(node)
        self._sequence[node] = seq
        if kind == "NBIRTH" or before is None:
            return
        missing = (seq - before - 1) % _SEQUENCE
        if missing:
            self.lost += missing
            self.rebirths.add(node)

    def _dies(self, group: str, name: str, device: str) -> None:
        prefix = f"{group}/{name}/{device}"
        for key, node in self._nodes.items():
            if key == prefix or (not device and key.startswith(f"{group}/{name}/")):
                node.born = False
        if not device:
            self._sequence.pop(f"{group}/{name}", None)


def matches(filter_: str, topic: str) -> bool:
    """Whether a topic is meant by an MQTT filter."""
    wanted, given = filter_.split("/"), topic.split("/")
    for at, part in enumerate(wanted):
        if part == "#":
            return True
        if at >= len(given) or part not in ("+", given[at]):
            return False
    return len(wanted) == len(given)


def _source_of(topic: str) -> tuple[str, str, str]:
    """(group, node, device) of a topic as configured; the message type in it does not matter."""
    parts = topic.split("/")
    if len(parts) not in (4, 5) or parts[0] != "spBv1.0":
        raise DataError(
            f"no Sparkplug B topic: {topic}", where="source.signals",
            fix="spBv1.0/GROUP/+/NODE or spBv1.0/GROUP/+/NODE/DEVICE",
        )  # fmt: skip
    return parts[1], parts[3], parts[4] if len(parts) == 5 else ""
