"""Runs that go on: everything needed to repeat one, in its folder and as a row in SQLite.

`run.json` in the run's folder is the record (`runs.py`); the database only makes lists fast and is rebuilt
from the folders when it is missing. Training, evaluation and their figures are elsewhere.
"""

from __future__ import annotations

import os
import platform
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import JsonValue

from kits.core.ending import Stopped
from kits.core.errors import DataError, MachineError
from kits.core.kit import Finding
from kits.core.sample import utc_now
from kits.core.stats import Estimate
from kits.toolchain.project import Project
from kits.toolchain.revision import git_revision
from kits.toolchain.run_life import Lock
from kits.toolchain.run_table import RunTable
from kits.toolchain.runs import Run, read_run, save_run

VERSION_FIGURE = "bundle_version"
"""Name of the training figure under which a run records the version of the bundle it made."""
_PACKAGES = (
    "kitwright", "numpy", "onnxruntime", "onnxruntime-gpu", "torch", "torchvision", "ultralytics",
    "opencv-python", "onnx",
)  # fmt: skip


@dataclass
class RunFolder:
    """A run that is going on. Use as a context manager: an exception marks the run as failed."""

    path: Path
    record: Run
    database: Path
    lock: Lock
    _began: float = field(default_factory=time.monotonic)

    @property
    def id(self) -> str:
        return self.record.id

    def finish(
        self,
        *,
        figures: Mapping[str, float] | None = None,
        metrics: Mapping[str, Estimate] | None = None,
        bundle: str = "",
        notes: tuple[str, ...] = (),
        details: tuple[str, ...] = (),
        warning: Finding | None = None,
    ) -> Run:
        """Records the result and ends the run."""
        self._write(
            state="finished",
            figures=dict(figures or {}),
            metrics=dict(metrics or {}),
            bundle=bundle,
            notes=notes,
            details=details,
            warning=warning,
        )
        return self.record

    def fail(self, reason: str) -> Run:
        """Ends the run as failed; its folder stays for a look."""
        self._write(state="failed", error=reason)
        return self.record

    def _write(self, **changes: object) -> None:
        ended = {
            "finished_at": utc_now(),
            "duration_s": round(time.monotonic() - self._began, 3),
        }
        self.record = self.record.model_copy(update={**changes, **ended})
        save_run(self.path, self.record)
        self.lock.let_go()
        _list(self.database, self.record)

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        if error is not None:
            stopped = isinstance(error, KeyboardInterrupt)
            by = f"stopped by {error if isinstance(error, Stopped) else 'Ctrl-C'}"
            self.fail(by if stopped else f"{type(error).__name__}: {error}")
        elif self.record.state == "running":
            self.finish()


def start_run(
    project: Project, kind: str, *, dataset: str = "", seed: int | None = None
) -> RunFolder:
    """Makes the folder of a new run and records what it starts from.

    Args:
        dataset: id of the dataset version; the project's current one by default.
        seed: the project's `data.seed` by default.
    """
    now = utc_now()
    identity = f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03d}-{kind}-{secrets.token_hex(2)}"
    record = Run(
        id=identity,
        kind=kind,
        state="running",
        started_at=now,
        project=project.config.name,
        kit=project.kit.name,
        dataset=dataset or project.current_dataset_id,
        seed=project.config.data.seed if seed is None else seed,
        revision=git_revision(project.root),
        packages=package_versions(),
        config=project.kit_config.model_dump(mode="json"),
        costs=project.config.costs.model_dump(mode="json"),
        machine=machine(),
    )
    path = project.runs_dir / identity
    lock = Lock(path)  # before its record says that it goes on
    folder = RunFolder(path, record, project.root / ".kit" / "runs.sqlite", lock)
    save_run(folder.path, record)
    _list(folder.database, record)
    return folder


def _list(database: Path, record: Run) -> None:
    """Puts a run into the table, which comes after the folder: a run that is whole there fails for no list of runs."""
    with (
        suppress(MachineError),
        RunTable(database) as table,
    ):  # the next look at the list makes up for it
        table.put(record)


def package_versions() -> dict[str, str]:
    """Versions of the packages a result depends on, those that are installed."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def machine() -> dict[str, JsonValue]:
    """What the run was made on; no host name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "cpus": os.cpu_count() or 1,
        "memory_gib": round(memory / 2**30, 1),
    }


def list_runs(project: Project, kind: str = "", limit: int = 50) -> list[Run]:
    """Runs of a project, newest first."""
    with RunTable(project.root / ".kit" / "runs.sqlite") as table:
        table.sync(path.parent for path in sorted(project.runs_dir.glob("*/run.json")))
        return table.runs(kind, limit)


def recorded_versions(project: Project) -> list[int]:
    """Bundle versions that earlier runs have taken, also those whose folder was deleted since."""
    runs: list[Run] = []
    for path in project.runs_dir.glob("*/run.json"):
        with suppress(DataError):
            runs.append(read_run(path.parent))
    with suppress(MachineError), RunTable(project.root / ".kit" / "runs.sqlite") as table:
        runs += table.runs(limit=100_000)
    return sorted({int(run.figures[VERSION_FIGURE]) for run in runs if VERSION_FIGURE in run.figures})  # fmt: skip
