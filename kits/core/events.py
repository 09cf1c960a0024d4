"""Events: the rows the outbox carries from a device to the hub.

An event has an envelope (sequence number, class, clock) and a typed body. The key
`(device, epoch, seq)` makes receiving twice equal to once. Identities and numbers out of bounds are
refused, words for people are cut and end with "…": no receiver has to store more. Batching is in `frames.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from kits.core.alarm import Level
from kits.core.operating_point import Verdict

EventClass = Literal["a", "l", "s", "t"]
"""alert, label, sample, telemetry: in falling order of worth."""
EVENT_CLASSES: tuple[EventClass, ...] = ("a", "l", "s", "t")

ClockTrust = Literal["ntp", "rtc", "none"]

MAX_NUMBER = (1 << 63) - 1
"""Largest number that every database holds."""
MAX_IDENTITY = 64
MAX_WORDS = 1000
MAX_NAME = 200


def _cut(value: str) -> str:
    return value if len(value) <= MAX_WORDS else value[: MAX_WORDS - 1] + "…"


def _cut_name(value: str) -> str:
    return value if len(value) <= MAX_NAME else value[: MAX_NAME - 1] + "…"


Identity = Annotated[str, Field(max_length=MAX_IDENTITY)]
# a part of addresses and of file names
SampleId = Annotated[str, Field(max_length=MAX_IDENTITY, pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*$")]
Number = Annotated[int, Field(ge=0, le=MAX_NUMBER)]
Words = Annotated[str, AfterValidator(_cut)]
Name = Annotated[str, AfterValidator(_cut_name)]

if TYPE_CHECKING:
    JsonObject = dict[str, JsonValue]
else:
    # what was parsed from JSON is JSON: validating each value again would cost a hub a third of
    # its time per row
    JsonObject = dict[str, Any]


class _Wire(BaseModel):
    """Wire models ignore keys they do not know: a newer agent may talk to an older hub."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class Stamp(_Wire):
    """When, by a clock that may be wrong: order by (epoch, seq), never by `wall`."""

    wall: datetime
    mono_ns: int = Field(description="monotonic nanoseconds since boot `boot`")
    boot: str
    trust: ClockTrust = "none"


class BlobRef(_Wire):
    """Bytes that travel in chunks beside the event."""

    digest: str = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(gt=0, le=MAX_NUMBER)
    media_type: Name


class DecisionBody(_Wire):
    """One sample, what the model said of it and what was done."""

    kind: Literal["decision"] = "decision"
    sample_id: SampleId
    captured_at: datetime
    source: Words = ""
    group: Words = ""
    media_type: Name
    bundle: Identity = Field(description="id of the bundle that decided")
    verdict: Verdict
    score: float | None = Field(description="None when the model gave no finite number")
    label: Words = ""
    reason: Words = ""
    prediction: JsonObject = Field(default_factory=dict)
    latency_ms: dict[str, float] = Field(
        default_factory=dict, description="pre, infer, post, total"
    )
    actions: dict[str, str] = Field(
        default_factory=dict, description="action → done | late | error"
    )
    blob: BlobRef | None = None
    kept_for: Name = Field(
        "",
        description="why the bytes were kept: act, review, novelty, unknown-regime, audit, request",
    )
    meta: JsonObject = Field(
        default_factory=dict, description="what a source or a kit adds; of mails: `mail_remarks.py`"
    )


class AlertBody(_Wire):
    """Something a person should know: camera lost, bundle refused, disk nearly full."""

    kind: Literal["alert"] = "alert"
    name: Name
    severity: Literal["info", "warning", "error"] = "warning"
    text: Words
    where: Words = ""


CaseStep = Literal[
    "opened", "escalated", "eased", "returned", "acknowledged", "shelved", "unshelved", "closed"
]


class CaseBody(_Wire):
    """A step of an asset's case: what began with an alarm and ends when somebody closes it."""

    kind: Literal["case"] = "case"
    case_id: SampleId = Field(description="the same in all steps of one case; time-ordered")
    asset: Name
    transition: CaseStep
    level: Level = Field(description="in which it stands after this step")
    score: float | None = Field(None, description="None when the model gave no finite number")
    label: Words = Field("", description="the fault that is supposed")
    reason: Words = ""
    sample_id: Identity = Field("", description="the window behind this step")
    bundle: Identity = Field("", description="id of the bundle that decided")
    at: datetime = Field(description="when the window behind this step was captured")
    since: datetime = Field(description="when the score first stood there")
    note: Words = ""
    who: Name = Field("", description="the person at the device; empty: the device itself")


class LabelBody(_Wire):
    """A person at the device said what a sample is; `annotation` as in `annotation.py`."""

    kind: Literal["label"] = "label"
    sample_id: Identity
    annotation: JsonObject


DraftFate = Literal["accepted", "edited", "discarded"]
"""What became of a reply that was drafted: sent as it was, sent with changes, not used."""


class DraftBody(_Wire):
    """What a person made of a drafted reply. No word of either text is in it but those in `changed`."""

    kind: Literal["draft"] = "draft"
    sample_id: SampleId = Field(description="the mail that the draft answers")
    fate: DraftFate
    intent: Words = ""
    bundle: Identity = Field("", description="id of the bundle that drafted it")
    changed_share: float = Field(
        0.0, ge=0, le=1, description="share of the draft's words that were not sent"
    )
    changed: tuple[Words, ...] = Field(
        (), max_length=20, description="sentences of the draft that were not sent as they were"
    )
    at: datetime = Field(description="when the answer was sent, or the draft found gone")


class ErasedBody(_Wire):
    """A device has erased a correspondent, as the hub asked (`hub_api.ErasureWord`)."""

    kind: Literal["erased"] = "erased"
    request: Identity = Field(description="id of what was asked")
    who: Identity = Field(
        "", description="keyed digest the device knows the correspondent by, as `who` in the meta of mails"
    )  # fmt: skip
    mails: Number = Field(0, description="mails of which the device forgot the text")
    at: datetime = Field(description="when it was done")


class HealthBody(_Wire):
    """Counters and gauges of the agent since its start."""

    kind: Literal["health"] = "health"
    figures: dict[str, float]


class GapBody(_Wire):
    """Declared loss: rows that were evicted before they could be sent."""

    kind: Literal["gap"] = "gap"
    klass: EventClass
    first_seq: Number
    last_seq: Number
    rows: Number
    blobs: Number = 0
    bytes: Number = 0
    reason: Words


Body = Annotated[
    DecisionBody | AlertBody | CaseBody | LabelBody | DraftBody | ErasedBody | HealthBody | GapBody,
    Field(discriminator="kind"),
]


class Event(_Wire):
    """One row."""

    seq: int = Field(gt=0, le=MAX_NUMBER)
    klass: EventClass
    at: Stamp
    body: Body
