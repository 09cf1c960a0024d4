"""What agents and `kit publish` say to the hub over HTTP, as typed models.

The hub implements these, agent and toolchain speak them; none imports the other. Paths are under
`/v1`; authentication is `Authorization: Bearer …` (a device token or a person's API token).
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, field_validator

from kits.core.events import Identity, Name, Number, Words

MAX_FIGURES = 64
"""In a report."""
MAX_WINDOW_MINUTES = 60.0
MAX_WINDOW_REQUESTS = 20
"""Of one device at the same time."""
MAX_CASE_WORDS = 20
"""Told to one device at the same time."""
MAX_GATE_WORDS = 4
"""The same."""
MAX_ERASURE_WORDS = 20
"""The same."""


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class EnrollRequest(_Wire):
    """`POST /v1/enroll`: a one-time token for an identity."""

    token: str = Field(max_length=200, repr=False)
    csr: str = Field(
        max_length=8192, description="certificate request (PEM) for a P-256 key; names are ignored"
    )
    hardware: str = Field("", description="machine, system, Python: shown in the device list")


class MqttAccess(_Wire):
    """How to reach the broker; over TLS the certificate says who we are, so no password."""

    host: str
    port: int
    username: str
    password: str = Field("", repr=False)
    tls: bool = False


class EnrollResponse(_Wire):
    """The device's identity. Stored by the agent with mode 0600."""

    device: str
    site: str
    group: str
    token: str = Field(repr=False, description="bearer token for the API")
    certificate: str = Field(description="client certificate (PEM) for the key of the request")
    ca: str = Field(description="the hub's certificate authority (PEM)")
    mqtt: MqttAccess
    root: dict[str, JsonValue] | None = Field(
        None, description="trusted TUF root metadata; None: the hub has none yet"
    )


class CertificateRequest(_Wire):
    """`POST /v1/device/certificate`: a certificate for a new key, also when the old one has ended."""

    csr: str = Field(max_length=8192, description="certificate request (PEM) for a new P-256 key")
    proof: str = Field(
        max_length=200,
        description="base64 of an ECDSA-SHA256 signature of the old key over the bytes of `csr`",
    )
    certificate: str = Field(
        "",
        max_length=8192,
        description="the present certificate (PEM): a hub that was restored may not know it any more",
    )


class CertificateResponse(_Wire):
    """The new certificate, and the authority it comes from (both PEM)."""

    certificate: str
    ca: str


class DesiredBundle(_Wire):
    """The bundle a device should run: a hint. What counts is the signed target it names.

    The device looks `target` up in the TUF metadata it has verified (`kits.core.releases`).
    """

    bundle: str
    size: int
    path: str = Field(description="below the hub's address; takes Range requests")
    target: str = Field(description="path of the release among the TUF targets")
    release: int = Field(gt=0, description="its number, as in `target`")
    deployment: int


class Withdrawn(_Wire):
    """A deployment that has ended at the hub: who has not committed it does not go on with it."""

    deployment: int
    reason: str = Field("", description="why, in the hub's words")


class WindowRequest(_Wire):
    """A person wants the raw signals of the last minutes of an asset; the device does it once."""

    id: Identity
    asset: Name
    minutes: float = Field(gt=0, le=MAX_WINDOW_MINUTES)
    expires_at: AwareDatetime = Field(description="afterwards nobody waits for it any more")


class CaseWord(_Wire):
    """What was done to a case away from its device, by a person or a CMMS; the device follows, once.

    A device whose case has risen by a window that is not in `seen` is not meant: whoever closed it
    did not know of that.
    """

    case_id: Identity
    asset: Name
    step: Identity = Field(description="`acknowledged` or `closed`; other words mean nothing yet")
    who: Name = ""
    note: Words = ""
    seen: tuple[Identity, ...] = Field(
        (), description="windows behind its newest rises the hub knows"
    )


class GateWord(_Wire):
    """Whether a bundle may decide without a person, as the hub or a person there has said; followed once.

    A device that has followed a word about this bundle goes by none that is not newer.
    """

    bundle: Identity
    closed: bool = Field(description="everything that this bundle decides goes to a person")
    why: Words = ""
    who: Name = Field("", description="a person's login; `hub`: audits refuted the promise")
    at: AwareDatetime = Field(description="when it was said")


class ErasureWord(_Wire):
    """A correspondent to erase; the device does it once and says so by an `ErasedBody` of this id."""

    id: Identity
    address: str = Field(
        "", max_length=254, repr=False,
        description="the address; empty in what is retained at the broker: ask the hub",
    )  # fmt: skip


class Desired(_Wire):
    """`GET /v1/device/desired`; what is retained on `down/desired` only says that it is time to ask.

    That a deployment is not the one in `bundle` says nothing about it (its rollout may be paused):
    it goes on until it is named in `withdrawn`.
    """

    bundle: DesiredBundle | None = None
    withdrawn: tuple[Withdrawn, ...] = Field(
        (), description="the newest of this device's deployments that have ended without a commit"
    )
    windows: tuple[WindowRequest, ...] = Field(
        (), description="raw signals asked of this device; it has sent those it knows already"
    )
    cases: tuple[CaseWord, ...] = Field(
        (), description="what was done to this device's cases, until it has said the same itself"
    )
    gates: tuple[GateWord, ...] = Field(
        (), description="what was said of the gate of the bundle that this device runs"
    )
    erasures: tuple[ErasureWord, ...] = Field(
        (), description="correspondents this device has not said that it erased"
    )
    limits: dict[str, JsonValue] = Field(default_factory=dict)


DeploymentState = Literal[
    "pending",
    "downloading",
    "verifying",
    "building",
    "shadow",
    "active",
    "committed",
    "failed",
    "rolled_back",
]


class Reported(_Wire):
    """`POST /v1/device/reported`, also retained on `st/reported`: what really runs.

    It takes both ways, so one may arrive twice, or after a newer one: within one boot the higher
    `sequence` is the newer. Without a boot nothing is known of the order. The hub keeps the newest
    of each device as it is, so all of it is bounded: as in events, words that are too long are cut.
    """

    bundle: Identity = Field("", description="id of the bundle that decides now")
    deployment: Number | None = None
    state: DeploymentState | None = None
    error: Words = ""
    waits_for: Words = Field(
        "", description="what keeps the installation, as `parts`: who says so is not silent"
    )
    boot: Identity = Field("", description="id of the boot of the machine in which it was said")
    sequence: Number = Field(0, description="rises with each report of a boot")
    agent: Name = Field("", description="version of the agent")
    provider: Name = ""
    figures: dict[Identity, float] = Field(default_factory=dict, max_length=MAX_FIGURES)

    @field_validator("figures")
    @classmethod
    def _finite(cls, figures: dict[str, float]) -> dict[str, float]:
        # a figure that is none is left out; the report is worth more than it
        return {name: value for name, value in figures.items() if math.isfinite(value)}


class TimeRequest(_Wire):
    """`POST /v1/device/time`: what time is it?"""

    nonce: str = Field(pattern="^[0-9a-f]{64}$", description="drawn anew for each question")


class SignedTime(_Wire):
    """The hub's answer: `payload` is the JSON text of a `TimeStatement`.

    `signature` is the hexadecimal signature of the text's UTF-8 bytes by one of the TUF
    timestamp role's keys, `key_id` that key's TUF id.
    """

    payload: str = Field(max_length=512)
    signature: str = Field(max_length=2048)
    key_id: str = Field(max_length=128)


class TimeStatement(_Wire):
    """What the hub signs about the time."""

    nonce: str
    time: AwareDatetime


class PublishRequest(_Wire):
    """`POST /v1/bundles`: announces a bundle whose blob was put before.

    It is usable once a signed release names it (`POST /v1/tuf/targets`).
    """

    bundle: str
    blob: str = Field(description="digest of the file's bytes, put under /v1/blobs")
    dataset: str = ""
    project_yaml: str = Field("", description="the project's kit.yaml, for retraining at the hub")


class PublishResponse(_Wire):
    """What the hub made of it."""

    bundle: str
    project: str
    version: int
    page: str = Field(description="address of the bundle's page")


class NewMetadata(_Wire):
    """`POST /v1/tuf/root` and `/v1/tuf/targets`: what the release engineer has signed.

    Both fields are whole TUF metadata files as text. A root that changes the targets keys comes
    with targets signed by the new ones; the first root always does.
    """

    root: str = ""
    targets: str = ""


class MetadataVersions(_Wire):
    """What is in force after the hub has taken it."""

    root: int
    targets: int
    snapshot: int
    timestamp: int


class OnlineKey(_Wire):
    """`GET /v1/tuf/online-key`, `POST` to have a new one made: for snapshot and timestamp.

    `key` is the key as it stands in TUF root metadata.
    """

    key_id: str
    key: dict[str, JsonValue]
