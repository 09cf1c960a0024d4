"""Whether the broker lets this device in: by logging in, or by asking the agent that is logged in.

A broker may take every connection with this device's certificate for the agent itself and cut the
agent off. So whoever calls `login` holds the state folder, and asks a running agent instead.
"""

from __future__ import annotations

import time

from edge_agent.certificates import Certificates
from edge_agent.config import AgentConfig
from edge_agent.enroll import Identity
from edge_agent.status import ask
from edge_agent.sync.mqtt import MqttTransport
from edge_agent.sync.mqtt_client import MqttSettings
from kits.core.errors import UnreachableError

_PATIENCE_S = 8.0


def login(config: AgentConfig, who: Identity) -> str:
    """Logs in as this device and out again. Returns why the broker refuses, or nothing."""
    settings = MqttSettings(
        host=who.mqtt.host,
        port=who.mqtt.port,
        client_id=f"kw-{who.site}-{who.device}-doctor",
        username=who.mqtt.username,
        password=who.mqtt.password,
        tls=Certificates(config.state_dir) if who.mqtt.tls else None,
    )
    transport = MqttTransport(settings)
    end = time.monotonic() + _PATIENCE_S
    try:
        while not transport.connected:
            if transport.alarm:
                return transport.alarm
            if time.monotonic() >= end or transport.figures.attempts > 1:
                return "takes connections and does not answer"
            transport.turn(0.1)
    finally:
        transport.close()
    return ""


def asked(config: AgentConfig) -> str:
    """What the running agent says of the broker: why it is not reached, or nothing.

    Raises:
        UnreachableError: its status page does not answer.
    """
    try:
        answer = ask(config)
    except UnreachableError as error:
        raise UnreachableError(
            "an agent runs, and its status page does not say whether it is let in",
            where=error.where,
            fix="set status.enabled and status.port, or stop the agent and ask again",
        ) from error
    refusal = answer["delivery"]["last_refusal"]
    if refusal or answer["broker"] != "reached":
        return str(refusal or "the running agent does not reach it")
    return ""
