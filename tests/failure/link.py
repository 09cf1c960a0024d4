"""A network of its own for a device, over a line that really loses and delays IP packets.

Two TUN interfaces, one here and one in a network namespace, are joined by a small program that
drops and delays the packets between them. The kernels' TCP on both ends sees true packet loss, as
with `tc netem`, also where the kernel was built without it. Needs root and `/dev/net/tun`.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time
from types import TracebackType

import pytest

_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x1001
_CLONE_NEWNET = 0x40000000
_IP_V4 = 4


class Link:
    """A namespace behind a bad line; inside it this machine has the address `host`.

    Args:
        loss: share of packets that are dropped, each way.
        rtt_s: round trip time.
        seed: of the packets that are chosen.
    """

    def __init__(self, loss: float, rtt_s: float, seed: int) -> None:
        number = os.getpid() % 60_000
        self.namespace = f"kw-{number}"
        self._near, self._far = f"kwn{number}", f"kwf{number}"
        net = f"10.{200 + number // 16_384}.{number // 64 % 256}"
        first = number % 64 * 4
        self.host, self._inside = f"{net}.{first + 1}", f"{net}.{first + 2}"
        self._options = (str(loss), str(rtt_s / 2), str(seed))
        self._relay: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Link:
        _ip("netns", "add", self.namespace)
        near, far = _tun(self._near), _tun(self._far)
        _ip("link", "set", self._far, "netns", self.namespace)
        _ip("addr", "add", f"{self.host}/30", "dev", self._near)
        _ip("link", "set", self._near, "up")
        inside = ("-n", self.namespace)
        _ip(*inside, "addr", "add", f"{self._inside}/30", "dev", self._far)
        _ip(*inside, "link", "set", self._far, "up")
        _ip(*inside, "link", "set", "lo", "up")  # paho wakes itself over it
        command = [sys.executable, "-m", __name__, str(near), str(far), *self._options]
        self._relay = subprocess.Popen(command, pass_fds=(near, far), stdout=subprocess.PIPE)
        os.close(near)
        os.close(far)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    def close(self) -> dict[str, int]:
        """Takes the line down; how many packets it carried and dropped."""
        relay, self._relay = self._relay, None
        if relay is None:
            return {}
        relay.terminate()
        told, _ = relay.communicate(timeout=10)
        _ip("netns", "del", self.namespace)
        counts: dict[str, int] = json.loads(told)
        return counts


def require() -> None:
    """Skips the test where no such line can be made, and says why."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    if not os.path.exists("/dev/net/tun"):  # noqa: PTH110
        pytest.skip("this kernel has no TUN device")
    done = subprocess.run(["ip", "netns", "list"], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("network namespaces are not available (iproute2)")


def enter(namespace: str) -> None:
    """Moves this process into a namespace."""
    with open(f"/run/netns/{namespace}") as file:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(file.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def _tun(name: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH", name.encode(), _IFF_TUN_NO_PI))
    return device


def relay(near: int, far: int, loss: float, delay_s: float, seed: int) -> dict[str, int]:
    """Carries packets between two TUN devices until SIGTERM."""
    draw = random.Random(seed)
    waiting: list[tuple[float, int, int, bytes]] = []
    carried = dropped = 0
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
    across = {near: far, far: near}
    while not stopped:
        pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else 0.5
        ready, _, _ = select.select([near, far], [], [], min(pause, 0.5))
        now = time.monotonic()
        for device in ready:
            packet = os.read(device, 65_536)
            if packet[0] >> 4 != _IP_V4:
                continue
            if draw.random() < loss:
                dropped += 1
                continue
            carried += 1
            heapq.heappush(waiting, (now + delay_s, carried, across[device], packet))
        while waiting and waiting[0][0] <= now:
            _, _, device, packet = heapq.heappop(waiting)
            os.write(device, packet)
    return {"packets": carried, "packets dropped": dropped}


if __name__ == "__main__":
    a, b, lost, late, chosen = sys.argv[1:]
    print(json.dumps(relay(int(a), int(b), float(lost), float(late), int(chosen))))  # noqa: T201
