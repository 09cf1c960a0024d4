"""Made-up mails as dataset versions, and a runtime from a training on them, as `kit train` makes one."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kits.core.annotation import Annotation
from kits.core.bundle import Bundle, BundleManifest
from kits.core.dataset import Dataset, DatasetHeader, DatasetItem, Split, build
from kits.core.kit import TrainOutcome, TrainTask
from kits.core.mail.writing import write_message
from kits.core.operating_point import Costs
from kits.core.prediction import Prediction, Quantity
from kits.core.runtime import Runtime, cpu_session
from kits.core.sample import Sample, sample_id_for, utc_now
from kits.support_triage import KIT
from kits.support_triage.config import Config
from kits.toolchain import bundling
from kits.toolchain.evaluation import MemoryBlobStore
from kits.toolchain.export_note import export_note

MAIL = "message/rfc822"
_ASKED = {
    "refund": ("i want my money back", "please refund the lamp", "when do i get the money back"),
    "invoice": ("please send the invoice again", "the invoice is wrong", "where is my invoice"),
    "order": ("where is my order", "my order has not arrived", "the parcel is late"),
}
_NOISE = (
    "hello",
    "thanks",
    "please",
    "today",
    "again",
    "blue",
    "lamp",
    "red",
    "big",
    "very",
    "soon",
)
STRANGE = ("do you sing in the choir", "the weather in spring", "i read a novel about whales")


@dataclass(frozen=True)
class Said:
    """One mail and what was said of it."""

    text: str
    label: str = ""
    urgency: float | None = None
    split: Split = "train"
    group: str = ""


def made_up(n: int, seed: int = 0, split: Split = "train") -> list[Said]:
    """`n` labelled mails of three intents, in turn; urgent ones say so."""
    rng = random.Random(seed)
    mails = []
    for number in range(n):
        label = sorted(_ASKED)[number % len(_ASKED)]
        words = [rng.choice(_ASKED[label]), *rng.sample(_NOISE, 4), f"{rng.randrange(10**6)}"]
        urgent = rng.random() < 0.5
        rng.shuffle(words)
        text = " ".join([*words, "at once now"] if urgent else words)
        mails.append(Said(text, label, float(urgent), split))
    return mails


def dataset_of(mails: Iterable[Said]) -> Dataset:
    """A version that holds the mails in the splits they name."""
    blobs, items = MemoryBlobStore(), {}
    for number, mail in enumerate(mails):
        content = write_message(subject="", body=mail.text)
        levels = () if mail.urgency is None else (Quantity("urgency", mail.urgency, "level"),)
        sample = Sample(
            id=sample_id_for(content, f"{mail.split}{number}"),
            media_type=MAIL,
            digest=blobs.put(content),
            size=len(content),
            captured_at=utc_now(),
            source=f"{number}",
            group=mail.group,
        )
        said = Annotation(mail.label, quantities=levels) if mail.label or levels else None
        items[sample.id] = DatasetItem(sample, said, mail.split)
    return build(
        DatasetHeader(kit="support-triage", split_rule="test", seed=0), items.values(), blobs
    )


@dataclass(frozen=True)
class LearnedBundle:
    """A training's outcome with its bundle, not packed."""

    outcome: TrainOutcome
    bundle: Bundle
    runtime: Runtime

    def says(self, *texts: str) -> list[Prediction]:
        return self.runtime.predict([write_message(subject="", body=text) for text in texts])


def learn(dataset: Dataset, config: Config, folder: Path, seed: int = 0) -> LearnedBundle:
    """Trains, exports and loads, through the kit's own files."""
    outcome = KIT.train.train(TrainTask(dataset, config, Costs(), folder, seed))
    exported = KIT.export.export(folder, dataset, config)
    manifest = BundleManifest(
        kit=KIT.name,
        name="test",
        project="test",
        version=1,
        created_at=utc_now(),
        media_types=(MAIL,),
        labels=exported.labels,
        artefacts=(),
        config=dict(exported.config),
        dataset=dataset.id,
        seed=seed,
        run="run",
    )
    export_note(exported)
    models = bundling.fp32_models(exported)
    point = bundling.undecided(dataset, seed)
    bundle = bundling.in_memory(manifest, point, models, exported.files)
    return LearnedBundle(outcome, bundle, KIT.runtime.load(bundle, cpu_session))


def without(bundle: Bundle, path: str, content: bytes | None = None) -> Bundle:
    """The bundle without a file, or with another in its place."""
    files = {name: data for name, data in bundle.files.items() if name != path}
    return replace(bundle, files=files if content is None else {**files, path: content})


def right(found: Sequence[Prediction], mails: Sequence[Said]) -> float:
    """Share of mails whose label came out right."""
    return sum(p.label == m.label for p, m in zip(found, mails, strict=True)) / len(mails)
