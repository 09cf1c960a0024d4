"""Real servers of machine protocols for tests: OPC UA and Modbus TCP, each in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine
from datetime import datetime, timezone
from typing import Any


class _Loop:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, Any], timeout_s: float = 60.0) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    def close(self) -> None:
        async def end() -> None:
            rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

        self.do(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


class OpcUaServer:
    """A real server with a few nodes; it can be stopped and started again on the same port."""

    def __init__(
        self, port: int, nodes: dict[str, Any], prepare: Callable[..., Any] | None = None
    ) -> None:
        logging.getLogger("asyncua").setLevel(logging.CRITICAL)
        self.url = f"opc.tcp://127.0.0.1:{port}/machine"
        self._first = nodes
        self._prepare = prepare
        self._loop: _Loop | None = None
        self._server: Any = None
        self._nodes: dict[str, Any] = {}
        self._types: dict[str, Any] = {}

    def start(self) -> None:
        self._loop = _Loop()
        self._loop.do(self._start())

    async def _start(self) -> None:
        from asyncua import Server

        self._server = Server()
        await self._server.init()
        self._server.set_endpoint(self.url)
        if self._prepare is not None:
            await self._prepare(self._server)
        space = await self._server.register_namespace("urn:test:machine")
        assert space == 2
        for name, value in self._first.items():
            node = await self._server.nodes.objects.add_variable(f"ns=2;s={name}", name, value)
            self._nodes[name] = node
            self._types[name] = (await node.read_data_value()).Value.VariantType
        await self._server.start()

    def write(
        self, name: str, value: Any, at: datetime | None = None, *, bad: bool = False
    ) -> None:
        """A new value with the source's time."""
        assert self._loop is not None
        self._loop.do(self._write(name, value, at, bad))

    async def _write(self, name: str, value: Any, at: datetime | None, bad: bool) -> None:
        from asyncua import ua

        code = ua.StatusCode(ua.StatusCodes.BadSensorFailure if bad else ua.StatusCodes.Good)
        told = ua.DataValue(
            ua.Variant(value, self._types[name]),
            StatusCode=code,
            SourceTimestamp=(at or datetime.now(timezone.utc)).astimezone(timezone.utc),
        )
        await self._nodes[name].write_attribute(ua.AttributeIds.Value, told)

    def end_subscriptions(self) -> None:
        """Forgets them without a word, as after a fault of its own; connections stand."""
        assert self._loop is not None
        service = self._server.iserver.subscription_service
        self._loop.do(service.delete_subscriptions(list(service.subscriptions)))

    def stop(self) -> None:
        if self._loop is not None:
            self._loop.do(self._server.stop())
            self._loop.close()
            self._loop = None


class ModbusServer:
    """A real Modbus TCP device whose registers a test sets."""

    def __init__(self, port: int, registers: int = 200) -> None:
        self._port = port
        self._registers = registers
        self._loop: _Loop | None = None
        self._server: Any = None

    def start(self) -> None:
        self._loop = _Loop()
        self._loop.do(self._start())

    async def _start(self) -> None:
        from pymodbus.server import ModbusTcpServer
        from pymodbus.simulator import DataType, SimData, SimDevice

        def words() -> list[SimData]:
            return [SimData(0, count=self._registers, values=0, datatype=DataType.REGISTERS)]

        def bits() -> list[SimData]:
            return [SimData(0, count=self._registers, values=False, datatype=DataType.BITS)]

        device = SimDevice(1, (bits(), bits(), words(), words()))
        self._server = ModbusTcpServer(device, address=("127.0.0.1", self._port))
        await self._server.listen()

    def set(self, address: int, words: list[int]) -> None:
        """Holding registers."""
        assert self._loop is not None
        self._loop.do(self._server.async_setValues(1, 16, address, words))

    def set_coil(self, address: int, *, on: bool) -> None:
        """One coil."""
        assert self._loop is not None
        self._loop.do(self._server.async_setValues(1, 15, address, [on]))

    def stop(self) -> None:
        if self._loop is not None:
            self._loop.do(self._server.shutdown())
            self._loop.close()
            self._loop = None


class ScriptedModbus:
    """A Modbus TCP device, or a gateway, that answers as a test says.

    Args:
        answer: of (unit, first register, count): the registers, the code of an exception, or None for silence.
        rest_s: a connection that rests so long is ended.
        resets: and what comes on it then is answered by a reset, as firewalls do.

    Attributes:
        asked: (unit, first register, count) of each request.
        connections: how many there were.
    """

    def __init__(
        self,
        port: int,
        answer: Callable[[int, int, int], list[int] | int | None],
        rest_s: float = 60.0,
        *,
        resets: bool = False,
    ) -> None:
        self._answer = answer
        self._resets = resets
        self._rest_s = rest_s
        self._listening = socket.create_server(("127.0.0.1", port))
        self.asked: list[tuple[int, int, int]] = []
        self.connections = 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                channel, _ = self._listening.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(channel,), daemon=True).start()

    def _serve(self, channel: socket.socket) -> None:
        channel.settimeout(60.0 if self._resets else self._rest_s)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", self._resets, 0))
        heard = time.monotonic()
        with channel, contextlib.suppress(OSError):
            while len(request := channel.recv(12)) == 12:
                transaction, _, _, unit, function, first, count = struct.unpack(">HHHBBHH", request)
                if self._resets and time.monotonic() - heard > self._rest_s:
                    return
                heard = time.monotonic()
                self.asked.append((unit, first, count))
                told = self._answer(unit, first, count)
                if told is None:
                    continue
                if isinstance(told, int):
                    content = struct.pack(">BB", function | 0x80, told)
                else:
                    content = struct.pack(f">BB{len(told)}H", function, 2 * len(told), *told)
                head = struct.pack(">HHHB", transaction, 0, len(content) + 1, unit)
                channel.sendall(head + content)

    def stop(self) -> None:
        self._listening.close()
