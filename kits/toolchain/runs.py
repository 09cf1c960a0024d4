"""A run as it is recorded: `run.json` in its folder. Reads, finds and compares records; `tracking.py` makes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from kits.core.complaints import misfit
from kits.core.errors import DataError
from kits.core.files import write_atomically
from kits.core.kit import Finding
from kits.core.stats import Estimate

RunState = Literal["running", "finished", "failed"]

NEWER_RUN = "update Kitwright here, or train again with this version: kit train"
"""What to do with a run that a newer Kitwright made and this one cannot go on with."""


class Run(BaseModel):
    """`run.json`. Keys of a newer Kitwright are left out, so that its runs are not taken for none."""

    model_config = ConfigDict(extra="ignore", frozen=True)

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
    revision: str = Field(
        "",
        description="git revision of the project; `-dirty` when changed, `-perhaps-dirty`: not asked",
    )
    packages: dict[str, str] = Field(default_factory=dict)
    config: dict[str, JsonValue] = Field(default_factory=dict)
    costs: dict[str, JsonValue] = Field(default_factory=dict)
    machine: dict[str, JsonValue] = Field(default_factory=dict)
    figures: dict[str, float] = Field(default_factory=dict, description="training figures")
    metrics: dict[str, Estimate] = Field(default_factory=dict)
    bundle: str = Field("", description="id of the bundle it made")
    notes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    warning: Finding | None = Field(
        None, description="why its figures are not worth going on with, and what to do"
    )
    error: str = ""


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
        what, _ = misfit("the record of this run", error, "")
        raise DataError(what, where=str(path)) from error


def warning_of(runs_dir: Path, run: str) -> Finding | None:
    """What the training of a bundle warned of; None where its run is not here."""
    try:
        return read_run(runs_dir / run).warning
    except DataError:
        return None


def finished_runs(runs_dir: Path, *kinds: str) -> list[Path]:
    """Folders of finished runs of some kinds, oldest first."""
    found = []
    for path in sorted(runs_dir.glob("*/run.json")):
        with suppress(DataError):
            record = read_run(path.parent)
            if record.state == "finished" and record.kind in kinds:
                found.append((record.started_at, path.parent))
    return [path for _, path in sorted(found)]


def save_run(folder: Path, record: Run) -> None:
    """Writes `run.json`, whole or not at all."""
    text = json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=False)
    write_atomically(folder / "run.json", text.encode())


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
