"""Runs: everything needed to repeat one, in its folder and as a row in SQLite.

`run.json` in the run's folder is the record; the database only makes lists fast and is rebuilt
from the folders when it is missing. Training, evaluation and their figures are elsewhere.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from kits.core.errors import DataError
from kits.core.files import write_atomically
from kits.core.sample import utc_now
from kits.core.stats import Estimate

if TYPE_CHECKING:
    from kits.toolchain.project import Project

RunState = Literal["running", "finished", "failed"]
_PACKAGES = (
    "kitwright", "numpy", "onnxruntime", "onnxruntime-gpu", "torch", "torchvision", "ultralytics",
    "opencv-python", "onnx",
)  # fmt: skip


class Run(BaseModel):
    """`run.json`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 1
    id: str
    kind: str = Field(description="train, tune, evaluate, compile")
    state: RunState
    started_at: datetime
    finished_at: datetime | None = None
    duration_s: float | None = Field(None, description="seconds, by the monotonic clock")
    project: str
    kit: str
    dataset: str = Field("", description="id of the dataset version")
    seed: int = 0
    revision: str = Field("", description="git revision of the project; `-dirty` when changed")
    packages: dict[str, str] = Field(default_factory=dict)
    config: dict[str, JsonValue] = Field(default_factory=dict)
    costs: dict[str, JsonValue] = Field(default_factory=dict)
    machine: dict[str, JsonValue] = Field(default_factory=dict)
    figures: dict[str, float] = Field(default_factory=dict, description="training figures")
    metrics: dict[str, Estimate] = Field(default_factory=dict)
    bundle: str = Field("", description="id of the bundle it made")
    notes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    error: str = ""


@dataclass
class RunFolder:
    """A run that is going on. Use as a context manager: an exception marks the run as failed."""

    path: Path
    record: Run
    database: Path
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
    ) -> Run:
        """Records the result and ends the run."""
        self._write(
            state="finished",
            figures=dict(figures or {}),
            metrics=dict(metrics or {}),
            bundle=bundle,
            notes=notes,
            details=details,
        )
        return self.record

    def fail(self, reason: str) -> Run:
        """Ends the run as failed; its folder stays for a look."""
        self._write(state="failed", error=reason)
        return self.record

    def _write(self, **changes: object) -> None:
        from kits.toolchain.run_table import RunTable

        ended = {
            "finished_at": utc_now(),
            "duration_s": round(time.monotonic() - self._began, 3),
        }
        self.record = self.record.model_copy(update={**changes, **ended})
        _save(self.path, self.record)
        with RunTable(self.database) as table:
            table.put(self.record)

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        if error is not None:
            self.fail(f"{type(error).__name__}: {error}")
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
    from kits.toolchain.run_table import RunTable

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
    folder = RunFolder(project.runs_dir / identity, record, project.root / ".kit" / "runs.sqlite")
    _save(folder.path, record)
    with RunTable(folder.database) as table:
        table.put(record)
    return folder


def read_run(path: Path) -> Run:
    """The record in a run's folder.

    Raises:
        DataError: absent or malformed.
    """
    try:
        return Run.model_validate_json((path / "run.json").read_bytes())
    except FileNotFoundError:
        raise DataError("no such run", where=str(path), fix="kit runs list") from None
    except ValidationError as error:
        raise DataError(f"the record of this run is malformed: {error}", where=str(path)) from error


def finished_runs(runs_dir: Path, *kinds: str) -> list[Path]:
    """Folders of finished runs of some kinds, oldest first."""
    found = []
    for path in sorted(runs_dir.glob("*/run.json")):
        with suppress(DataError):
            record = read_run(path.parent)
            if record.state == "finished" and record.kind in kinds:
                found.append((record.started_at, path.parent))
    return [path for _, path in sorted(found)]


def git_revision(folder: Path) -> str:
    """The commit of the git work tree at `folder`, `-dirty` when changed; empty without git."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603  fixed program, our own folder
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


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


def _save(folder: Path, record: Run) -> None:
    text = json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=False)
    write_atomically(folder / "run.json", text.encode())


def list_runs(project: Project, kind: str = "", limit: int = 50) -> list[Run]:
    """Runs of a project, newest first."""
    from kits.toolchain.run_table import RunTable

    with RunTable(project.root / ".kit" / "runs.sqlite") as table:
        table.sync(path.parent for path in sorted(project.runs_dir.glob("*/run.json")))
        return table.runs(kind, limit)


def compare_runs(one: Run, two: Run) -> list[tuple[str, JsonValue, JsonValue]]:
    """(key, first, second) of everything that differs, beside names and times."""
    skipped = {"id", "started_at", "finished_at", "format"}
    first, second = (
        _flat({k: v for k, v in run.model_dump(mode="json").items() if k not in skipped})
        for run in (one, two)
    )
    keys = sorted(first.keys() | second.keys())
    return [(k, first.get(k), second.get(k)) for k in keys if first.get(k) != second.get(k)]


def _flat(value: Mapping[str, JsonValue], prefix: str = "") -> dict[str, JsonValue]:
    flat: dict[str, JsonValue] = {}
    for key, inner in value.items():
        if isinstance(inner, dict):
            flat.update(_flat(inner, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = inner
    return flat
