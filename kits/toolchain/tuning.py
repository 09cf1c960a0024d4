"""`kit tune`: thresholds by what `kit.yaml` says now, in a new version of the bundle, without training anew.

For kits whose thresholds follow from costs and capacities that people set. The model stays byte for byte what it was; a
setting that it was trained with and that is another now is told and not heeded.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import JsonValue

from kits.core.bundle import Bundle, BundleManifest, bundle_id, open_file
from kits.core.dataset import Dataset, Split
from kits.core.errors import UsageError
from kits.core.files import write_atomically
from kits.core.kit import EvaluateTask, Evaluation, NoProgress, Progress
from kits.core.operating_point import Costs, OperatingPoint
from kits.core.ready import ReadyBundle
from kits.core.runtime import cpu_session
from kits.core.settings import validate_settings
from kits.core.tuning import Change, Changes, Tunable
from kits.toolchain import bundling, evaluation
from kits.toolchain.export_note import own_files, read_export_note
from kits.toolchain.golden import choose_golden
from kits.toolchain.project import Project
from kits.toolchain.runs import Run, read_run
from kits.toolchain.tracking import VERSION_FIGURE, RunFolder, recorded_versions, start_run

_KEPT = ("baseline.json", "export.json")
"""Files of a run that thresholds have no part in."""


@dataclass(frozen=True)
class Tuned:
    """The answer.

    Attributes:
        base: the run whose model it is.
        set: key → value before and now, of what was heeded.
        unheeded: keys that are another now and need training.
        run, bundle: empty and None where nothing was written.
    """

    base: str
    dataset: str
    seed: int
    changes: Changes
    set: Mapping[str, tuple[JsonValue, JsonValue]]
    unheeded: tuple[str, ...]
    run: str = ""
    bundle: Path | None = None
    bundle_id: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know, what was not heeded last."""
        told = self.changes.notes
        if not self.unheeded:
            return told
        return (
            *told,
            f"another than at training, and not heeded without `kit train`: {', '.join(self.unheeded)}",
        )

    def as_json(self) -> dict[str, JsonValue]:
        """The answer of `kit tune --json`."""
        return {
            "run": self.run,
            "base": self.base,
            "dataset": self.dataset,
            "seed": self.seed,
            "bundle": str(self.bundle or ""),
            "bundle_id": self.bundle_id,
            "set": {key: {"before": old, "after": new} for key, (old, new) in self.set.items()},
            "unheeded": list(self.unheeded),
            "changes": [_change_json(one) for one in self.changes.figures],
            "notes": list(self.notes),
        }


def tune_project(
    project: Project,
    *,
    run: str = "",
    note: str = "",
    dry: bool = False,
    progress: Progress | None = None,
) -> Tuned:
    """Chooses the thresholds of a run's bundle anew.

    Args:
        run: whose model; the newest one trained or tuned by default.
        note: a sentence that is kept with the run.
        dry: say what would change, and write nothing.

    Raises:
        UsageError: this kit's thresholds are learned with the model, or nothing is another than it was.
        DataError: no such run, or its data is gone.
    """
    tuning = project.kit.tuning
    if tuning is None:
        raise UsageError(
            f"nothing of {project.kit.name} can be tuned without training: its thresholds are learned with the model",
            where="kit tune",
            fix="kit train --set costs.escape=… (or the key that is to be another)",
        )
    run_dir = project.run_dir(run)
    record, base = read_run(run_dir), open_file(run_dir / "bundle.kwb")
    heeded, changed, unheeded = _settings(project, record, tuning)
    if not changed:
        ways = ", ".join(f"model.{key}" for key in tuning.settings)
        raise UsageError(
            "nothing to tune: kit.yaml says what it said when this bundle was made",
            where=f"run {record.id}",
            fix=f"change costs or {ways} there, or for once: --set KEY=VALUE"
            + (f"; {', '.join(unheeded)}: kit train" if unheeded else ""),
        )
    job = _Job(heeded, tuning, run_dir, record, base, progress or NoProgress())
    return job.go(changed, unheeded, note, dry=dry)


@dataclass(frozen=True)
class _Job:
    """One tuning, with what all of its steps need."""

    project: Project
    tuning: Tunable
    run_dir: Path
    record: Run
    base: Bundle
    progress: Progress

    def go(
        self,
        changed: Mapping[str, tuple[JsonValue, JsonValue]],
        unheeded: tuple[str, ...],
        note: str,
        *,
        dry: bool,
    ) -> Tuned:
        dataset = self.project.dataset(self.base.manifest.dataset)
        config = self.tuning.restated(self.base.manifest.config, self.project.kit_config)
        manifest = self.base.manifest.model_copy(update={"config": config})
        point = self._choose(
            dataset, self._ready(manifest, bundling.undecided(dataset, self._seed))
        )
        ready = self._ready(manifest, point)
        changes = self._changes(dataset, ready)
        told = Tuned(self.record.id, dataset.id, self._seed, changes, changed, unheeded)
        if dry:
            return told
        with start_run(self.project, "tune", dataset=dataset.id, seed=self._seed) as folder:
            return self._write(folder, dataset, ready, told, note)

    @property
    def _seed(self) -> int:
        return self.base.manifest.seed

    @property
    def _files(self) -> dict[str, bytes]:
        return own_files(self.base, read_export_note(self.run_dir))

    def _ready(self, manifest: BundleManifest, point: OperatingPoint) -> ReadyBundle:
        models = bundling.full_precision(self.base)
        bundle = bundling.in_memory(manifest, point, models, self._files)
        return ReadyBundle(bundle, self.project.kit.runtime.load(bundle, cpu_session))

    def _task(
        self, dataset: Dataset, ready: ReadyBundle, point: OperatingPoint | None, split: Split
    ) -> EvaluateTask:
        return EvaluateTask(
            runtime=ready.runtime,
            operating_point=point,
            dataset=dataset,
            items=tuple(item for item in dataset.of(split) if split == "val" or item.annotation),
            costs=self.project.config.costs,
            seed=self._seed,
            progress=self.progress,
        )

    def _choose(self, dataset: Dataset, waiting: ReadyBundle) -> OperatingPoint:
        task = self._task(dataset, waiting, None, "val")
        return self.project.kit.evaluate.choose_operating_point(task, self.project.kit_config)

    def _changes(self, dataset: Dataset, ready: ReadyBundle) -> Changes:
        split, _ = evaluation.judged_split(dataset, "test")
        old, new = self.base.operating_point, ready.bundle.operating_point
        before = self._task(dataset, self._ready(self.base.manifest, old), old, split)
        return self.tuning.changes(before, self._task(dataset, ready, new, split))

    def _judge(self, dataset: Dataset, ready: ReadyBundle) -> Evaluation:
        split, _ = evaluation.judged_split(dataset, "test")
        return evaluation.evaluate_ready(
            self.project.kit,
            ready,
            dataset,
            dataset.of(split),
            costs=self.project.config.costs,
            seed=self._seed,
            progress=self.progress,
        )

    def _write(
        self, folder: RunFolder, dataset: Dataset, ready: ReadyBundle, told: Tuned, note: str
    ) -> Tuned:
        from kits.toolchain.report.build import write_report

        judged = self._judge(dataset, ready)
        version = bundling.next_version(self.project.bundles_dir, recorded_versions(self.project))
        manifest = ready.bundle.manifest.model_copy(
            update={
                "version": version,
                "created_at": folder.record.started_at,
                "run": folder.id,
                "metrics": dict(judged.metrics),
            }
        )
        remarks = (note, *_sentences(told), *judged.notes)
        notes = tuple(dict.fromkeys(text for text in remarks if text))
        provenance = {"tune_run": folder.id, "from_bundle": self.base.id, **told.as_json()}
        content = bundling.pack_bundle(
            self.project.kit,
            manifest,
            ready.bundle.operating_point,
            bundling.full_precision(self.base),
            choose_golden(ready, self._golden()),
            counts=dataset.counts(),
            notes=(*notes, *judged.details),
            extra={
                **self._files,
                "provenance/tune.json": json.dumps(provenance, indent=1).encode(),
            },
        )
        path = folder.path / "bundle.kwb"
        write_atomically(path, content)
        evaluation.save_evaluation(judged, folder.path / "evaluation.json")
        for name in _KEPT:
            if (self.run_dir / name).is_file():
                shutil.copyfile(self.run_dir / name, folder.path / name)
        folder.finish(
            figures={VERSION_FIGURE: version},
            metrics=judged.metrics,
            bundle=bundle_id(content),
            notes=notes,
            details=judged.details,
            warning=self.record.warning,
        )
        write_report(self.project, folder.path)
        return replace(told, run=folder.id, bundle=path, bundle_id=folder.record.bundle)

    def _golden(self) -> Iterator[tuple[bytes, str]]:
        """The inputs by which a device proves itself stay; what they are worth is judged by the new thresholds."""
        for sample in self.base.golden.samples:
            yield self.base.files[sample.path], sample.media_type


def _settings(
    project: Project, record: Run, tuning: Tunable
) -> tuple[Project, dict[str, tuple[JsonValue, JsonValue]], tuple[str, ...]]:
    """The project with what was trained and what may be set since; what was set; what needs training.

    Raises:
        ConfigError: the run was trained with settings that this version does not know.
    """
    where, model = f"run {record.id}", project.kit.config_model
    # a run of an earlier version lacks what has come since: that has its default, and nobody changed it
    then = validate_settings(record.config, model, where=where).model_dump(mode="json")
    paid = validate_settings(record.costs, Costs, where=where).model_dump(mode="json")
    now = project.kit_config.model_dump(mode="json")
    merged = {**then, **{key: now[key] for key in tuning.settings}}
    kit_config = validate_settings(merged, model, where=where)
    old = {**_flat("model", then), **_flat("costs", paid)}
    new = {**_flat("model", now), **_flat("costs", project.config.costs.model_dump(mode="json"))}
    apart = {key: (old.get(key), value) for key, value in new.items() if old.get(key) != value}
    ways = ("costs.", *(f"model.{key}" for key in tuning.settings))
    changed = {key: both for key, both in apart.items() if key.startswith(ways)}
    config = project.config.model_copy(update={"model": merged})
    return (
        replace(project, config=config, kit_config=kit_config),
        changed,
        tuple(sorted(set(apart) - set(changed))),
    )


def _flat(name: str, value: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        return {name: value}
    return {
        key: one
        for part, deep in value.items()
        for key, one in _flat(f"{name}.{part}", deep).items()
    }


def _sentences(told: Tuned) -> Iterator[str]:
    """What a report says of it."""
    was = ", ".join(f"{key} {old} → {new}" for key, (old, new) in told.set.items())
    yield f"thresholds chosen anew for the model of run {told.base}: {was}"
    yield told.changes.headline
    yield from told.notes


def _change_json(one: Change) -> dict[str, JsonValue]:
    estimates = {"before": one.before, "after": one.after, "apart": one.apart}
    figures: dict[str, JsonValue] = dict(evaluation.metrics_json(estimates))
    return {"name": one.name, "unit": one.unit, **figures}
