"""`kit compile`: from a run's FP32 bundle to the one for a device, in the precision that earns it.

Each candidate is measured through the kit's own runtime on the validation split and must pass the
gate. The operating point stays as chosen for FP32, and so do the golden references: the device
proves its arithmetic by reproducing FP32's scores within the measured tolerance and FP32's
verdicts exactly. Engines are built on the device; here TensorRT's parser is asked, where it is
installed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from pydantic import JsonValue

from kits.core.bundle import Bundle, GoldenSample, open_bytes, open_file, write
from kits.core.dataset import Dataset, DatasetItem
from kits.core.errors import DataError, GateError
from kits.core.files import write_atomically
from kits.core.kit import Evaluation, NoProgress, Progress
from kits.core.openvino import OpenVinoSession, openvino_factory, openvino_lacking
from kits.core.ready import ReadyBundle, interleaved_ms
from kits.core.runtime import SessionFactory, cpu_session
from kits.toolchain import bundling, trt_check
from kits.toolchain.bundling import Built
from kits.toolchain.evaluation import evaluate_ready
from kits.toolchain.export_note import ExportNote, own_files, read_export_note
from kits.toolchain.gate import Judgement, Limits, judge
from kits.toolchain.goal import goal_metric
from kits.toolchain.golden import loosen_golden
from kits.toolchain.lowering import Lowering, nothing_to_lower
from kits.toolchain.project import Project
from kits.toolchain.promise import broken_promise
from kits.toolchain.targets import CANDIDATES, TARGETS, check_choice
from kits.toolchain.tracking import VERSION_FIGURE, RunFolder, recorded_versions, start_run

_MIN_SPEED_UP = 0.9
_TIMED_SAMPLES = 20


@dataclass
class Compiled:
    """What a compilation made and why."""

    bundle: str
    path: Path
    precision: str
    target: str
    artefacts: tuple[str, ...]
    judgements: list[Judgement] = field(default_factory=list)
    refused: list[dict[str, JsonValue]] = field(default_factory=list)
    latency_ms: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, JsonValue]:
        """The answer of `kit compile --json`."""
        return {
            "bundle": self.bundle,
            "path": str(self.path),
            "precision": self.precision,
            "target": self.target,
            "artefacts": list(self.artefacts),
            "refused": list(self.refused),
            "measured": [{"precision": j.precision, **j.evidence} for j in self.judgements],
            "latency_ms": dict(self.latency_ms),
            "notes": list(self.notes),
        }


def compile_run(
    project: Project,
    *,
    target: str = "",
    precision: str = "auto",
    run: str = "",
    limits: Limits | None = None,
    calibration_samples: int = 200,
    progress: Progress | None = None,
) -> Compiled:
    """Builds, measures and packs the bundle for a target.

    Args:
        target: a key of `targets.TARGETS`; the project's `device.target` by default.
        precision: `auto` takes the fastest that passes the gate; a named one must pass it. Where the
            kit's models have no lower precision, FP32 is what ships, and the result says why.
        run: the run to compile; the newest by default.

    Raises:
        UsageError: unknown target, or a precision that means nothing for it.
        GateError: the named precision loses more than the limits allow.
        DataError: no validation split to measure on.
    """
    target = target or project.config.device.target
    check_choice(target, precision)
    run_dir = project.run_dir(run)
    base = open_file(run_dir / "bundle.kwb")
    dataset = project.dataset(base.manifest.dataset)
    seed = base.manifest.seed
    with start_run(project, "compile", dataset=dataset.id, seed=seed) as folder:
        job = _Job(
            project,
            base,
            read_export_note(run_dir),
            dataset,
            target,
            limits or Limits(),
            calibration_samples,
            progress or NoProgress(),
        )
        return job.go(folder, precision)


@dataclass(frozen=True)
class _Job:
    """One compilation, with what all of its steps need."""

    project: Project
    base: Bundle
    note: ExportNote
    dataset: Dataset
    target: str
    limits: Limits
    calibration_samples: int
    progress: Progress

    def go(self, folder: RunFolder, precision: str) -> Compiled:
        result = Compiled("", Path(), "fp32", self.target, ())
        shipped = self._shipped(precision, result)
        if self.kind == "tensorrt":
            fix = "kit compile --precision fp32" if precision != "fp32" else "--target cpu"
            result.notes += trt_check.check_shipped(shipped, fix)
        content = self._pack(shipped, folder, result)
        path = write(content, self.project.bundles_dir)
        bundle = open_bytes(content)
        result.bundle, result.path = bundle.id, path
        result.artefacts = tuple(a.path for a in bundle.manifest.artefacts)
        text = json.dumps(result.as_json(), indent=1)
        write_atomically(folder.path / "compile.json", text.encode())
        folder.finish(
            figures={VERSION_FIGURE: bundle.manifest.version, **result.latency_ms},
            metrics=bundle.manifest.metrics,
            bundle=bundle.id,
            notes=tuple(result.notes),
        )
        return result

    @property
    def kind(self) -> str:
        return TARGETS[self.target]

    @cached_property
    def lowering(self) -> Lowering:
        return Lowering(
            self.base,
            self.note,
            self.project.kit.export,
            self.dataset,
            self.kind,
            self.calibration_samples,
            self.progress,
        )

    def _shipped(self, precision: str, result: Compiled) -> tuple[Built, ...]:
        """The models that passed, FP32 first."""
        wanted = CANDIDATES[self.kind] if precision == "auto" else (precision,)
        wanted = tuple(p for p in wanted if p != "fp32")
        if not wanted:
            return self.lowering.full
        if why := nothing_to_lower(self.lowering.full, self.note, wanted, self.kind):
            result.notes.append(why)
            result.refused += [
                {"precision": p, "reason": why} for p in wanted if precision != "auto"
            ]
            return self.lowering.full
        wanted = tuple(p for p in wanted if p in self.note.precisions)
        full = self.lowering.full
        items = self._items()
        reference = self._evaluate(self._ready(full), items)
        for candidate in wanted:
            models = self._lowered(candidate, result)
            absent = self._not_here(candidate)
            reason = absent or self._objection(
                candidate, models, items, reference, result, must_gain=precision == "auto"
            )
            if not reason:
                result.precision = candidate
                return (*full, *models)
            if candidate == "bf16" and not absent:
                full = tuple(replace(model, full_precision=True) for model in full)
            result.refused.append({"precision": candidate, "reason": reason})
            if precision != "auto":
                raise GateError(
                    f"{candidate} was refused: {reason}",
                    where=f"run {self.base.manifest.run}, validation split, n={len(items)}",
                    fix="kit compile --precision auto, or state a larger --max-loss",
                )
        return full

    def _objection(
        self,
        candidate: str,
        models: Sequence[Built],
        items: Sequence[DatasetItem],
        reference: Evaluation,
        result: Compiled,
        *,
        must_gain: bool,
    ) -> str:
        """Why a precision may not ship; empty when it may. The evidence goes into `result`."""
        ready = self._ready((*self.lowering.full, *models), candidate)
        found = self._evaluate(ready, items)
        judged = judge(
            self.project.kit,
            candidate,
            goal_metric(self.project, reference.metrics),
            items,
            reference,
            found,
            self.limits,
        )
        result.judgements.append(judged)
        if judged.accepted and (broken := broken_promise(self.base.operating_point, found)):
            return broken
        if judged.accepted and must_gain and self.kind != "tensorrt":
            return self._too_slow(ready, items, candidate, result)
        return judged.reason

    def _items(self) -> tuple[DatasetItem, ...]:
        items = tuple(i for i in self.dataset.of("val") if i.annotation is not None)
        if not items:
            raise DataError(
                "there is no validation split to measure the loss on",
                where=f"dataset {self.dataset.id[:12]}",
                fix="kit compile --precision fp32",
            )
        return items

    def _not_here(self, precision: str) -> str:
        """Why this machine cannot compute in a precision that lives in the processor, not a file."""
        if precision != "bf16":
            return ""
        if lacking := openvino_lacking():
            return lacking
        computed = OpenVinoSession(self.lowering.full[0].content).precision
        return "" if computed == precision else f"this processor computes in {computed}"

    def _lowered(self, precision: str, result: Compiled) -> tuple[Built, ...]:
        if precision == "int8" and (few := self.lowering.shortfall()):
            result.notes.append(few)
        return self.lowering.lowered(precision)

    def _ready(self, models: Sequence[Built], precision: str = "fp32") -> ReadyBundle:
        files = own_files(self.base, self.note)
        bundle = bundling.in_memory(self.base.manifest, self.base.operating_point, models, files)
        sessions: SessionFactory = cpu_session
        on_cpu = all(built.target == "cpu" for built in models)
        if self.kind == "openvino" and not on_cpu and not openvino_lacking():
            sessions = openvino_factory(full_precision=precision != "bf16")
        target = "cpu" if on_cpu else self.kind
        return ReadyBundle(bundle, self.project.kit.runtime.load(bundle, sessions, target))

    def _evaluate(self, ready: ReadyBundle, items: Sequence[DatasetItem]) -> Evaluation:
        return evaluate_ready(
            self.project.kit,
            ready,
            self.dataset,
            items,
            costs=self.project.config.costs,
            seed=self.base.manifest.seed,
            progress=self.progress,
        )

    def _too_slow(
        self, ready: ReadyBundle, items: Sequence[DatasetItem], precision: str, result: Compiled
    ) -> str:
        """Why the candidate is not worth it on this CPU; empty when it is at least 10 % faster."""
        chosen = items[:_TIMED_SAMPLES]
        contents = [(self.dataset.content(i), i.sample.media_type) for i in chosen]
        fp32, lower = interleaved_ms([self._ready(self.lowering.full), ready], contents)
        result.latency_ms.update({"fp32": fp32, precision: lower})
        if lower <= _MIN_SPEED_UP * fp32:
            return ""
        return f"hardly faster here: {lower:.2f} ms, FP32 takes {fp32:.2f} ms"

    def _pack(self, shipped: Sequence[Built], folder: RunFolder, result: Compiled) -> bytes:
        version = bundling.next_version(self.project.bundles_dir, recorded_versions(self.project))
        manifest = self.base.manifest.model_copy(
            update={"version": version, "created_at": folder.record.started_at}
        )
        provenance: dict[str, JsonValue] = {
            "compile_run": folder.id,
            "from_bundle": self.base.id,
            "target": self.target,
            "precision": result.precision,
            "measured": [{"precision": j.precision, **j.evidence} for j in result.judgements],
            "refused": list(result.refused),
        }
        if result.precision == "int8":
            provenance["calibration"] = {
                "n": len(self.lowering.calibration_items()),
                "digest": self.lowering.calibration_digest(),
                "split": "train",
            }
        return bundling.pack_bundle(
            self.project.kit,
            manifest,
            self.base.operating_point,
            shipped,
            self._golden(shipped, result.precision),
            counts=self.dataset.counts(),
            notes=[f"{r['precision']} was refused: {r['reason']}" for r in result.refused]
            + result.notes,
            extra={
                **own_files(self.base, self.note),
                "provenance/compile.json": json.dumps(provenance, indent=1).encode(),
            },
        )

    def _golden(self, shipped: Sequence[Built], precision: str) -> list[tuple[GoldenSample, bytes]]:
        """The run's golden samples with the tolerance that the shipped models need."""
        return loosen_golden(self.base, self._ready(shipped, precision))
