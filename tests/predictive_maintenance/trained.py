"""Small trainings on simulated machines, whole from samples to a bundle, and what a device loads from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from kits.core.annotation import Annotation
from kits.core.bundle import Artefact, Bundle, BundleManifest, GoldenSet, open_bytes, pack
from kits.core.dataset import Dataset, Split
from kits.core.kit import EvaluateTask, Evaluation, Exported, RawSample, TrainOutcome, TrainTask
from kits.core.operating_point import Costs, OperatingPoint
from kits.core.prediction import Quantity, Span
from kits.core.runtime import OnnxSession
from kits.core.sample import digest_of
from kits.core.window import MEDIA_TYPE, Channel, Window, encode_window
from kits.predictive_maintenance import evaluate, export, runtime, train
from kits.predictive_maintenance.config import Config
from kits.predictive_maintenance.runtime import ROLE, MachineRuntime
from tests.predictive_maintenance.reading import version

COSTS = Costs(escape=5000, overkill=150, review=5, prevalence=0.05)
AT = datetime(2026, 3, 2, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Trained:
    """A run with its operating point, chosen on val."""

    data: Dataset
    config: Config
    outcome: TrainOutcome
    exported: Exported
    machine: MachineRuntime
    point: OperatingPoint

    def judged(self, split: str = "test") -> Evaluation:
        return evaluate.evaluate(self.task(split))

    def task(self, split: str) -> EvaluateTask:
        items = self.data.of(split)  # type: ignore[arg-type]
        return EvaluateTask(self.machine, self.point, self.data, items, COSTS, seed=0)


def learn(
    samples: Iterable[RawSample], folder: Path, settings: Mapping[str, object] | None = None
) -> Trained:
    """Trains, exports, chooses the operating point on val and loads it as a device does."""
    data = version(samples, folder / "blobs")
    config = Config.model_validate(settings or {})
    outcome = train.train(TrainTask(data, config, COSTS, folder / "run", seed=1, device="cpu"))
    exported = export.export(folder / "run", data, config)
    bare = MachineRuntime(*_parts(exported, _PLACEHOLDER))
    items = data.of("val") or data.of("test")
    point = evaluate.choose_operating_point(
        EvaluateTask(bare, None, data, items, COSTS, seed=0), config
    )
    machine = loaded(exported, point)
    return Trained(data, config, outcome, exported, machine, point)


def loaded(exported: Exported, point: OperatingPoint) -> MachineRuntime:
    """The runtime of a bundle made of an export."""
    found = runtime.load(bundle(exported.config, exported.models, point), _session)
    assert isinstance(found, MachineRuntime)
    return found


def bundle(
    config: Mapping[str, object], models: Mapping[str, bytes], point: OperatingPoint
) -> Bundle:
    """A bundle as the toolchain packs it."""
    files = {f"models/{role}.onnx": model for role, model in models.items()}
    manifest = BundleManifest(
        kit="predictive-maintenance", name="m", project="m", version=1, created_at=AT,
        media_types=(MEDIA_TYPE,),
        artefacts=tuple(
            Artefact(role=role, path=f"models/{role}.onnx", precision="fp32", target="any",
                     digest=digest_of(model))
            for role, model in models.items()
        ),
        config=dict(config),  # type: ignore[arg-type]
        dataset="d" * 64, seed=0, run="r",
    )  # fmt: skip
    return open_bytes(pack(manifest, point, GoldenSet(), {**files, "card.md": b"# m"}))


_PLACEHOLDER = OperatingPoint.model_validate(
    {"default": {"act_at": 1, "review_from": 0}, "method": "none", "dataset": "d" * 64, "seed": 0}
)


def _parts(exported: Exported, point: OperatingPoint):  # type: ignore[no-untyped-def]
    found = loaded(exported, point)
    return found.spec, found.judge, found.band


def _session(model: bytes) -> OnnxSession:
    return OnnxSession(model, threads=1)


def sample(
    window: Window,
    source: str,
    *,
    label: str = "normal",
    spans: Sequence[Span] = (),
    life: float | None = None,
    unit: str = "cycles",
    group: str = "",
    split: Split | None = None,
) -> RawSample:
    """A window with what is known of it."""
    quantities = (Quantity("remaining_life", life, unit),) if life is not None else ()
    note = Annotation(label=label, spans=tuple(spans), quantities=quantities)
    asset = str(window.attributes.get("asset", ""))
    return RawSample(encode_window(window), MEDIA_TYPE, source, note, group or asset, split)


def part(window: Window, start: int, stop: int) -> Window:
    """Readings `start` to `stop` of a window whose channels share one rate."""
    channels = tuple(replace(c, readings=c.readings[start:stop]) for c in window.channels)
    began = window.started_at
    if began is not None and window.rate_hz:
        began = began + timedelta(seconds=start / window.rate_hz)
    return replace(window, channels=channels, started_at=began)


def changed(window: Window, name: str, readings: np.ndarray) -> Window:
    """The window with other readings in one channel."""
    channels = tuple(
        replace(c, readings=readings.astype(np.float32)) if c.name == name else c
        for c in window.channels
    )
    return replace(window, channels=channels)


def readings(window: Window, name: str) -> np.ndarray:
    return next(c.readings for c in window.channels if c.name == name)


def plain(rng: np.random.Generator, n: int, asset: str = "m", rate_hz: float = 1 / 60) -> Window:
    """Three channels of one machine: two go together, one goes its own way; noise with memory."""
    base = np.convolve(rng.normal(0, 1, n + 19), np.ones(20) / 20, "valid") * 4
    own = np.convolve(rng.normal(0, 1, n + 4), np.ones(5) / 5, "valid") * 2
    values = {
        "flow": 100 + 5 * base + rng.normal(0, 1, n),
        "current": 20 + 2 * base + rng.normal(0, 0.4, n),
        "temperature": 60 + own,
    }
    units = {"flow": "l/min", "current": "A", "temperature": "°C"}
    channels = tuple(Channel(k, units[k], v.astype(np.float32)) for k, v in values.items())
    return Window(channels, rate_hz, AT, {"asset": asset})


def exported_spec(model: BaseModel) -> dict[str, object]:
    return model.model_dump(mode="json")


__all__ = [
    "AT", "COSTS", "ROLE", "Trained", "bundle", "changed", "learn", "loaded", "part", "plain",
    "readings", "sample",
]  # fmt: skip
