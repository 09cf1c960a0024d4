"""A run's files → FP32 ONNX models with the config their runtime needs; calibration inputs.

The good-parts model becomes one graph (backbone and bank); the detector its raw head, without
suppression in the graph, because TensorRT refuses that.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, JsonValue

from kits.core.dataset import Dataset
from kits.core.errors import DataError
from kits.core.kit import Exported
from kits.core.runtime import Array, OnnxSession
from kits.visual_inspection import _images
from kits.visual_inspection._words import GOOD
from kits.visual_inspection.config import Config
from kits.visual_inspection.runtime import (
    ANOMALY,
    DetectorRuntime,
    DetectorSpec,
    GoodPartsRuntime,
    GoodPartsSpec,
)

ROLE = "model"
_DETECTOR_OPSET = 17


def export(run_dir: Path, dataset: Dataset, config: BaseModel) -> Exported:
    """The deployable models of a run.

    Raises:
        DataError: the run holds no training of this kit.
        MachineError: a detector run without ultralytics installed.
    """
    del dataset
    assert isinstance(config, Config)
    if (run_dir / "good_parts.json").is_file():
        return _export_good_parts(run_dir)
    if (run_dir / "detector.json").is_file():
        return _export_detector(run_dir, config)
    raise DataError("this run holds no trained model", where=str(run_dir), fix="kit train")


def _export_good_parts(run_dir: Path) -> Exported:
    from kits.visual_inspection._backbone import STRIDE
    from kits.visual_inspection._good_parts import load_bank
    from kits.visual_inspection._graph import FLOAT_NODES, with_bank

    spec = GoodPartsSpec.model_validate_json((run_dir / "good_parts.json").read_bytes())
    backbone, grid = (run_dir / "backbone.onnx").read_bytes(), spec.side // STRIDE
    model = with_bank(backbone, load_bank(run_dir), spec.unit, grid)
    return Exported(
        models={ROLE: model},
        config=_json(spec),
        labels=(GOOD, ANOMALY),
        quantize_roles=(ROLE,),
        quantize_exclude=(FLOAT_NODES,),
    )


def _export_detector(run_dir: Path, config: Config) -> Exported:
    facts = json.loads((run_dir / "detector.json").read_text())
    side = int(facts["image_size"])
    rows, columns = facts.get("tiles", (1, 1))  # a run of before there were tiles
    spec = DetectorSpec(
        width=side,
        height=side,
        labels=tuple(facts["labels"]),
        confidence=config.detector.confidence,
        iou=config.detector.iou,
        max_boxes=config.detector.max_boxes,
        rows=rows,
        columns=columns,
    )
    model, names = _detector_onnx(run_dir, side)
    return Exported(
        models={ROLE: model},
        config=_json(spec),
        labels=spec.labels,
        quantize_roles=(ROLE,),
        quantize_exclude=decode_nodes(names),
    )


def _detector_onnx(run_dir: Path, side: int) -> tuple[bytes, list[str]]:
    """Raw head [1, 4 + classes, anchors], and the names of its nodes."""
    import onnx

    from kits.visual_inspection._detector_train import quiet_ultralytics

    with (
        quiet_ultralytics(run_dir / "ultralytics") as ultralytics,
        tempfile.TemporaryDirectory() as folder,
    ):
        # exporting writes beside the weights; the run's own files stay as the training left them
        weights = Path(shutil.copy(run_dir / "detector.pt", folder))
        model = ultralytics.YOLO(str(weights))
        made = model.export(
            format="onnx",
            imgsz=side,
            opset=_DETECTOR_OPSET,
            simplify=True,
            dynamic=False,
            nms=False,
            device="cpu",
            verbose=False,
        )
        content = Path(made).read_bytes()
    return content, [node.name for node in onnx.load_from_string(content).graph.node]


def decode_nodes(names: list[str]) -> tuple[str, ...]:
    """The head's box decoding: sharing one scale between pixels and scores wipes out the scores."""
    found = [int(m.group(1)) for name in names if (m := re.match(r"^/model\.(\d+)/", name))]
    return (rf"^/model\.{max(found)}/(?!cv2|cv3)",) if found else ()


def _json(spec: GoodPartsSpec | DetectorSpec) -> dict[str, JsonValue]:
    """Without what the model makes no use of: then a device whose Kitwright does not know it yet takes the bundle, too."""
    whole = isinstance(spec, DetectorSpec) and spec.rows == spec.columns == 1
    unused = {"rows", "columns"} if whole else set()
    return cast(
        dict[str, JsonValue], spec.model_dump(mode="json", exclude_none=True, exclude=unused)
    )


def calibration_feeds(
    exported: Exported, role: str, contents: Iterable[bytes]
) -> Iterator[Mapping[str, Array]]:
    """Model inputs from pictures, through the runtime's own preparation."""
    session = OnnxSession(exported.models[role])
    config: dict[str, Any] = dict(exported.config)
    for content in contents:
        try:
            image = _images.decode(content)
        except DataError:
            continue  # a damaged picture was reported at import; it calibrates nothing
        if config["approach"] == "detector":
            seen = DetectorRuntime(DetectorSpec.model_validate(config), session).feeds(image)
            yield from (feed for feed, _ in seen)
        else:
            yield from GoodPartsRuntime(GoodPartsSpec.model_validate(config), session).feeds(image)
