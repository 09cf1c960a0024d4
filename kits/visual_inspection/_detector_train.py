"""Trains the detector with ultralytics, without its analytics, installs and downloads.

ultralytics is AGPL-3.0: it is imported here, in `export.py`'s torch part and nowhere else, and the
run's licence notes say so. Writes `detector.pt` and `detector.json` into the run.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from kits.core.bundle import LicenceNote
from kits.core.dataset import Dataset, DatasetItem
from kits.core.errors import ConfigError, KitwrightError, MachineError
from kits.core.files import write_atomically
from kits.core.kit import TrainOutcome, TrainTask
from kits.toolchain.quiet import stdout_kept_clean
from kits.visual_inspection._approach import is_defect
from kits.visual_inspection._writers import classes_of, write_pieces, write_yolo
from kits.visual_inspection.config import DetectorConfig

_HUB = "https://github.com/ultralytics/assets/releases"
_SAFE = "ULTRALYTICS_SAFE_LOAD"
_CACHE_PIXELS = 2_000_000_000
_LICENCE = LicenceNote(
    part="detector (trainer, architecture and resulting weights)",
    source="ultralytics",
    licence="AGPL-3.0 or Ultralytics Enterprise",
)


@contextmanager
def quiet_ultralytics(home: Path) -> Iterator[Any]:
    """The ultralytics module, offline, without runtime installs, its settings kept in `home`.

    Raises:
        MachineError: the extra `yolo` is not installed, or with this torch weights would run what they say.
    """
    wanted = {
        "YOLO_OFFLINE": "1",
        "YOLO_AUTOINSTALL": "0",
        "YOLO_CONFIG_DIR": str(home),
        "YOLO_VERBOSE": "false",
        _SAFE: "1",  # weights are a pickle, which else may run what it likes
    }
    for key, value in wanted.items():
        os.environ.setdefault(key, value)
    home.mkdir(parents=True, exist_ok=True)
    try:
        import ultralytics
    except ImportError as error:
        raise MachineError(
            "training a detector needs ultralytics (AGPL-3.0)",
            where=str(error.name),
            fix="pip install 'kitwright[yolo]', or set model.approach: good-parts",
        ) from error
    _require_safe_loading(ultralytics)
    off = ("sync", "mlflow", "raytune", "clearml", "comet", "dvc", "wandb", "tensorboard", "hub")
    settings = ultralytics.settings
    settings.update({key: False for key in off if key in settings})
    logger = logging.getLogger("ultralytics")
    before, logger.disabled = logger.disabled, True
    try:
        with stdout_kept_clean():  # its progress bars go to standard output whatever one asks for
            yield ultralytics
    finally:
        logger.disabled = before


def _require_safe_loading(ultralytics: Any) -> None:
    """Ultralytics loads weights as it did before, without a word, where torch lacks what it needs for that."""
    import torch

    able = hasattr(torch.serialization, "get_unsafe_globals_in_checkpoint")
    wanted = os.environ[_SAFE].strip().lower() in ("1", "true", "yes", "on", "y", "t")
    if wanted and not (able and getattr(ultralytics.utils, "SAFE_LOAD", False)):
        raise MachineError(
            f"weights of detectors are pickles, and this ultralytics with torch {torch.__version__} would run them",
            fix="pip install -U 'kitwright[train,yolo]'",
        )


def train_detector(task: TrainTask, config: DetectorConfig) -> TrainOutcome:
    """Learns classes and boxes from the training split; good parts are its negatives.

    Raises:
        ConfigError: the given weights are not there and may not be fetched, or no such architecture.
        MachineError: ultralytics is not installed.
        KitwrightError: ultralytics failed; its own words are in the message.
    """
    labels = classes_of(task.dataset)
    start, note = _start(config, task.out_dir)
    data = task.out_dir / "yolo"
    left_out = _lay_out(task.dataset, data, config.tiles, task.seed)
    described = _described(data, labels)
    with quiet_ultralytics(task.out_dir / "ultralytics") as ultralytics:
        watcher = _Watcher(task, config)
        try:
            model = ultralytics.YOLO(start, task="detect")
            watcher.attach(model)
            model.train(**_arguments(task, config, described))
        except KitwrightError:
            raise
        except (RuntimeError, ValueError, OSError, KeyError, IndexError) as error:
            raise KitwrightError(
                f"ultralytics stopped: {error}",
                where=str(task.out_dir / "train"),
                fix="try a smaller model.detector.batch or image_size",
            ) from error
    _keep_best(task.out_dir)
    facts = {"labels": list(labels), "image_size": config.image_size, "tiles": list(config.tiles)}
    (task.out_dir / "detector.json").write_text(json.dumps(facts))
    return TrainOutcome(watcher.figures, {}, (_LICENCE,), (note, *left_out, *watcher.notes))


def _lay_out(
    dataset: Dataset, folder: Path, tiles: tuple[int, int] = (1, 1), seed: int = 0
) -> list[str]:
    """Writes what the trainer reads; pictures that nobody annotated stay out, for it takes one without labels for a good part."""
    items = tuple(item for item in dataset.items if item.annotation is not None)
    annotated = replace(dataset, items=items)
    pieces: list[tuple[int, int]] = []
    if tiles == (1, 1):
        write_yolo(annotated, folder)
    else:
        pieces = [write_pieces(annotated, folder, *tiles, seed)]
    train = dataset.of("train")
    told = {
        "that nobody annotated": sum(item.annotation is None for item in train),
        "of defects without a box": sum(is_defect(i) and not _boxes(i) for i in train),
    }
    cut = [f"{n} pieces of training pictures with boxes, {m} without" for n, m in pieces]
    return cut + [f"{n} training pictures {which} take no part" for which, n in told.items() if n]


def _boxes(item: DatasetItem) -> bool:
    return item.annotation is not None and bool(item.annotation.boxes)


def _start(config: DetectorConfig, folder: Path) -> tuple[str, str]:
    """What ultralytics starts from, and the sentence about it; a description is laid into `folder`."""
    if not config.weights:
        return _architecture(config.architecture, folder), (
            f"started from scratch ({config.architecture}): no weights given, so expect to need "
            "more pictures and time than from a pretrained detector"
        )
    path = Path(config.weights)
    if path.is_file() and path.suffix == ".pt":  # of another kind it would be executed or refused
        return str(path), f"started from {path.name}"
    if path.name != config.weights or path.suffix != ".pt":
        raise ConfigError(
            f"there are no weights {config.weights}",
            where="model.detector.weights",
            fix="name a .pt file; what is fetched has no folder and no address, only a name",
        )
    if not config.allow_download:
        raise ConfigError(
            f"{config.weights} is not on this machine; ultralytics would fetch it from {_HUB}",
            where="model.detector.weights",
            fix="copy the file here, or set model.detector.allow_download: true",
        )
    os.environ["YOLO_OFFLINE"] = "0"
    return config.weights, f"started from {config.weights}, fetched from {_HUB}"


def _architecture(name: str, folder: Path) -> str:
    """A copy of the description of that name that came with ultralytics.

    Ultralytics executes what such a file says: one that lies in the project, or at an address, is none.
    """
    spec = importlib.util.find_spec("ultralytics")
    own = Path(spec.origin).parent / "cfg" / "models" if spec and spec.origin else folder
    family = re.sub(r"(\d+)[nslmx](?=[-.])", r"\1", name)  # one file for all sizes
    found = [path for path in sorted(own.rglob("*.yaml")) if path.name in (name, family)]
    if not found:
        raise ConfigError(
            f"ultralytics has no architecture {name!r} of its own",
            where="model.detector.architecture",
            fix="name one without a folder, for example yolo11n.yaml",
        )
    copy = folder / name
    write_atomically(copy, found[0].read_bytes())
    return str(copy)


def _described(data: Path, labels: tuple[str, ...]) -> Path:
    """data.yaml as ultralytics needs it: absolute path, and a val split in any case."""
    import yaml

    val = "images/val" if (data / "images" / "val").is_dir() else "images/train"
    content = {
        "path": str(data.resolve()),
        "train": "images/train",
        "val": val,
        "names": dict(enumerate(labels)),
    }
    path = data / "data.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def _arguments(task: TrainTask, config: DetectorConfig, data: Path) -> dict[str, object]:
    n = len(task.dataset.of("train"))
    batch = min(config.batch, max(n, 1))
    return {
        "data": str(data),
        "imgsz": config.image_size,
        "epochs": config.epochs,
        "batch": batch,
        # a step per batch: few pictures and little time need many steps. The trainer's own habit
        # of collecting gradients up to 64 pictures left a from-scratch run at a quarter of the mAP
        "nbs": batch,
        "optimizer": "AdamW",
        "lr0": config.learning_rate or (5e-4 if config.weights else 1e-3),
        "patience": config.patience,
        "seed": task.seed,
        "deterministic": True,
        "device": _device(task.device),
        "project": str(task.out_dir.resolve()),
        "name": "train",
        "exist_ok": True,
        "plots": False,
        "verbose": False,
        "amp": False,  # its check downloads a model on CUDA
        "workers": 0,
        "cache": "ram" if n * config.image_size**2 * 3 < _CACHE_PIXELS else False,
        "close_mosaic": max(1, config.epochs // 7),
        "warmup_epochs": min(1.0, config.epochs / 10),
        # vertical flips and strong colour changes are not what a fixed camera sees
        "hsv_h": 0.0,
        "hsv_s": 0.2,
        "hsv_v": 0.2,
        "scale": 0.3,
        "translate": 0.1,
        "iou": config.iou,
    }


def _device(device: str) -> str:
    if device != "auto":
        return device
    import torch

    return "0" if torch.cuda.is_available() else "cpu"


class _Watcher:
    """Reports each epoch, and lets the schedule shrink when the time limit is in the way."""

    def __init__(self, task: TrainTask, config: DetectorConfig) -> None:
        self.progress = task.progress
        self.limit_s = config.time_limit_minutes * 60
        self.epochs = config.epochs
        self.began = time.monotonic()
        self.done = 0
        self.best = 0.0
        self.notes: list[str] = []

    @property
    def figures(self) -> dict[str, float]:
        """Training figures of the run."""
        return {
            "epochs": float(self.done),
            "best_val_map50": self.best,
            "minutes": (time.monotonic() - self.began) / 60,
        }

    def attach(self, model: Any) -> None:
        """Hooks into ultralytics' own callbacks."""
        model.add_callback("on_train_start", self._begin)
        model.add_callback("on_train_epoch_end", self._limit)
        model.add_callback("on_fit_epoch_end", self._epoch)
        model.add_callback("on_train_end", lambda _: self.progress.end())

    def _begin(self, trainer: Any) -> None:
        self.progress.begin("training the detector", trainer.epochs)
        self.began = time.monotonic()

    def _limit(self, trainer: Any) -> None:
        spent = time.monotonic() - self.began
        if trainer.epoch == 0 and not trainer.args.time and spent * self.epochs > self.limit_s:
            trainer.args.time = self.limit_s / 3600
            self.notes.append(
                f"one epoch takes {spent:.0f} s: fewer than {self.epochs} epochs fit into "
                f"{self.limit_s / 60:.0f} minutes"
            )

    def _epoch(self, trainer: Any) -> None:
        if trainer.epoch < self.done:
            return  # the final validation of the best weights reports once more
        self.done = trainer.epoch + 1
        map50 = float(trainer.metrics.get("metrics/mAP50(B)", 0.0))
        self.best = max(self.best, map50)
        self.progress.advance(1, loss=_total(trainer.tloss), map50=map50)


def _total(losses: Any) -> float:
    """Sum of the mean losses: a dict by name, or a tensor in earlier releases."""
    if losses is None:
        return 0.0
    return float(sum(losses.values()) if isinstance(losses, dict) else losses.sum())


def _keep_best(out_dir: Path) -> None:
    weights = out_dir / "train" / "weights"
    best = next((weights / n for n in ("best.pt", "last.pt") if (weights / n).is_file()), None)
    if best is None:
        raise KitwrightError("ultralytics left no weights", where=str(weights))
    best.replace(out_dir / "detector.pt")
