"""The training flow: learn, export, choose the operating point, judge, bundle, report.

It composes the kit's files; nothing of the vertical is known here. A run that fails is marked as
failed with its reason, and what it left is never taken for a result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from kits.core.bundle import BundleManifest, LicenceNote, bundle_id
from kits.core.dataset import Dataset
from kits.core.errors import DataError, UsageError
from kits.core.files import write_atomically
from kits.core.kit import (
    EvaluateTask,
    Evaluation,
    Exported,
    Finding,
    NoProgress,
    Progress,
    TrainTask,
)
from kits.core.operating_point import OperatingPoint
from kits.core.ready import ReadyBundle
from kits.core.runtime import cpu_session
from kits.core.stats import Estimate
from kits.toolchain import bundling, evaluation, without_data
from kits.toolchain.datasets import findings_as_json
from kits.toolchain.export_note import export_note
from kits.toolchain.goal import goal_metric, save_baseline
from kits.toolchain.golden import candidates, choose_golden
from kits.toolchain.project import Project
from kits.toolchain.report.build import write_report
from kits.toolchain.tracking import VERSION_FIGURE, RunFolder, recorded_versions, start_run


@dataclass(frozen=True)
class Trained:
    """What a training run made."""

    run: str
    run_dir: Path
    bundle: Path
    bundle_id: str
    dataset: str
    seed: int
    goal: str
    metrics: Mapping[str, Estimate]
    baseline: Mapping[str, Estimate]
    licences: tuple[LicenceNote, ...]
    notes: tuple[str, ...]
    details: tuple[str, ...]
    warning: Finding | None = None

    def as_json(self) -> dict[str, JsonValue]:
        """The answer of `kit train --json`."""
        return {
            "warning": findings_as_json([self.warning])[0] if self.warning else None,
            "run": self.run,
            "dataset": self.dataset,
            "seed": self.seed,
            "bundle": str(self.bundle),
            "bundle_id": self.bundle_id,
            "goal": self.goal,
            "metrics": evaluation.metrics_json(self.metrics),
            "baseline": evaluation.metrics_json(self.baseline),
            "licences": [evaluation.finite(note) for note in self.licences],
            "notes": list(self.notes),
            "details": list(self.details),
        }


def train_project(
    project: Project,
    *,
    device: str = "auto",
    seed: int | None = None,
    note: str = "",
    where: str = "",
    progress: Progress | None = None,
) -> Trained:
    """Runs the whole flow on the project's current dataset version.

    Args:
        device: `auto`, `cpu` or `cuda:0`.
        seed: the project's `data.seed` by default.
        note: a sentence that is kept with the run.
        where: another machine to train on; only this one is possible.

    Raises:
        UsageError: `where` names another machine.
        DataError: no data, or no training or validation split, and the kit needs them.
    """
    if where:
        raise UsageError(
            f"training on {where!r} is not possible in this release",
            fix="leave --on out to train on this machine",
        )
    dataset = project.dataset() if project.current_dataset_id else without_data.dataset_of(project)
    lacking = next((s for s in ("train", "val") if not dataset.of(s)), "")
    if lacking and not without_data.possible(project, dataset):
        dataset = project.dataset()  # says that there is no data
        raise DataError(
            f"the dataset has no {lacking} split",
            where=f"dataset {dataset.id[:12]}",
            fix="import more samples; kit data list shows the counts",
        )
    without_data.keep(project, dataset)
    with start_run(project, "train", dataset=dataset.id, seed=seed) as run:
        return _Flow(project, dataset, run, device, progress or NoProgress()).go(note)


@dataclass(frozen=True)
class _Flow:
    """The steps of one training, with what all of them need."""

    project: Project
    dataset: Dataset
    run: RunFolder
    device: str
    progress: Progress

    def go(self, note: str) -> Trained:
        kit, config = self.project.kit, self.project.kit_config
        outcome = kit.train.train(
            TrainTask(
                dataset=self.dataset,
                config=config,
                costs=self.project.config.costs,
                out_dir=self.run.path,
                seed=self.run.record.seed,
                device=self.device,
                progress=self.progress,
            )
        )
        exported = kit.export.export(self.run.path, self.dataset, config)
        self._keep(exported)
        manifest = self._manifest(exported, outcome.licences)
        models = bundling.fp32_models(exported)
        point = self._choose(manifest, models, exported.files)
        ready = self._ready(manifest, models, point, exported.files)
        judged, remark = self._judge(ready)
        remarks = (remark, note, *outcome.notes, *judged.notes)
        notes = tuple(dict.fromkeys(text for text in remarks if text))
        details = tuple(dict.fromkeys((*outcome.details, *judged.details)))
        manifest = manifest.model_copy(update={"metrics": dict(judged.metrics)})
        content = bundling.pack_bundle(
            kit,
            manifest,
            point,
            models,
            choose_golden(ready, self._golden(exported), self._examples()),
            counts=self.dataset.counts(),
            notes=(*notes, *details),
            extra=exported.files,
        )
        path = self.run.path / "bundle.kwb"
        write_atomically(path, content)
        evaluation.save_evaluation(judged, self.run.path / "evaluation.json")
        baseline = dict(outcome.baseline)
        save_baseline(self.run.path, baseline)
        self.run.finish(
            figures={**outcome.figures, VERSION_FIGURE: manifest.version},
            metrics=judged.metrics,
            bundle=bundle_id(content),
            notes=notes,
            details=details,
            warning=outcome.warning,
        )
        self._report()
        return Trained(
            run=self.run.id,
            run_dir=self.run.path,
            bundle=path,
            bundle_id=self.run.record.bundle,
            dataset=self.dataset.id,
            seed=self.run.record.seed,
            goal=goal_metric(self.project, judged.metrics),
            metrics=judged.metrics,
            baseline=baseline,
            licences=outcome.licences,
            notes=notes,
            details=details,
            warning=outcome.warning,
        )

    def _keep(self, exported: Exported) -> None:
        """Writes the exported models and what quantisation needs to know about them."""
        for role, model in exported.models.items():
            write_atomically(self.run.path / "models" / f"{role}.onnx", model)
        note = export_note(exported)
        write_atomically(self.run.path / "export.json", note.model_dump_json(indent=1).encode())

    def _manifest(self, exported: Exported, licences: tuple[LicenceNote, ...]) -> BundleManifest:
        record, config = self.run.record, self.project.config
        return BundleManifest(
            kit=self.project.kit.name,
            name=config.name,
            project=config.name,
            version=bundling.next_version(
                self.project.bundles_dir, recorded_versions(self.project)
            ),
            created_at=record.started_at,
            media_types=self.project.kit.manifest.media_types,
            labels=exported.labels,
            artefacts=(),
            config=dict(exported.config),
            dataset=self.dataset.id,
            seed=record.seed,
            run=record.id,
            revision=record.revision,
            packages=record.packages,
            latency_limit_ms=config.device.latency_limit_ms,
            licences=licences,
        )

    def _ready(
        self,
        manifest: BundleManifest,
        models: Sequence[bundling.Built],
        point: OperatingPoint,
        files: Mapping[str, bytes],
    ) -> ReadyBundle:
        bundle = bundling.in_memory(manifest, point, models, files)
        return ReadyBundle(bundle, self.project.kit.runtime.load(bundle, cpu_session))

    def _choose(
        self,
        manifest: BundleManifest,
        models: Sequence[bundling.Built],
        files: Mapping[str, bytes],
    ) -> OperatingPoint:
        waiting = bundling.undecided(self.dataset, self.run.record.seed)
        task = EvaluateTask(
            runtime=self._ready(manifest, models, waiting, files).runtime,
            operating_point=None,
            dataset=self.dataset,
            items=self.dataset.of("val"),
            costs=self.project.config.costs,
            seed=self.run.record.seed,
            progress=self.progress,
        )
        return self.project.kit.evaluate.choose_operating_point(task, self.project.kit_config)

    def _golden(self, exported: Exported) -> Iterable[tuple[bytes, str]]:
        """What golden samples are chosen from."""
        return candidates(self.dataset) if exported.golden is None else exported.golden

    def _examples(self) -> Iterator[tuple[bytes, str]]:
        return without_data.examples(self.project, self.dataset, self.run.record.seed)

    def _judge(self, ready: ReadyBundle) -> tuple[Evaluation, str]:
        split, remark = evaluation.judged_split(self.dataset, "test")
        judgeable = any(item.annotation is not None for item in self.dataset.of(split))
        if not judgeable and without_data.possible(self.project, self.dataset):
            return without_data.unmeasured(self.dataset, self.run.record.seed), ""
        judged = evaluation.evaluate_ready(
            self.project.kit,
            ready,
            self.dataset,
            self.dataset.of(split),
            costs=self.project.config.costs,
            seed=self.run.record.seed,
            progress=self.progress,
        )
        return judged, remark

    def _report(self) -> None:
        write_report(self.project, self.run.path)
