"""A project: the folder with `kit.yaml`, its data, runs and bundles.

Knows the configuration and where things lie; it trains nothing and imports no data. All paths
that other modules use come from here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from kits.core.blobs import FolderBlobStore
from kits.core.complaints import KeyPath
from kits.core.dataset import Dataset, load
from kits.core.discovery import get_kit
from kits.core.errors import ConfigError, DataError, UsageError
from kits.core.files import write_atomically
from kits.core.kit import Kit
from kits.core.kit_modules import NamesFiles
from kits.core.operating_point import Costs
from kits.core.settings import key_lines, read_settings, validate_settings

CONFIG_NAME = "kit.yaml"
_SUCCESSORS = "successors.json"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Metric(_Strict):
    """What is to be reached."""

    name: str = Field("", description="one of the kit's metrics, see `kit list`")
    target: float | None = Field(
        None, description="the value to reach on the test split, in the metric's own unit"
    )


class Device(_Strict):
    """Where the bundle will run."""

    target: str = Field("cpu", description="what `kit compile` builds for: cpu, openvino, …")
    latency_limit_ms: float | None = Field(
        None, gt=0, description="longest time from frame to decision, milliseconds"
    )


class Gate(_Strict):
    """What a challenger must not do, beside losing in money."""

    max_new_escapes: int | None = Field(
        None,
        ge=0,
        description="defects of the test split that the champion catches and a challenger may"
        " let pass, a count; empty: only a rise beyond chance refuses it",
    )


class Split(_Strict):
    """Shares of the data by purpose; they sum to 1."""

    train: float = Field(0.7, gt=0, lt=1, description="share to learn from, 0 to 1")
    val: float = Field(0.15, gt=0, lt=1, description="share to choose thresholds on, 0 to 1")
    test: float = Field(0.15, gt=0, lt=1, description="share to judge on, 0 to 1")

    @model_validator(mode="after")
    def _whole(self) -> Split:
        total = self.train + self.val + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train + val + test must be 1, not {total:g}")
        return self


class DataConfig(_Strict):
    """How imported data is grouped and split."""

    order: Literal["auto", "time", "random"] = Field(
        "auto",
        description="`time`: the oldest samples are learned from, the latest judged on; `random`: by lot;"
        " `auto`: by time where the kit's data has a place in time",
    )
    split: Split = Field(Split(), description="shares; used where the data brings no split itself")
    seed: int = Field(0, ge=0, description="decides which group goes where; also seeds training")
    group_by: str = Field(
        "",
        description="regular expression on the file name; what it matches (its first group) "
        "belongs together and never stands in two splits",
    )

    @field_validator("group_by")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return value


class ProjectConfig(_Strict):
    """`kit.yaml`."""

    kit: str = Field(description="name of the kit, see `kit list`")
    name: str = Field(
        pattern=r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$",
        json_schema_extra={"expected": "1 to 32 of a-z, 0-9 and '-', which is not first or last"},
        description="1 to 32 of a-z, 0-9 and '-': names the bundles and the project at the hub",
    )
    problem: str = Field("", description="one or two sentences: what goes wrong, what it costs")
    metric: Metric = Field(Metric(), description="the goal")
    costs: Costs = Field(Costs(), description="what mistakes cost; thresholds come from it")
    device: Device = Field(Device(), description="where it runs")
    gate: Gate = Field(Gate(), description="what a challenger must not do, see `kit compare`")
    data: DataConfig = Field(DataConfig(), description="grouping and split")
    model: dict[str, JsonValue] = Field(
        default_factory=dict, description="the kit's own settings, see its page"
    )


@dataclass(frozen=True)
class Project:
    """An opened project.

    Attributes:
        root: the folder of `kit.yaml`, absolute.
        config: its content.
        kit: the kit it names.
        kit_config: `config.model`, validated by the kit.
    """

    root: Path
    config: ProjectConfig
    kit: Kit
    kit_config: BaseModel

    @classmethod
    def open(cls, root: Path) -> Project:
        """Opens the project in `root` or the nearest folder above it.

        Raises:
            ConfigError: no project here, or its `kit.yaml` is wrong.
        """
        path = _find_config(root)
        config = read_settings(path, ProjectConfig)
        lines = key_lines(path.read_text(encoding="utf-8"))
        return cls._assemble(path.parent, config, str(path), lines)

    @classmethod
    def _assemble(
        cls, root: Path, config: ProjectConfig, where: str, lines: Mapping[KeyPath, int]
    ) -> Project:
        try:
            kit = get_kit(config.kit)
        except UsageError as error:
            raise ConfigError(error.what, where=where, fix=error.fix) from None
        kit_config = validate_settings(
            config.model, kit.config_model, where=where, prefix=("model",), lines=lines
        )
        if isinstance(kit_config, NamesFiles):
            kit_config = kit_config.located(root)
        return cls(root, config, kit, kit_config)

    def with_settings(self, settings: Iterable[str]) -> Project:
        """The same project with some keys changed for one command (`--set`).

        Args:
            settings: `key=value`; a key is a path such as `costs.escape`, or the name of one of
                the kit's own settings (`epochs=3` is `model.epochs=3`). Values are YAML.

        Raises:
            UsageError: not `key=value`.
            ConfigError: an unknown key or a value that does not fit.
        """
        value = self.config.model_dump(mode="json")
        for setting in settings:
            key, found, text = setting.partition("=")
            if not found or not key:
                raise UsageError(f"{setting!r} is not key=value", fix="--set epochs=30")
            path = key.split(".")
            if path[0] not in ProjectConfig.model_fields:
                path.insert(0, "model")
            target = value
            for part in path[:-1]:
                target = target.setdefault(part, {})
                if not isinstance(target, dict):
                    raise ConfigError(f"{key!r} has nothing below {part!r}", where="--set")
            target[path[-1]] = yaml.safe_load(text)
        config = validate_settings(value, ProjectConfig, where="--set")
        return self._assemble(self.root, config, "--set", {})

    @cached_property
    def blobs(self) -> FolderBlobStore:
        """Where the samples' bytes lie."""
        return FolderBlobStore(self.root / ".kit" / "blobs")

    @property
    def datasets_dir(self) -> Path:
        return self.root / "datasets"

    @property
    def runs_dir(self) -> Path:
        return self.root / "runs"

    @property
    def bundles_dir(self) -> Path:
        return self.root / "bundles"

    @property
    def current_dataset_id(self) -> str:
        """The id of the version in use, empty before the first import."""
        path = self.datasets_dir / "current"
        return path.read_text().strip() if path.exists() else ""

    def use_dataset(self, identity: str) -> None:
        """Makes a version the current one."""
        write_atomically(self.datasets_dir / "current", f"{identity}\n".encode())

    def dataset_ids(self) -> list[str]:
        """Ids of all versions, oldest first."""
        files = [p for p in self.datasets_dir.glob("*.jsonl") if len(p.stem) == 64]
        return [p.stem for p in sorted(files, key=lambda p: (p.stat().st_mtime_ns, p.stem))]

    def successors(self) -> dict[str, str]:
        """Version of which somebody was erased → the one that goes on in its place."""
        path = self.datasets_dir / _SUCCESSORS
        told: dict[str, str] = json.loads(path.read_bytes()) if path.exists() else {}
        return told

    def keep_successors(self, heirs: Mapping[str, str]) -> None:
        """Notes all of them, durably."""
        write_atomically(
            self.datasets_dir / _SUCCESSORS, json.dumps(dict(heirs), indent=1).encode()
        )

    def dataset(self, prefix: str = "") -> Dataset:
        """A dataset version by the first characters of its id; the current one by default.

        One of which somebody was erased is found as its successor.

        Raises:
            DataError: none, several, or damaged.
        """
        wanted = prefix or self.current_dataset_id
        if not wanted:
            raise DataError(
                "this project has no data yet", where=str(self.root), fix="kit data import PATH"
            )
        found = [i for i in self.dataset_ids() if i.startswith(wanted)]
        if not found:
            heirs = self.successors()
            found = list({_last_heir(i, heirs) for i in heirs if i.startswith(wanted)})
        if len(found) != 1:
            what = "no dataset version" if not found else f"{len(found)} dataset versions"
            raise DataError(f"{what} with an id that starts with {wanted!r}", fix="kit data list")
        return load(self.datasets_dir / f"{found[0]}.jsonl", self.blobs)

    def run_dir(self, run: str = "", kind: str = "train") -> Path:
        """A run's folder by the first characters of its name; by default the newest finished one.

        Args:
            kind: which kind counts when `run` is empty.

        Raises:
            DataError: there is none, or several.
        """
        from kits.toolchain.tracking import finished_runs

        if not run:
            newest = finished_runs(self.runs_dir, kind)
            if not newest:
                raise DataError(
                    f"no finished run of kind {kind!r} yet", where=str(self.root), fix="kit train"
                )
            return newest[-1]
        found = [p for p in sorted(self.runs_dir.glob(f"{run}*")) if (p / "run.json").is_file()]
        exact = [p for p in found if p.name == run]
        if len(exact or found) != 1:
            what = "no run" if not found else f"{len(found)} runs"
            raise DataError(f"{what} with a name that starts with {run!r}", fix="kit runs list")
        return (exact or found)[0]

    def bundle_path(self, given: str = "") -> Path:
        """A bundle's file.

        Args:
            given: a path, the first characters of a bundle's id or file name, or a run;
                empty: the newest compiled bundle, else the newest run's.

        Raises:
            DataError: there is none.
        """
        if given:
            return self._named_bundle(given)
        compiled = sorted(self.bundles_dir.glob("*.kwb"), key=_bundle_age)
        if compiled:
            return compiled[-1]
        path = self.run_dir() / "bundle.kwb"
        if not path.exists():
            raise DataError("the newest run has no bundle", where=str(path), fix="kit train")
        return path

    def _named_bundle(self, given: str) -> Path:
        path = Path(given)
        if path.is_file():
            return path
        for file in sorted(self.bundles_dir.glob("*.kwb"), key=_bundle_age, reverse=True):
            if file.name.startswith(given) or file.stem.rsplit("-", 1)[-1] == given[:12]:
                return file
        if (self.runs_dir / given / "bundle.kwb").is_file():
            return self.runs_dir / given / "bundle.kwb"
        raise DataError("no such bundle", where=given, fix="ls bundles runs/*/bundle.kwb")


def config_here(start: Path, kit: Kit) -> BaseModel:
    """The kit's part of the `kit.yaml` in `start` or above it; its defaults where none is, or one of another kit.

    Raises:
        ConfigError: that file is wrong.
    """
    try:
        path = _find_config(start)
    except ConfigError:
        return kit.config_model()
    opened = Project.open(path.parent)
    return opened.kit_config if opened.kit.name == kit.name else kit.config_model()


def _last_heir(identity: str, heirs: Mapping[str, str]) -> str:
    """Of a version that was erased from more than once the one that is there."""
    while identity in heirs:
        identity = heirs[identity]
    return identity


def _bundle_age(path: Path) -> tuple[int, int]:
    """Sorts bundles by version, then by the time they were written."""
    parts = path.stem.rsplit("-", 2)
    version = int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else 0
    return version, path.stat().st_mtime_ns


def _find_config(start: Path) -> Path:
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder / CONFIG_NAME
    raise ConfigError(
        "no project here: there is no kit.yaml in this folder or above it",
        where=str(here),
        fix="kit new visual-inspection my-line   (or choose the project with -C DIR)",
    )
