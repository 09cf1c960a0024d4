"""The hub's clients of MQTT: paho's, which wait for their sockets by `poll`.

paho waits by `select`, which knows no descriptor above 1,023, and takes the error for a lost connection, without a word. A
hub has thousands of connections of devices and browsers: one that connected to its broker meanwhile would stay deaf.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from socket import socket
from types import SimpleNamespace
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

_READS = select.POLLIN
_WRITES = select.POLLOUT
_BROKEN = select.POLLHUP | select.POLLERR | select.POLLNVAL


def make_client(client_id: str, **options: Any) -> mqtt.Client:
    """A client of MQTT 5, not connected yet.

    Args:
        options: further ones of `paho.mqtt.client.Client`.
    """
    vars(mqtt)["select"] = SimpleNamespace(select=wait)
    return mqtt.Client(CallbackAPIVersion.VERSION2, client_id, protocol=mqtt.MQTTv5, **options)


def wait(
    readers: Sequence[socket],
    writers: Sequence[socket],
    _exceptional: Sequence[socket],
    timeout_s: float,
) -> tuple[list[socket], list[socket], list[socket]]:
    """`select.select` for descriptors of any number: those that can be read, those that can be written.

    Raises:
        TypeError: one is no socket.
        ValueError: one is closed.
    """
    wanted = dict.fromkeys(readers, _READS)
    for each in writers:
        wanted[each] = wanted.get(each, 0) | _WRITES
    poll = select.poll()
    for each, events in wanted.items():
        poll.register(each, events)
    found = dict(poll.poll(timeout_s * 1000))
    return _having(readers, found, _READS), _having(writers, found, _WRITES), []


def _having(sockets: Sequence[socket], found: dict[int, int], event: int) -> list[socket]:
    return [each for each in sockets if found.get(each.fileno(), 0) & (event | _BROKEN)]
