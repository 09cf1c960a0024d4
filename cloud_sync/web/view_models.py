"""What pages show, computed from the tables: small values, no HTML. Read-only.

The overview has its own file (`overview.py`). Everything that came from a device or a user is
passed on as it is; the templates escape it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote

from pydantic import JsonValue
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from cloud_sync.intake.samples import annotations_in_force
from cloud_sync.learning.costs import project_costs
from cloud_sync.learning.known_labels import counted_labels
from cloud_sync.learning.label_words import LEAD, MAIL, bad_label, good_label
from cloud_sync.learning.pictures import AS_THEY_ARE, PICTURES
from cloud_sync.learning.review_queue import count_waiting
from cloud_sync.learning.reviews import suggestion
from cloud_sync.store.models import Alert, Annotation, Bundle, Case, Dataset, Project, Sample
from cloud_sync.store.models.cases import OPEN_ALARMS
from cloud_sync.web.auth import Identity
from cloud_sync.web.lead_samples import LeadSample, lead_samples
from kits.core.dataset import NO_LABEL, SPLITS
from kits.core.errors import ConfigError, DataError
from kits.core.prediction import Box, Prediction
from kits.core.window import MEDIA_TYPE as WINDOW

Value = TypeVar("Value", int, str)
DEFAULT_SIZE = (640, 480)


def menu_counts(session: Session, who: Identity) -> dict[str, int]:
    """Path of a page → number to show beside its name."""
    alerts = session.scalar(select(func.count(Alert.id)).where(Alert.seen_at.is_(None))) or 0
    waiting = count_waiting(session, who.person_id) if who.may("reviewer") else 0
    cases = session.scalar(select(func.count(Case.id)).where(OPEN_ALARMS)) or 0
    return {"/alerts": alerts, "/review": waiting, "/cases": cases}


def bundle_names(session: Session) -> dict[str, str]:
    """Bundle id → `name v3`."""
    rows = session.execute(select(Bundle.id, Bundle.name, Bundle.version))
    return {id: f"{name} v{version}" for id, name, version in rows}


def pairs(session: Session, query: Select[str, Value]) -> dict[str, Value]:
    """The rows of a query with two columns, as key → value."""
    return {row[0]: row[1] for row in session.execute(query)}


# --- samples ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SampleCard:
    """One sample in the grid."""

    id: str
    device: str
    captured_at: datetime
    trust: str
    verdict: str
    label: str
    score: float | None
    picture: bool
    why_none: str
    truth: str
    lead: LeadSample | None = None


@dataclass(frozen=True, slots=True)
class DrawnBox:
    """A box with the colour of its class."""

    x0: float
    y0: float
    x1: float
    y1: float
    label: str
    confidence: float
    tone: int


@dataclass(frozen=True, slots=True)
class Statement:
    """One entry of a sample's history."""

    label: str
    author: str
    source: str
    at: datetime
    boxes: int


def has_picture(sample: Sample) -> bool:
    """Whether the hub holds an image of it that can be shown."""
    return sample.blob_state == "stored" and sample.media_type in PICTURES


def content_url(sample: Sample) -> str:
    """Where its bytes are, as browsers can show them."""
    asked = "" if sample.media_type in AS_THEY_ARE else "?shown=true"
    return f"/v1/samples/{quote(sample.id, safe='')}/content{asked}"


def has_signal(sample: Sample) -> bool:
    """Whether the hub holds a sensor window of it."""
    return sample.blob_state == "stored" and sample.media_type == WINDOW


MAX_ORDERS = 24


def orders(said: Prediction) -> dict[str, float]:
    """Frequencies in Hz that the model names (`BPFO`, …), as the kit puts them into `details.orders`."""
    found = said.details.get("orders")
    if not isinstance(found, Mapping):
        return {}
    numbers = [
        (str(name)[:24], float(hz))
        for name, hz in found.items()
        if isinstance(hz, int | float) and not isinstance(hz, bool) and 0 < hz < 1e9
    ]
    return dict(numbers[:MAX_ORDERS])


def sensor_faults(said: Prediction) -> list[str]:
    """What speaks for a faulty sensor, as the kit puts it into `details.sensor_fault`."""
    found = said.details.get("sensor_fault")
    texts = found if isinstance(found, list) else [found]
    return [text for text in texts if isinstance(text, str) and text]


_KINDS = {WINDOW: ("Window", "Sensor window"), MAIL: ("Mail", "Mail"), LEAD: ("Lead", "Lead")}
"""Media type → what its bytes are called, and what stands in the place of a picture."""


def why_no_picture(sample: Sample) -> str:
    """What to show in place of the picture."""
    short, whole = _KINDS.get(sample.media_type, ("Picture", sample.media_type))
    states = {
        "expected": f"{short} on its way", "none": f"{short} not kept", "erased": f"{short} erased",
    }  # fmt: skip
    return states.get(sample.blob_state, whole)


def sample_cards(session: Session, samples: list[Sample]) -> list[SampleCard]:
    """The samples with what people said of them."""
    stated = annotations_in_force(session, [sample.id for sample in samples])
    of_leads = lead_samples(session, samples)
    # a lead without a word is open again
    truth = {
        name: row.label or ("" if name in of_leads else "boxes") for name, row in stated.items()
    }
    return [
        SampleCard(
            row.id, row.device, row.captured_at, row.trust, row.verdict, row.label, row.score,
            has_picture(row), why_no_picture(row), truth.get(row.id, ""),
            of_leads.get(row.id),
        )
        for row in samples
    ]  # fmt: skip


def history(session: Session, sample_id: str) -> list[Statement]:
    """What was said of a sample, newest first."""
    query = (
        select(Annotation).where(Annotation.sample_id == sample_id).order_by(Annotation.id.desc())
    )
    return [
        Statement(row.label, row.author, row.source, row.at, _length(row.body.get("boxes")))
        for row in session.scalars(query)
    ]


def _length(value: JsonValue) -> int:
    return len(value) if isinstance(value, list) else 0


def predicted(sample: Sample) -> Prediction:
    """The model's output; an empty one when the device sent something that is none."""
    try:
        return suggestion(sample)
    except DataError:
        return Prediction(
            score=sample.score if sample.score is not None else 0.0, label=sample.label
        )


def drawn(boxes: tuple[Box, ...], labels: list[str]) -> list[DrawnBox]:
    """Boxes with the colour their class has on the review page."""
    return [
        DrawnBox(
            box.x0, box.y0, box.x1, box.y1, box.label, box.confidence,
            labels.index(box.label) % 9 if box.label in labels else 0,
        )
        for box in boxes
    ]  # fmt: skip


def picture_size(sample: Sample) -> tuple[int, int]:
    """Width and height in pixels, as the device told."""
    width, height = sample.meta.get("width"), sample.meta.get("height")
    if isinstance(width, int) and isinstance(height, int) and 0 < width < 10**6 > height > 0:
        return width, height
    return DEFAULT_SIZE


def known_labels(session: Session, sample: Sample) -> list[str]:
    """The classes a box may get, most used first: in the newest dataset, lately, by the model."""
    counts = counted_labels(session, sample.project)
    said = predicted(sample)
    for label in (said.label, *said.probabilities, *(box.label for box in said.boxes)):
        counts.setdefault(label, 0)
    known = sorted(counts, key=lambda label: (-counts[label], label))
    other = ("", good_label(sample.media_type), NO_LABEL)
    return [name for name in known if name not in other] or [bad_label(sample.media_type)]


def summary(sample: Sample) -> str:
    """What the model says, in one sentence."""
    score = "no score" if sample.score is None else f"score {sample.score:.3g}"
    what = sample.label or ("nothing found" if sample.verdict == "pass" else "something")
    return f"{what}, {score}: {sample.verdict}" + (f" ({sample.reason})" if sample.reason else "")


# --- datasets and bundles -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CountRow:
    """One class in a dataset version."""

    label: str
    numbers: list[int]
    total: int
    change: str


@dataclass(frozen=True, slots=True)
class CountTable:
    """Samples by class and split."""

    splits: tuple[str, ...]
    rows: list[CountRow]


def _numbers(counts: Mapping[str, JsonValue], label: str) -> list[int]:
    numbers = []
    for split in SPLITS:
        row = counts.get(split)
        n = row.get(label, 0) if isinstance(row, Mapping) else 0
        numbers.append(n if isinstance(n, int) else 0)
    return numbers


def _labels(counts: Mapping[str, JsonValue]) -> set[str]:
    return {label for row in counts.values() if isinstance(row, Mapping) for label in row}


def count_table(dataset: Dataset, parent: Dataset | None) -> CountTable:
    """Counts per class and split, with the change since the parent."""
    rows = []
    before = parent.counts if parent else {}
    for label in sorted(_labels(dataset.counts) | _labels(before)):
        numbers = _numbers(dataset.counts, label)
        change = sum(numbers) - sum(_numbers(before, label))
        rows.append(
            CountRow(
                label or "boxes only", numbers, sum(numbers), f"{change:+d}" if parent else "–"
            )
        )
    return CountTable(SPLITS, rows)


def split_sizes(dataset: Dataset) -> str:
    """`80 / 10 / 10`"""
    table = count_table(dataset, None)
    return " / ".join(str(sum(row.numbers[i] for row in table.rows)) for i in range(len(SPLITS)))


_DIFFERENCE = "what 1,000 samples cost more with the challenger; below 0: it is cheaper"


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One metric of both; `told`: what it says, in plain words, where its kit has some."""

    name: str
    champion: JsonValue
    challenger: JsonValue
    told: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Champion against challenger, as `kit compare --json` tells it."""

    better: bool
    reason: str
    dataset: str
    split: str
    n: JsonValue
    seed: JsonValue
    rows: list[ComparisonRow]
    currency: str
    notes: list[str]


def comparison(
    raw: JsonValue, currency: str, told: Mapping[str, str] | None = None
) -> Comparison | None:
    """The comparison stored with a bundle or a job, or None when there is none.

    Args:
        currency: where it states none.
        told: metric → what it says, in the kit's plain words.
    """
    if not isinstance(raw, Mapping) or not raw:
        return None
    champion, challenger = raw.get("champion"), raw.get("challenger")
    champion = champion if isinstance(champion, Mapping) else {}
    challenger = challenger if isinstance(challenger, Mapping) else {}
    words = told or {}
    rows = [
        ComparisonRow(name, champion.get(name), challenger.get(name), words.get(name, ""))
        for name in sorted({*champion, *challenger})
    ]
    notes, difference = raw.get("notes"), raw.get("cost_difference")
    if difference is not None:
        rows.append(
            ComparisonRow("cost_difference_per_1000", None, _times(difference, 1000), _DIFFERENCE)
        )
    return Comparison(
        bool(raw.get("better")), str(raw.get("reason") or ""), str(raw.get("dataset") or ""),
        str(raw.get("split") or "test"), raw.get("n"), raw.get("seed"), rows,
        str(raw.get("currency") or currency),
        [str(note) for note in notes] if isinstance(notes, list) else [],
    )  # fmt: skip


def _times(estimate: JsonValue, factor: float) -> JsonValue:
    """An estimate of so many; what is none stays as it is."""
    if not isinstance(estimate, Mapping):
        return estimate
    ends = {name: estimate.get(name) for name in ("value", "low", "high")}
    scaled = {name: factor * end for name, end in ends.items() if isinstance(end, int | float)}
    return {**estimate, **scaled}


def currency_of(session: Session, project: str) -> str:
    """What a project's money is counted in; empty where its `kit.yaml` is not known or cannot be read."""
    row = session.get(Project, project)
    if row is None or not row.kit_yaml:
        return ""
    try:
        return project_costs(row.kit_yaml).currency
    except ConfigError:
        return ""
