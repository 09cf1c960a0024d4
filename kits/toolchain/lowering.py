"""From a bundle's FP32 models to those of a lower precision: which have one, and their conversion.

Calibration sees the training split only. Whether what comes out is good enough is `gate.py`'s question,
and the words for models that have no lower precision are here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kits.core.bundle import Bundle
from kits.core.dataset import Dataset, DatasetItem
from kits.core.kit import Exported, Progress
from kits.core.kit_modules import ExportModule
from kits.toolchain import quantize
from kits.toolchain.bundling import Built, full_precision
from kits.toolchain.export_note import ExportNote, exported_again


@dataclass(frozen=True)
class Lowering:
    """Converts the models of one run for one kind of device.

    Attributes:
        base: the run's FP32 bundle.
        note: what the run kept of its export.
        exporter: the kit's `export.py`, which makes inputs of models from samples.
        kind: what will execute the models: `cpu`, `openvino`, `tensorrt`.
        calibration_samples: how many samples INT8's ranges are measured on.
    """

    base: Bundle
    note: ExportNote
    exporter: ExportModule
    dataset: Dataset
    kind: str
    calibration_samples: int
    progress: Progress

    @property
    def full(self) -> tuple[Built, ...]:
        """The FP32 models of the run: always in the bundle, the last rung of every ladder."""
        return full_precision(self.base)

    def lowered(self, precision: str) -> tuple[Built, ...]:
        """The models in a lower precision; none for BF16, which OpenVINO makes of FP32 itself."""
        if precision == "bf16":
            return ()
        exported = exported_again(self.base, self.note)
        roles = lowerable(self.full, self.note)
        self.progress.begin(f"converting to {precision}", len(roles))
        built = []
        for role in roles:
            content = self._converted(exported, role, precision)
            built.append(Built(role, precision, self.kind, content))
            self.progress.advance()
        self.progress.end()
        return tuple(built)

    def _converted(self, exported: Exported, role: str, precision: str) -> bytes:
        model, exclude = exported.models[role], exported.quantize_exclude
        if precision == "fp16":
            return quantize.to_fp16(model)
        calibration = self._calibration(exported, role)
        if role in exported.dynamic_roles:
            return quantize.to_dynamic_int8(model, calibration.feeds, exclude)
        recipe: quantize.Recipe = "cpu" if self.kind == "cpu" else "tensorrt"
        return quantize.to_int8(model, calibration, recipe, exclude)

    def _calibration(self, exported: Exported, role: str) -> quantize.Calibration:
        contents = (self.dataset.content(item) for item in self.calibration_items())
        feeds = self.exporter.calibration_feeds(exported, role, contents)
        return quantize.Calibration(tuple(feeds), self.calibration_digest())

    def calibration_items(self) -> list[DatasetItem]:
        """An even choice from the training split, the same for a dataset version.

        From no other split: the gate's samples must stay unseen.
        """
        items = sorted(self.dataset.of("train"), key=lambda item: item.sample.digest)
        step = max(1.0, len(items) / self.calibration_samples)
        return [items[int(i * step)] for i in range(min(len(items), self.calibration_samples))]

    def calibration_digest(self) -> str:
        """Names the samples that INT8's ranges were measured on."""
        return quantize.calibration_digest(i.sample.digest for i in self.calibration_items())

    def shortfall(self) -> str:
        """What a person should know when fewer samples than asked are there; empty otherwise."""
        count = len(self.calibration_items())
        if count >= self.calibration_samples:
            return ""
        return (
            f"calibrated with {count} samples, all of the training split; "
            f"{self.calibration_samples} were asked"
        )


def lowerable(full: Sequence[Built], note: ExportNote) -> tuple[str, ...]:
    """Roles whose graphs have a lower precision: those the kit names, without what only CPUs execute."""
    cpu_only = {built.role for built in full if built.target == "cpu"}
    return tuple(role for role in note.quantize_roles if role not in cpu_only)


def nothing_to_lower(
    full: Sequence[Built], note: ExportNote, wanted: Sequence[str], kind: str = "cpu"
) -> str:
    """Why models stay as they are, whatever was asked for; empty when there is something to try.

    Args:
        full: the FP32 models.
        wanted: precisions that were asked for, or that `auto` would try.
        kind: what will execute them: `cpu`, `openvino`, `tensorrt`.
    """
    if not full:
        return "there is no model to lower: this bundle computes without one"
    if all(built.target == "cpu" for built in full):
        return "these models (trees) run on the device's CPU in FP32; nothing gains from a lower precision"
    if not lowerable(full, note):
        return "this kit's models do not gain from a lower precision; they ship in FP32"
    if (
        kind != "cpu"
        and set(wanted) == {"int8"}
        and set(lowerable(full, note)) <= set(note.dynamic_roles)
    ):
        return "the INT8 of these models is for CPUs alone: they ship in FP32; ask for fp16 here"
    if not set(wanted) & set(note.precisions):
        return f"these models have no {' or '.join(wanted)}: they ship in FP32"
    return ""
