"""Small builders for mails, dataset versions and a runtime that says what a mail tells it to say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from kits.core.annotation import Annotation
from kits.core.dataset import Dataset, DatasetHeader, DatasetItem, Split, build
from kits.core.errors import DataError
from kits.core.kit import EvaluateTask, Finding, RawSample
from kits.core.mail.message import read_message
from kits.core.mail.writing import write_message
from kits.core.operating_point import Costs, OperatingPoint
from kits.core.prediction import Prediction, Quantity, Span
from kits.core.runtime import Payload, StageTimes
from kits.support_triage import data
from kits.toolchain.evaluation import MemoryBlobStore
from kits.toolchain.intake import ImportOptions, Intake, stated_labels, take_in
from kits.toolchain.splitting import Candidate, place

MAIL = "message/rfc822"


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read_all(path: Path, format: str = "auto") -> tuple[list[RawSample], list[Finding]]:
    found = list(data.read(path, format))
    samples = [f for f in found if isinstance(f, RawSample)]
    return samples, [f for f in found if isinstance(f, Finding)]


def told(findings: Iterable[Finding], check: str = "") -> str:
    """What was said, of one check or of all, with its evidence."""
    found = [f for f in findings if check in ("", f.check)]
    return "\n".join(line for f in found for line in (f.text, *f.evidence))


def label_of(sample: RawSample) -> str:
    return sample.annotation.label if sample.annotation else ""


def level_of(sample: RawSample, name: str) -> float | None:
    known = sample.annotation.quantities if sample.annotation else ()
    return next((q.value for q in known if q.name == name), None)


def version(samples: Iterable[RawSample]) -> Dataset:
    """A dataset version as an import makes it, copies kept together."""
    blobs = MemoryBlobStore()
    intake = Intake()
    take_in(intake, samples, ImportOptions(), blobs)
    entries = {entry.sample.id: entry for entry in intake.entries.values()}
    pairs = data.near_duplicates((i, blobs.get(e.sample.digest)) for i, e in entries.items())
    candidates = [
        Candidate(
            identity,
            entry.sample.source,
            entry.sample.group or entry.sample.source,
            stated_labels(entry.annotation),
            entry.given,
        )
        for identity, entry in entries.items()
    ]
    shares: dict[Split, float] = {"train": 0.7, "val": 0.15, "test": 0.15}
    placed = place(candidates, pairs, shares, 0)
    items = [
        DatasetItem(replace(e.sample, group=placed.groups[i]), e.annotation, placed.splits[i])
        for i, e in entries.items()
    ]
    header = DatasetHeader(kit="support-triage", split_rule="by group", seed=0)
    return build(header, items, blobs)


def sample(
    body: str,
    label: str = "",
    *,
    subject: str = "",
    split: Split | None = None,
    group: str = "",
    spans: tuple[Span, ...] = (),
    levels: tuple[Quantity, ...] = (),
    says: dict[str, object] | None = None,
    **meta: str,
) -> RawSample:
    """A mail; `says` is what `SayingRuntime` will predict of it."""
    extra = [("X-Says", json.dumps(says))] if says is not None else []
    content = write_message(subject=subject, body=body, sender="ann@shop.example", extra=extra)
    return RawSample(
        content, MAIL, body, Annotation(label, spans=spans, quantities=levels), group, split, meta
    )


class SayingRuntime:
    """A `Runtime` for judging: a mail's own header tells the prediction."""

    def __init__(self, out_of_scope: tuple[str, ...] = ("oos",)) -> None:
        self.out_of_scope = out_of_scope

    def decode(self, content: bytes, media_type: str) -> Payload:
        if not content:
            raise DataError("nothing to read")
        return content

    def encode(self, payload: Payload) -> tuple[bytes, str]:
        assert isinstance(payload, bytes)
        return payload, MAIL

    def predict(self, payloads: Sequence[Payload]) -> list[Prediction]:
        return [self._one(payload) for payload in payloads]

    def predict_timed(self, payload: Payload) -> tuple[Prediction, StageTimes]:
        return self._one(payload), StageTimes(0.0, 0.0, 0.0)

    def _one(self, payload: Payload) -> Prediction:
        assert isinstance(payload, bytes)
        said = json.loads(read_message(payload).headers["x-says"][0])
        return Prediction(
            score=said.get("score", 0.0),
            label=said.get("label", ""),
            probabilities=said.get("probabilities", {}),
            spans=tuple(Span(*span) for span in said.get("spans", ())),
            quantities=tuple(
                Quantity(name, said[name], "level")
                for name in ("urgency", "sentiment")
                if name in said
            ),
            details=said.get("details", {}),
        )


def task_of(
    samples: Iterable[RawSample],
    *,
    split: Split = "val",
    point: OperatingPoint | None = None,
    out_of_scope: tuple[str, ...] = ("oos",),
) -> EvaluateTask:
    """The given samples are `split` unless they say otherwise; groups stay as they are."""
    blobs = MemoryBlobStore()
    intake = Intake()
    take_in(intake, samples, ImportOptions(), blobs)
    items = [
        DatasetItem(entry.sample, entry.annotation, entry.given or split)
        for entry in intake.entries.values()
    ]
    header = DatasetHeader(kit="support-triage", split_rule="as stated", seed=0)
    dataset = build(header, items, blobs)
    return EvaluateTask(
        runtime=SayingRuntime(out_of_scope),
        operating_point=point,
        dataset=dataset,
        items=dataset.of(split),
        costs=Costs(escape=20.0, review=2.0),
        seed=0,
    )
