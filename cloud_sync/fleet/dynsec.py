"""Ends live MQTT sessions through mosquitto's dynamic-security plug-in. Nothing else uses it.

Who may say what stands in the ACL file and in certificates. mosquitto looks at both only when a
client connects, so the session of a device that has just been revoked would live on. The plug-in
ends every session of a user that it deletes: each name is made known to it and deleted in one
message, and its own list stays empty.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Sequence
from typing import Any

import paho.mqtt.client as mqtt

from cloud_sync.fleet.broker import BrokerAddress
from cloud_sync.fleet.mqtt import make_client
from kits.core.errors import UnreachableError

TOPIC = "$CONTROL/dynamic-security/v1"
NAMES_AT_ONCE = 100

EMPTY = json.dumps(
    {
        "defaultACLAccess": dict.fromkeys(
            ("publishClientSend", "publishClientReceive", "subscribe", "unsubscribe"), False
        ),
        "clients": [],
        "groups": [],
        "roles": [],
    }
)
"""The plug-in's file: it knows nobody and leaves every question to password and ACL file."""


def cut(address: BrokerAddress, names: Collection[str], *, timeout_s: float) -> None:
    """Ends every live session of these user names.

    Args:
        address: a listener without TLS whose user may write to `$CONTROL`.

    Raises:
        UnreachableError: the broker or its plug-in did not confirm in time.
    """
    control = _Control(address)
    try:
        control.connect(timeout_s)
        wanted = sorted(names)
        for start in range(0, len(wanted), NAMES_AT_ONCE):
            control.delete(wanted[start : start + NAMES_AT_ONCE], timeout_s)
    finally:
        control.close()


class _Control:
    """One short connection that asks and waits for the answer."""

    def __init__(self, address: BrokerAddress) -> None:
        self._address = address
        self._ready = threading.Event()
        self._answered = threading.Event()
        self._answer: list[dict[str, Any]] = []
        self._client = client = make_client("kw-hub-control")
        client.username_pw_set(address.username, address.password)
        client.on_connect = lambda client, *_: client.subscribe(f"{TOPIC}/response", qos=1)
        client.on_subscribe = lambda *_: self._ready.set()
        client.on_message = self._on_message

    def connect(self, timeout_s: float) -> None:
        try:
            self._client.connect(self._address.host, self._address.port)
        except OSError as error:
            raise self._trouble(str(error)) from error
        self._client.loop_start()
        if not self._ready.wait(timeout_s):
            raise self._trouble("no answer")

    def delete(self, names: Sequence[str], timeout_s: float) -> None:
        verbs = ("createClient", "deleteClient")
        commands = [{"command": verb, "username": name} for name in names for verb in verbs]
        self._answered.clear()
        self._client.publish(TOPIC, json.dumps({"commands": commands}), qos=1)
        if not self._answered.wait(timeout_s):
            raise self._trouble("the dynamic-security plug-in does not answer")
        deleted = [a for a in self._answer if a.get("command") == "deleteClient"]
        wrong = [str(a["error"]) for a in deleted if "error" in a]
        if wrong or len(deleted) != len(names):
            raise self._trouble(f"deleteClient: {', '.join(wrong) or 'not all confirmed'}")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._answer = json.loads(message.payload)["responses"]
        self._answered.set()

    def _trouble(self, what: str) -> UnreachableError:
        where = f"{self._address.host}:{self._address.port}"
        return UnreachableError(f"live sessions could not be ended: {what}", where=where)
