"""Enrolment: a one-time token becomes the device's identity, kept in a file only we may read."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

import urllib3
from pydantic import ValidationError

from edge_agent.config import HubConfig
from edge_agent.errors import AgentConfigError, EnrolmentError
from edge_agent.update.fetch import HubClient
from kits.core.hub_api import EnrollRequest, EnrollResponse

_REASONS = {
    400: "the hub does not take this request",
    401: "the token is unknown",
    403: "the token is unknown",
    404: "there is no hub at this address",
    409: "the token was used already",
    410: "the token was used already or has expired",
}


class Identity(EnrollResponse):
    """`identity.json`: the enrolment with the hub's address."""

    hub: str


def enroll(hub: HubConfig, url: str, token: str) -> Identity:
    """Asks the hub for an identity.

    Raises:
        HubUnreachableError: the hub does not answer.
        EnrolmentError: it refuses the token.
    """
    client = HubClient(url, "", ca_file=hub.ca_file, timeout_s=hub.timeout_s)
    request = EnrollRequest(token=token, hardware=hardware())
    response = client.request("POST", "/v1/enroll", body=request.model_dump_json().encode())
    if response.status >= 300:
        raise EnrolmentError(
            _REASONS.get(response.status, f"the hub answered {response.status}")
            + _detail(response),
            where=url,
            fix="cloud-sync device add NAME, on the hub, gives a new token",
        )
    try:
        enrolled = EnrollResponse.model_validate_json(response.data)
    except ValidationError as error:
        raise EnrolmentError("the hub's answer is not an identity", where=url) from error
    return Identity(**dict(enrolled), hub=url)


def _detail(response: urllib3.BaseHTTPResponse) -> str:
    """What the hub says itself, when it says it in words."""
    try:
        answer = json.loads(response.data)
    except ValueError:
        return ""
    text = (answer.get("what") or answer.get("detail")) if isinstance(answer, dict) else None
    return f": {text[:200]}" if isinstance(text, str) else ""


def save_identity(identity: Identity, path: Path) -> None:
    """Writes the identity with mode 0600, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as out:
        out.write(identity.model_dump_json(indent=1))
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(path)


def load_identity(path: Path) -> Identity | None:
    """The identity, or None before enrolment.

    Raises:
        AgentConfigError: the file is damaged.
    """
    try:
        return Identity.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise AgentConfigError(
            "the identity is damaged", where=str(path), fix="edge-agent enroll --hub URL --token T"
        ) from error


def hardware() -> str:
    """Machine, system and Python, for the hub's list of devices."""
    return f"{platform.machine()} {platform.system()} {platform.release()} Python {platform.python_version()}"
