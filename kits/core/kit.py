"""A kit that is installed here: what it says of itself, and its modules by the names that the contract gives them.

A kit is a package with the same modules (`config data train evaluate export runtime demo`), found
by entry point. Modules are imported only when asked for, so listing kits costs nothing and a
device never imports a trainer. What the modules are called with is in `kit_values.py`, and may be imported from here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pydantic import BaseModel, JsonValue, ValidationError

from kits.core.errors import ConfigError
from kits.core.kit_manifest import KitManifest
from kits.core.kit_modules import (
    ConfigModule,
    DataModule,
    DemoModule,
    EvaluateModule,
    ExportModule,
    ReadsByConfig,
    ReadsFurther,
    ReadsLikeLearned,
    RuntimeModule,
    TrainModule,
)
from kits.core.kit_values import (
    EvaluateTask,
    Evaluation,
    Exported,
    Finding,
    ItemResult,
    NoProgress,
    Plot,
    Progress,
    RawSample,
    TrainOutcome,
    TrainTask,
    left_by_training,
)

if TYPE_CHECKING:  # a device that only lists its kits should not load all formats
    from kits.core.dataset import Dataset
    from kits.core.replay import Ranking, Replay
    from kits.core.story import DemoStory
    from kits.core.tuning import Tunable

__all__ = [
    "ConfigModule",
    "DataModule",
    "DemoModule",
    "EvaluateModule",
    "EvaluateTask",
    "Evaluation",
    "ExportModule",
    "Exported",
    "Finding",
    "ItemResult",
    "Kit",
    "KitManifest",
    "NoProgress",
    "Plot",
    "Progress",
    "RawSample",
    "ReadsByConfig",
    "ReadsFurther",
    "ReadsLikeLearned",
    "RuntimeModule",
    "TrainModule",
    "TrainOutcome",
    "TrainTask",
    "left_by_training",
]


@dataclass(frozen=True)
class Kit:
    """A kit found on this machine.

    Args:
        package: import name, e.g. `kits.visual_inspection`.
        root: the package's folder.
    """

    package: str
    root: Path

    @cached_property
    def manifest(self) -> KitManifest:
        """Raises ConfigError when `kit.yaml` is missing or wrong."""
        import yaml

        from kits.core.settings import load_yaml

        path = self.root / "kit.yaml"
        try:
            return KitManifest.model_validate(load_yaml(path.read_text()))
        except (OSError, ValidationError, yaml.YAMLError) as error:
            raise ConfigError(f"a kit's manifest is wrong: {error}", where=str(path)) from error

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def config_model(self) -> type[BaseModel]:
        return cast(ConfigModule, self._module("config")).Config

    @property
    def data(self) -> DataModule:
        return cast(DataModule, self._module("data"))

    def read(
        self,
        path: Path,
        format: str,
        config: BaseModel,
        learned: Mapping[str, JsonValue] | None = None,
        *,
        judged: bool = False,
        before: Dataset | None = None,
    ) -> Iterator[RawSample | Finding]:
        """Samples and complaints of the user's files, by the project's configuration where the kit heeds it.

        Args:
            learned: `config` of the bundle that they are for; None: they are for none.
            judged: the bundle is judged on them; else they are only predicted.
            before: the version that they are added to; None: to none.
        """
        data = self.data
        if before is not None and isinstance(data, ReadsFurther):
            return data.read_further(path, format, config, before)
        if learned is not None and isinstance(data, ReadsLikeLearned):
            return data.read_like(path, format, config, learned, judged=judged)
        if isinstance(data, ReadsByConfig):
            return data.read_as(path, format, config)
        return data.read(path, format)

    @property
    def train(self) -> TrainModule:
        return cast(TrainModule, self._module("train"))

    @property
    def export(self) -> ExportModule:
        return cast(ExportModule, self._module("export"))

    @property
    def evaluate(self) -> EvaluateModule:
        return cast(EvaluateModule, self._module("evaluate"))

    @property
    def replay(self) -> Callable[[EvaluateTask], Replay] | None:
        """Scores over time, for `kit replay`; None when each sample of the kit stands for itself."""
        return cast(
            "Callable[[EvaluateTask], Replay] | None",
            getattr(self._module("evaluate"), "replay", None),
        )

    @property
    def ranking(self) -> Callable[[EvaluateTask], Ranking] | None:
        """The past in the order of scores, for `kit replay`; None when samples of the kit wait for nobody."""
        return cast(
            "Callable[[EvaluateTask], Ranking] | None",
            getattr(self._module("evaluate"), "ranking", None),
        )

    @property
    def tuning(self) -> Tunable | None:
        """Thresholds chosen anew without training, for `kit tune`; None when they are learned with the model."""
        return cast("Tunable | None", getattr(self._module("evaluate"), "TUNING", None))

    @property
    def runtime(self) -> RuntimeModule:
        return cast(RuntimeModule, self._module("runtime"))

    @property
    def demo(self) -> DemoModule:
        return cast(DemoModule, self._module("demo"))

    @property
    def story(self) -> DemoStory | None:
        """How `kit demo` tells the circle; None when the kit has data but no story."""
        return cast("DemoStory | None", getattr(self._module("demo"), "STORY", None))

    @property
    def review_template(self) -> str:
        """The Jinja partial that shows and annotates a sample of this kit in the hub."""
        return (self.root / "review.html").read_text()

    def _module(self, name: str) -> object:
        return importlib.import_module(f"{self.package}.{name}")
