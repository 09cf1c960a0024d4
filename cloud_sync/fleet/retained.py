"""Who fills the broker's memory: devices that leave frames there as retained messages.

Only `st/` is retained by an honest device, two small messages. How many topics a device may leave
something in has no bound below `up/f/`, and a broker has no bound for what it retains.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as mqtt

from cloud_sync.fleet.broker import BrokerAddress
from cloud_sync.fleet.mqtt import make_client
from kits.core.errors import MachineError
from kits.core.topics import ROOT, parse_up

LOOK_S = 2.0
ENOUGH = 1000
"""Messages after which it is clear enough."""
_NAMED = 5


def devices_that_leave_frames(address: BrokerAddress, *, look_s: float = LOOK_S) -> list[str]:
    """The devices of which the broker retains frames, who left most comes first.

    Args:
        address: a listener without TLS whose user may read everything.
        look_s: after which what was seen must do; nothing may have been.
    """
    held: dict[str, int] = {}
    enough = threading.Event()

    def take(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        topic = parse_up(message.topic)
        if message.retain and topic is not None:
            held[topic.device] = held.get(topic.device, 0) + 1
        if sum(held.values()) >= ENOUGH:
            enough.set()

    client = make_client("kw-hub-retained")
    client.username_pw_set(address.username, address.password)
    client.on_connect = lambda client, *_: client.subscribe(f"{ROOT}/+/+/up/#", qos=0)
    client.on_message = take
    try:
        client.connect(address.host, address.port)
    except OSError:
        return []
    client.loop_start()
    enough.wait(look_s)
    client.disconnect()
    client.loop_stop()
    return sorted(held, key=lambda name: -held[name])


def too_much(held: int, limit: int, devices: Sequence[str]) -> MachineError:
    """What is said of a broker that was ended for its size.

    Args:
        held: bytes.
        limit: bytes.
        devices: who leaves frames there.
    """
    what = (
        f"mosquitto held {held >> 20} MB of memory, more than {limit >> 20}, and is started again"
    )
    if not devices:
        return MachineError(what, fix="if that was honest work, raise broker.memory_mb in hub.yaml")
    names = ", ".join(devices[:_NAMED]) + (" …" if len(devices) > _NAMED else "")
    return MachineError(
        f"{what}; frames were left there, retained, by {names}",
        fix="no agent of ours does that: cloud-sync device revoke, and look at that machine",
    )
