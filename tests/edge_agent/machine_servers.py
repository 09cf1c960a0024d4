"""Real servers of machine protocols for tests: OPC UA and Modbus TCP, each in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from datetime import datetime, timezone
from typing import Any


class _Loop:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, Any], timeout_s: float = 20.0) -> Any:
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

    def __init__(self, port: int, nodes: dict[str, Any], prepare: Callable[..., Any] | None = None) -> None:
        logging.getLogger("asyncua").setLevel(logging.CRITICAL)
        self.url = f"opc.tcp://127.0.0.1:{port}/machine"
        self._first = nodes
        self._prepare = prepare
        self._loop: _Loop | None = None
        self._server: Any = None
        self._nodes: dict[str, Any] = {}

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
        await self._server.start()

    def write(self, name: str, value: Any, at: datetime | None = None, *, bad: bool = False) -> None:
        """A new value with the source's time."""
        assert self._loop is not None
        self._loop.do(self._write(name, value, at, bad))

    async def _write(self, name: str, value: Any, at: datetime | None, bad: bool) -> None:
        from asyncua import ua

        old = await self._nodes[name].read_data_value()
        code = ua.StatusCode(ua.StatusCodes.BadSensorFailure if bad else ua.StatusCodes.Good)
        told = ua.DataValue(
            ua.Variant(value, old.Value.VariantType),
            StatusCode_=code,
            SourceTimestamp=(at or datetime.now(timezone.utc)).astimezone(timezone.utc),
        )
        await self._server.iserver.isession.write([_write_of(self._nodes[name], told)])

    def stop(self) -> None:
        if self._loop is not None:
            self._loop.do(self._server.stop())
            self._loop.close()
            self._loop = None


def _write_of(node: Any, told: Any) -> Any:
    from asyncua import ua

    value = ua.WriteValue()
    value.NodeId, value.AttributeId, value.Value = node.nodeid, ua.AttributeIds.Value, told
    parameters = ua.WriteParameters()
    parameters.NodesToWrite = [value]
    return parameters


class ModbusServer:
    """A real Modbus TCP device whose registers a test sets."""

    def __init__(self, port: int, registers: int = 200) -> None:
        self._port = port
        self._registers = registers
        self._loop: _Loop | None = None
        self._server: Any = None
        self.context: Any = None

    def start(self) -> None:
        self._loop = _Loop()
        self._loop.do(self._start())

    async def _start(self) -> None:
        from pymodbus.datastore import (
            ModbusDeviceContext,
            ModbusSequentialDataBlock,
            ModbusServerContext,
        )
        from pymodbus.server import ModbusTcpServer

        def block(size: int) -> Any:
            return ModbusSequentialDataBlock(1, [0] * size)

        n = self._registers
        self.context = ModbusDeviceContext(di=block(n), co=block(n), ir=block(n), hr=block(n))
        self._server = ModbusTcpServer(
            ModbusServerContext(devices=self.context, single=True), address=("127.0.0.1", self._port)
        )
        await self._server.listen()

    def set(self, address: int, words: list[int], function: int = 3) -> None:
        """Holding registers, unless another function code is said (1 coils, 2 discrete, 4 input)."""
        self.context.setValues(function, address, words)

    def stop(self) -> None:
        if self._loop is not None:
            self._loop.do(self._server.shutdown())
            self._loop.close()
            self._loop = None
