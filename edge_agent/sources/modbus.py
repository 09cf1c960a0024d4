"""Polls a Modbus device: registers by a table, neighbours in one request (pymodbus, extra `machines`).

A register the device refuses is a gap of its signals; a connection that ends is made anew by the source. Modbus
knows no time: readings are of the moment of their answer.
"""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_agent.log import warn
from edge_agent.pulse import Pulse
from edge_agent.signals.feed import Feed
from edge_agent.sources.machine_config import ModbusSignal, ModbusSourceConfig
from kits.core.errors import ConfigError

if TYPE_CHECKING:
    from pymodbus.client import ModbusSerialClient, ModbusTcpClient

_FORMATS = {
    "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
    "float32": "f", "float64": "d",
}  # fmt: skip
_MOST = {"holding": 120, "input": 120, "coil": 1900, "discrete": 1900}
"""Registers of one request; the protocol allows 125 and 2,000."""
_NEAR = 8
"""So many unused registers in between cost less than another request."""


@dataclass(frozen=True)
class Request:
    """Registers read at once, and the signals in them by number."""

    table: str
    device_id: int
    first: int
    count: int
    signals: tuple[int, ...]


def width(signal: ModbusSignal) -> int:
    """Registers of a signal."""
    return 1 if signal.type == "bit" else struct.calcsize(_FORMATS[signal.type]) // 2 or 1


def plan(signals: Sequence[ModbusSignal]) -> Iterator[Request]:
    """Few requests for all signals."""
    order = sorted(
        range(len(signals)),
        key=lambda n: (signals[n].table, signals[n].device_id, signals[n].address),
    )
    group: list[int] = []
    for number in order:
        if group and not _joins(signals, group, number):
            yield _request(signals, group)
            group = []
        group.append(number)
    if group:
        yield _request(signals, group)


def _joins(signals: Sequence[ModbusSignal], group: list[int], number: int) -> bool:
    first, signal = signals[group[0]], signals[number]
    end = max(signals[n].address + width(signals[n]) for n in group)
    return (
        (first.table, first.device_id) == (signal.table, signal.device_id)
        and signal.address <= end + _NEAR
        and signal.address + width(signal) - first.address <= _MOST[first.table]
    )


def _request(signals: Sequence[ModbusSignal], group: list[int]) -> Request:
    first = signals[group[0]]
    end = max(signals[n].address + width(signals[n]) for n in group)
    count = end - first.address
    return Request(first.table, first.device_id, first.address, count, tuple(group))


def value_of(signal: ModbusSignal, words: Sequence[int]) -> float:
    """A reading from the registers of a signal."""
    if signal.type == "bit":
        return float(bool(words[0])) * signal.scale + signal.offset
    ordered = words if signal.words == "big" else tuple(reversed(words))
    content = b"".join(struct.pack(">H", word & 0xFFFF) for word in ordered)
    raw = float(struct.unpack(f">{_FORMATS[signal.type]}", content)[0])
    return raw * signal.scale + signal.offset


class ModbusDriver:
    """A `SignalDriver`.

    Attributes:
        refused: requests that the device answered with an exception.
    """

    def __init__(self, config: ModbusSourceConfig) -> None:
        self._config = config
        self._requests = tuple(plan(config.signals))
        self.refused = 0

    def run(self, feed: Feed, closed: threading.Event, pulse: Pulse) -> str:
        client = self._client()
        try:
            if not client.connect():
                return "the device does not answer"
            due = time.monotonic()
            while not closed.is_set():
                pulse.beat()
                why = self._poll(client, feed)
                if why:
                    return why
                due = max(due + self._config.poll_ms / 1000, time.monotonic())
                if pulse.wait(closed, due - time.monotonic()):
                    break
            return "closed"
        finally:
            client.close()  # type: ignore[no-untyped-call]  # pymodbus has no types here

    def _client(self) -> ModbusTcpClient | ModbusSerialClient:
        try:
            from pymodbus.client import ModbusSerialClient, ModbusTcpClient
        except ImportError as error:
            raise ConfigError(
                "pymodbus is not installed", where="source.kind: modbus",
                fix="pip install 'kitwright[agent,machines]'",
            ) from error  # fmt: skip
        c = self._config
        if c.host:
            return ModbusTcpClient(c.host, port=c.port, timeout=c.timeout_s, retries=0)
        return ModbusSerialClient(
            c.serial, baudrate=c.baudrate, parity=c.parity, stopbits=c.stopbits,
            timeout=c.timeout_s, retries=1,
        )  # fmt: skip

    def _poll(self, client: Any, feed: Feed) -> str:
        """All requests once; why the connection is of no more use, or empty."""
        from pymodbus.exceptions import ModbusException

        for request in self._requests:
            try:
                answer = self._ask(client, request)
            except (ModbusException, OSError) as error:
                return f"no answer: {error}"
            if answer is None:
                self._refused(request, feed)
                continue
            for number in request.signals:
                signal = self._config.signals[number]
                at = signal.address - request.first
                words = answer[at : at + width(signal)]
                if len(words) < width(signal):
                    feed.put(number, 0.0, good=False)
                else:
                    feed.put(number, value_of(signal, words))
        return ""

    def _ask(self, client: Any, request: Request) -> Sequence[int] | None:
        """The registers; None when the device refuses them."""
        verbs = {
            "holding": client.read_holding_registers, "input": client.read_input_registers,
            "coil": client.read_coils, "discrete": client.read_discrete_inputs,
        }  # fmt: skip
        answer = verbs[request.table](
            request.first, count=request.count, device_id=request.device_id
        )
        if answer.isError():
            return None
        found: Sequence[int] = (
            answer.bits if request.table in ("coil", "discrete") else answer.registers
        )
        return found

    def _refused(self, request: Request, feed: Feed) -> None:
        self.refused += 1
        if self.refused == 1:
            warn("registers_refused", table=request.table, first=request.first, count=request.count)
        for number in request.signals:
            feed.put(number, 0.0, good=False)
