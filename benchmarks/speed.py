"""Our detector pipeline beside a bare session and beside the trainer's own, on the same ONNX.

`python -m benchmarks.speed [--rounds 40] [--size 640] [--json FILE]`. All variants take turns
within each round, in a drawn order, so that a change in the machine's speed hits all of them; what
is compared is the median of the rounds' ratios, with a bootstrap interval. OpenVINO's variants
appear where it is installed. Memory and import time are those of fresh processes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("YOLO_OFFLINE", "1")
os.environ.setdefault("YOLO_AUTOINSTALL", "0")
os.environ.setdefault("YOLO_CONFIG_DIR", tempfile.gettempdir())

import cv2
import numpy as np
import onnx
import onnxruntime as ort

from kits.core.bundle import Artefact, BundleManifest, GoldenSet, open_bytes, pack
from kits.core.openvino import OpenVinoSession, openvino_factory, openvino_lacking
from kits.core.operating_point import Band, OperatingPoint
from kits.core.ready import make_ready
from kits.core.runtime import OnnxSession, Session, SessionFactory
from kits.core.sample import digest_of, utc_now
from kits.toolchain import quantize
from kits.visual_inspection.export import decode_nodes

THREADS = os.cpu_count() or 1
PAUSE_S = 0.05  # an idle session's threads spin for a while and would slow the next variant down
LABELS = tuple(f"class-{i}" for i in range(6))
DECIDING = "import kits, kits.core.ready, kits.visual_inspection.runtime, onnxruntime, cv2"
IMPORTS = {
    "kitwright": DECIDING,
    "whole agent": f"import edge_agent.agent; {DECIDING}",
    "ultralytics": "from ultralytics import YOLO",
}
PROBE = (
    "import time; t = time.perf_counter(); {code}; t = time.perf_counter() - t; "
    "status = dict(line.split(':', 1) for line in open('/proc/self/status')); "
    "print(t, int(status['VmHWM'].split()[0]) / 1024)"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--size", type=int, default=640, help="model input, pixels square")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = export_detector(Path(folder), options.size)
        figures = {
            "machine": f"{platform.machine()}, {THREADS} cores, Python {platform.python_version()}",
            "rounds": options.rounds,
            "size": options.size,
            "latency_ms": compare_latency(model, options.size, options.rounds),
            "process": compare_processes(),
        }
    report(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def export_detector(folder: Path, size: int) -> Path:
    """A YOLO11-n with random weights (seed 0): speed does not depend on what it learned."""
    import torch
    from ultralytics import YOLO

    torch.manual_seed(0)
    config = folder / "yolo11n.yaml"
    base = YOLO("yolo11n.yaml")
    config.write_text(json.dumps({**base.model.yaml, "nc": len(LABELS)}))
    model = YOLO(str(config))
    pt = folder / "model.pt"
    model.save(pt)
    return Path(YOLO(pt).export(format="onnx", imgsz=size, opset=17, simplify=True, verbose=False))


def compare_latency(model: Path, size: int, rounds: int) -> dict[str, object]:
    noise = np.random.default_rng(0).integers(0, 255, (1080, 1920, 3), dtype=np.uint8)
    image = cv2.GaussianBlur(noise, (0, 0), 5)
    content = model.read_bytes()
    variants = {
        "bare": bare_pipeline(model, size, image),
        "kitwright": our_pipeline(content, size, image, onnxruntime_session),
        "kitwright int8": our_pipeline(to_int8(content, size), size, image, onnxruntime_session),
        "ultralytics": trainer_pipeline(model, size, image),
        "ultralytics .pt": trainer_pipeline(model.with_suffix(".pt"), size, image),
    }
    if not openvino_lacking():
        full = openvino_factory(THREADS, full_precision=True)
        variants["kitwright openvino fp32"] = our_pipeline(content, size, image, full)
        own = openvino_factory(THREADS)
        name = f"kitwright openvino {OpenVinoSession(content).precision}"
        variants[name] = our_pipeline(content, size, image, own)
    taken: dict[str, list[float]] = {name: [] for name in variants}
    order = random.Random(0)  # what ran before must not always be the same
    for number in range(rounds + 5):
        for name in order.sample(list(variants), len(variants)):
            run = variants[name]
            time.sleep(PAUSE_S)
            started = time.perf_counter()
            run()
            if number >= 5:
                taken[name].append(1e3 * (time.perf_counter() - started))
    ours = [name for name in taken if name.startswith("kitwright")]
    return {
        "median": {name: round(statistics.median(times), 2) for name, times in taken.items()},
        "kitwright / bare": ratio(taken["kitwright"], taken["bare"]),
        **{f"{name} / ultralytics": ratio(taken[name], taken["ultralytics"]) for name in ours},
        "kitwright / ultralytics .pt": ratio(taken["kitwright"], taken["ultralytics .pt"]),
    }


def bare_pipeline(model: Path, size: int, image: np.ndarray) -> Callable[[], object]:
    """OpenCV's resize and a bare session: what nobody can be much faster than."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run() -> object:
        blob = cv2.dnn.blobFromImage(image, 1 / 255, (size, size), swapRB=True)
        return session.run(None, {name: blob})

    return run


def to_int8(model: bytes, size: int) -> bytes:
    """The INT8 artefact that `kit compile` makes of the same ONNX; noise suffices for its speed."""
    rng = np.random.default_rng(0)
    name = ort.InferenceSession(model, providers=["CPUExecutionProvider"]).get_inputs()[0].name
    feeds = tuple({name: rng.random((1, 3, size, size), dtype=np.float32)} for _ in range(8))
    names = [node.name for node in onnx.load_from_string(model).graph.node]
    excluded = decode_nodes(names)
    return quantize.to_int8(model, quantize.Calibration(feeds, ""), "cpu", excluded)


def onnxruntime_session(model: bytes) -> Session:
    return OnnxSession(model, threads=THREADS)


def our_pipeline(
    model: bytes, size: int, image: np.ndarray, sessions: SessionFactory
) -> Callable[[], object]:
    ready = make_ready(open_bytes(bundle_of(model, size)), sessions=sessions)
    return lambda: ready.decide(ready.predict([image])[0])


def trainer_pipeline(model: Path, size: int, image: np.ndarray) -> Callable[[], object]:
    from ultralytics import YOLO

    yolo = YOLO(str(model), task="detect")
    return lambda: yolo.predict(image, imgsz=size, conf=0.25, verbose=False, device="cpu")


def bundle_of(model: bytes, size: int) -> bytes:
    """A bundle around a detector, as `kit compile` would make it."""
    artefact = Artefact(
        role="model",
        path="models/model.onnx",
        precision="fp32",
        target="any",
        digest=digest_of(model),
    )
    manifest = BundleManifest(
        kit="visual-inspection",
        name="speed",
        project="speed",
        version=1,
        created_at=utc_now(),
        media_types=("image/jpeg",),
        labels=LABELS,
        artefacts=(artefact,),
        config={
            "approach": "detector",
            "width": size,
            "height": size,
            "labels": list(LABELS),
            "confidence": 0.25,
            "iou": 0.6,
            "max_boxes": 100,
        },
        dataset="0" * 64,
        seed=0,
        run="speed",
    )
    point = OperatingPoint(
        default=Band(act_at=0.5, review_from=0.25), method="fixed", dataset="0" * 64, seed=0
    )
    return pack(manifest, point, GoldenSet(), {"models/model.onnx": model, "card.md": b""})


def ratio(ours: list[float], theirs: list[float]) -> dict[str, float]:
    """Median of the rounds' own ratios with a bootstrap interval over rounds (seed 0).

    Within a round both run a fraction of a second apart, so a machine that gets slower for a while
    slows both and the ratio stays.
    """
    rng = np.random.default_rng(0)
    paired = np.asarray(ours) / np.asarray(theirs)
    picks = rng.integers(len(paired), size=(2000, len(paired)))
    low, high = np.quantile(np.median(paired[picks], axis=1), [0.025, 0.975])
    value = float(np.median(paired))
    return {"value": round(value, 3), "low": round(float(low), 3), "high": round(float(high), 3)}


def compare_processes(repeats: int = 5) -> dict[str, object]:
    """Import time (seconds) and peak memory (MB) of fresh processes, taking turns."""
    rows: dict[str, list[tuple[float, float]]] = {name: [] for name in IMPORTS}
    for _ in range(repeats):
        for name, code in IMPORTS.items():
            answer = subprocess.run(
                [sys.executable, "-c", PROBE.format(code=code)],
                capture_output=True,
                text=True,
                check=True,
            )
            seconds, memory = answer.stdout.split()[-2:]
            rows[name].append((float(seconds), float(memory)))
    median = {
        name: {
            "import_s": round(statistics.median(r[0] for r in found), 3),
            "rss_mb": round(statistics.median(r[1] for r in found), 1),
        }
        for name, found in rows.items()
    }
    ours, theirs = median["kitwright"], median["ultralytics"]
    return {
        **median,
        "import ratio": round(ours["import_s"] / theirs["import_s"], 3),
        "memory ratio": round(ours["rss_mb"] / theirs["rss_mb"], 3),
    }


def report(figures: dict[str, object]) -> None:
    for key, value in figures.items():
        if isinstance(value, dict):
            print(key)
            for name, row in value.items():
                print(f"  {name:38} {row}")
        else:
            print(f"{key:28} {value}")


if __name__ == "__main__":
    main()
