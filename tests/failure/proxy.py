"""A TCP proxy that delays, cuts and counts. It loses no packets: `link.py` does that.

It runs in a thread of the test's process, which otherwise only waits.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType

PIECE = 1 << 16


class Proxy:
    """Forwards connections to a target.

    Args:
        target: host and port.
        host: address to listen on.
        delay_s: time each byte spends on the way, one way.
        cut_every: a connection ends after so many bytes towards the client; 0: never. Every third
            cut is a silence instead of an end, as when a cable is pulled.

    Attributes:
        connections: accepted so far.
        down: bytes handed to clients.
        cuts: connections that were cut.
    """

    def __init__(
        self, target: tuple[str, int], *, host: str = "127.0.0.1", delay_s: float = 0.0,
        cut_every: int = 0,
    ) -> None:  # fmt: skip
        self._target = target
        self._host = host
        self._delay_s = delay_s
        self._cut_every = cut_every
        self.port = 0
        self.connections = 0
        self.down = 0
        self.cuts = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="proxy", daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._run())
        self._loop.close()

    async def _run(self) -> None:
        self._end = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._accept, self._host, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._end.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _ in range(2):  # what was closed ends in the loop's next turn
            await asyncio.sleep(0)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = self._loop.create_task(self._join(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _task: writer.close())  # also where it never began

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            return
        pumps = [
            asyncio.create_task(self._pump(reader, far_writer, lambda _n: True)),
            asyncio.create_task(self._pump(far_reader, writer, self._budget())),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            far_writer.close()  # before the wait, which may be cancelled
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    def _budget(self) -> Callable[[int], bool]:
        """Counts bytes towards a client; False once its connection is to be cut."""
        left = self._cut_every

        def spend(size: int) -> bool:
            nonlocal left
            self.down += size
            left -= size
            if not self._cut_every or left > 0:
                return True
            self.cuts += 1
            return False

        return spend

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        spend: Callable[[int], bool],
    ) -> None:
        """Moves bytes until one side ends or the budget is spent."""
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(4096)

        async def read() -> None:
            data = b"-"
            while data:
                try:
                    data = await reader.read(PIECE)
                except OSError:
                    data = b""
                await on_the_way.put((self._loop.time() + self._delay_s, data))

        reading = asyncio.create_task(read())
        try:
            while True:
                due, data = await on_the_way.get()
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                if not data:
                    return
                writer.write(data)
                await writer.drain()
                if not spend(len(data)):
                    if self.cuts % 3 == 0:
                        await asyncio.sleep(3600)
                    return
        except OSError:
            return
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
