"""A project: the folder with `kit.yaml`, its data, runs and bundles.

Knows the configuration and where things lie; it trains nothing and imports no data. All paths
that other modules use come from here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel

from kits.core.blobs import FolderBlobStore
from kits.core.dataset import FOLDER, SUCCESSORS, Dataset, load
from kits.core.discovery import get_kit
from kits.core.errors import ConfigError, DataError, UsageError
from kits.core.files import write_atomically
from kits.core.kit import Kit
from kits.core.kit_modules import NamesFiles
from kits.core.settings import load_yaml, parse_settings, read_text, validate_settings
from kits.toolchain.project_config import ProjectConfig
from kits.toolchain.runs import finished_runs

CONFIG_NAME = "kit.yaml"


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
        text = read_text(path)
        config = parse_settings(text, ProjectConfig, where=str(path))
        return cls._assemble(path.parent, config, str(path), text)

    @classmethod
    def _assemble(cls, root: Path, config: ProjectConfig, where: str, text: str) -> Project:
        try:
            kit = get_kit(config.kit)
        except UsageError as error:
            raise ConfigError(error.what, where=where, fix=error.fix) from None
        kit_config = validate_settings(
            config.model, kit.config_model, where=where, prefix=("model",), text=text
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
                    raise ConfigError(
                        f"{key!r} has nothing below {part!r}",
                        where="--set",
                        fix="kit config show lists the keys",
                    )
            target[path[-1]] = load_yaml(text)
        config = validate_settings(value, ProjectConfig, where="--set")
        return self._assemble(self.root, config, "--set", "")

    @cached_property
    def blobs(self) -> FolderBlobStore:
        """Where the samples' bytes lie."""
        return FolderBlobStore(self.root / ".kit" / "blobs")

    @property
    def datasets_dir(self) -> Path:
        return self.root / FOLDER

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
        path = self.datasets_dir / SUCCESSORS
        told: dict[str, str] = json.loads(path.read_bytes()) if path.exists() else {}
        return told

    def keep_successors(self, heirs: Mapping[str, str]) -> None:
        """Notes all of them, durably."""
        write_atomically(self.datasets_dir / SUCCESSORS, json.dumps(dict(heirs), indent=1).encode())

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

    def run_dir(self, run: str = "") -> Path:
        """A run's folder by the first characters of its name; by default the newest that made a bundle of a model.

        Raises:
            DataError: there is none, or several.
        """
        if not run:
            newest = finished_runs(self.runs_dir, "train", "tune")
            if not newest:
                raise DataError("no finished training yet", where=str(self.root), fix="kit train")
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


def bundle_file(start: Path, given: str) -> Path:
    """A bundle by its path, also outside of any project, else as the project in or above `start` knows it.

    Raises:
        ConfigError: no project here, or its `kit.yaml` is wrong.
        DataError: there is no such bundle.
    """
    if given and Path(given).is_file():
        return Path(given)
    return Project.open(start).bundle_path(given)


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
