"""Enrolment: a one-time token becomes the device's identity, kept in files only we may read.

Before the token is sent the hub has proved by its authority's fingerprint that it is the right one.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import pwd
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from edge_agent.certificates import Certificates
from edge_agent.config import HubConfig
from edge_agent.errors import AgentConfigError, EnrolmentError
from edge_agent.update.answers import Answer
from edge_agent.update.fetch import HubClient
from edge_agent.update.hub_change import hub_id, is_same
from kits.core.errors import UsageError
from kits.core.files import write_atomically
from kits.core.hub_api import EnrollRequest, EnrollResponse, MqttAccess
from kits.core.releases import MAX_METADATA_BYTES
from kits.core.sample import utc_now
from kits.core.tls import Clock, fetch_ca, refuse_plain

# a root of the largest size, quoted as JSON, and what stands around it
_ANSWER_BYTES = 2 * MAX_METADATA_BYTES["root"]
_REASONS = {
    400: "the hub does not take this request",
    401: "the token is unknown",
    403: "the token is unknown",
    404: "there is no hub at this address",
    409: "the token was used already",
    410: "the token was used already or has expired",
    422: "the hub does not take this device's certificate request",
}


class Identity(BaseModel):
    """`identity.json`: who this device is, where its hub is. Key and certificate lie beside it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    device: str
    site: str
    group: str
    token: str = Field(repr=False)
    mqtt: MqttAccess
    root: dict[str, JsonValue] | None = None
    hub: str
    hub_id: str = Field("", description="tells this hub from others; empty: the one known here")
    insecure_http: bool = False


def enroll(
    settings: HubConfig,
    url: str,
    token: str,
    path: Path,
    *,
    fingerprint: str = "",
    insecure_http: bool = False,
) -> Identity:
    """Asks the hub for an identity and keeps it, with a fresh key, in the folder of `path`.

    Args:
        path: of `identity.json`.
        fingerprint: SHA-256 of the hub's authority; without it `settings.ca_file` is trusted.
        insecure_http: a person accepts that others can read the connection.

    Raises:
        UsageError: plain HTTP beyond this machine, or nothing to recognise the hub by.
        UnreachableError: the hub does not answer, or is not the one with this fingerprint.
        EnrolmentError: it refuses the token.
    """
    refuse_plain(url, allowed=insecure_http, fix="use https://, or say --insecure-http")
    client = HubClient(
        url, "", ca=_authority(settings, url, fingerprint), timeout_s=settings.timeout_s
    )
    certificates = Certificates(path.parent)
    csr = certificates.request().decode()
    request = EnrollRequest(token=token, csr=csr, hardware=hardware())
    with contextlib.closing(client):
        question = request.model_dump_json().encode()
        answer = client.ask("POST", "/v1/enroll", question, limit=_ANSWER_BYTES)
    if answer.status >= 300:
        raise EnrolmentError(
            _REASONS.get(answer.status, f"the hub answered {answer.status}") + _detail(answer),
            where=url,
            fix="cloud-sync device add NAME, on the hub, gives a new token",
        )
    try:
        enrolled = EnrollResponse.model_validate_json(answer.body)
    except ValidationError as error:
        raise EnrolmentError("the hub's answer is not an identity", where=url) from error
    name = _name_of_hub(enrolled, path)
    certificates.take(enrolled.certificate.encode(), enrolled.ca.encode())
    identity = Identity(**dict(enrolled), hub=url, hub_id=name, insecure_http=insecure_http)
    save_identity(identity, path)
    return identity


def known_identity(path: Path) -> Identity | None:
    """The identity from before an enrolment; one that is damaged is no obstacle to a new one."""
    try:
        return load_identity(path)
    except AgentConfigError:
        return None


def _name_of_hub(enrolled: EnrollResponse, path: Path) -> str:
    """The name that the hub has here already, or a new one for another hub."""
    before, authority = known_identity(path), enrolled.ca.encode()
    try:
        same_authority = Certificates(path.parent).ca_file.read_bytes() == authority
    except OSError:
        same_authority = False
    known = before.root if before is not None else None
    if is_same(path.parent, known, enrolled.root, same_authority=same_authority):
        return before.hub_id if before is not None else ""
    return hub_id(authority, enrolled.root)


def _authority(settings: HubConfig, url: str, fingerprint: str) -> bytes | Path | None:
    """What the hub must prove itself with; None for plain HTTP."""
    if not url.startswith("https://"):
        return None
    if fingerprint:
        return fetch_ca(url, fingerprint, timeout_s=settings.timeout_s)
    if settings.ca_file is None:
        raise UsageError(
            "nothing says how to recognise the hub",
            where=url,
            fix="--ca-fingerprint F, as `cloud-sync device add` prints it; or hub.ca_file in"
            " agent.yaml for a hub behind a proxy",
        )
    return settings.ca_file


def hub_client(
    settings: HubConfig, identity: Identity, path: Path, *, clock: Clock = utc_now
) -> HubClient:
    """A client of the hub this device is enrolled at.

    Raises:
        UsageError: `hub.url` would send the token in the clear and nobody allowed it.
        ConfigError: the authority's certificate is damaged.
    """
    url = settings.url or identity.hub
    refuse_plain(
        url, allowed=identity.insecure_http, fix="https:// in hub.url, or enroll --insecure-http"
    )
    ca = None
    if url.startswith("https://"):
        ca = settings.ca_file or Certificates(path.parent).ca_file
    return HubClient(url, identity.token, ca=ca, timeout_s=settings.timeout_s, clock=clock)


def _detail(answer: Answer) -> str:
    """What the hub says itself, when it says it in words."""
    try:
        said = json.loads(answer.body)
    except ValueError:
        return ""
    text = (said.get("what") or said.get("detail")) if isinstance(said, dict) else None
    return f": {text[:200]}" if isinstance(text, str) else ""


def save_identity(identity: Identity, path: Path) -> None:
    """Writes the identity with mode 0600, whole or not at all."""
    write_atomically(path, identity.model_dump_json(indent=1).encode(), private=True)


def load_identity(path: Path) -> Identity | None:
    """The identity, or None before enrolment.

    Raises:
        AgentConfigError: the file is damaged, or this account may not read it.
    """
    try:
        return Identity.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AgentConfigError(
            f"the identity cannot be read by this account ({_account()}): {error.strerror}",
            where=str(path),
            fix="run it under the account that enrolled, or give that file to this one: chown",
        ) from error
    except ValidationError as error:
        raise AgentConfigError(
            "the identity is damaged", where=str(path), fix="edge-agent enroll --hub URL --token T"
        ) from error


def _account() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a user without a name, as in some containers
        return str(os.geteuid())


def hardware() -> str:
    """Machine, system and Python, for the hub's list of devices."""
    return f"{platform.machine()} {platform.system()} {platform.release()} Python {platform.python_version()}"
