"""Builders for the agent's tests: a kit that scores brightness, its bundles, pictures, waiting."""

from __future__ import annotations

import random
from datetime import datetime, timezone
from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper

from edge_agent.config import AgentConfig, parse_config
from edge_agent.sync.outbox import Outbox
from kits.core.bundle import Artefact, BundleManifest, GoldenSample, GoldenSet, pack
from kits.core.events import DecisionBody, Event, EventClass
from kits.core.operating_point import Band, OperatingPoint
from kits.core.sample import digest_of, utc_now
from tests.third_party import write_kit

STARTS_S = 60.0
"""A program of ours is up after so long, also where many start at once."""

_RUNTIME = """
import os
import time

import cv2
import numpy as np

from kits.core.errors import DataError
from kits.core.prediction import Prediction
from kits.core.runtime import StageTimes

WAIT = None  # a test that runs in this process may hold a sample in work


class Brightness:
    def __init__(self, session, config):
        self._session = session
        self._config = config
        self._live = 0

    def decode(self, content, media_type):
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise DataError("not a picture", fix="save it as PNG")
        return image

    def encode(self, payload):
        if self._config.get("raises") == "encode":
            raise KeyError("encode")
        return cv2.imencode(".png", payload)[1].tobytes(), "image/png"

    def predict(self, payloads):
        return [self._one(p) for p in payloads]

    def predict_timed(self, payload):
        return self._one(payload), StageTimes(0.1, 0.2, 0.1)

    def _one(self, payload):
        if self._config.get("raises") == "golden":
            raise KeyError("golden")
        time.sleep(self._config.get("sleep_s", 0))
        self._live += payload.shape != (4, 4)  # the golden sample is not the line's
        if self._config.get("fail_live") and self._live:
            raise RuntimeError("broken weights")
        if self._live > self._config.get("bad_after", float("inf")):
            return self._bad(self._config["bad"])
        mean = np.array([payload.mean() / 255], np.float32)
        score = float(self._session.run({"x": mean})[0][0])
        return Prediction(score=score, label="bright")

    def _bad(self, how):
        if how == "numpy details":
            return Prediction(score=0.4, details={"area": np.float32(1)})
        if how == "no label":
            return Prediction(score=0.4, label=None)
        if how == "raise":
            raise KeyError("a name that is not there")
        if how == "wait":
            WAIT.wait(30)
            raise KeyError("late")
        if how == "nan":
            return Prediction(score=float("nan"))
        if how == "exit":
            os._exit(11)
        if how == "hang":
            time.sleep(3600)
        if how == "slow":
            time.sleep(0.15)
            return Prediction(score=0.4)
        if how == "one score":
            return Prediction(score=0.45)
        assert how == "empty", how
        return Prediction(score=0.0, label="good")


def load(bundle, sessions, target="cpu"):
    if bundle.manifest.config.get("raises") == "load":
        raise KeyError("load")
    if bundle.manifest.config.get("raises") == "exit":
        raise SystemExit("exit")
    return Brightness(sessions(bundle.artefact("model", target)), bundle.manifest.config)
"""

_KIT_YAML = """
name: tiny-brightness
title: Brightness
task: says how bright a picture is
tier: experimental
media_types: [image/png]
extras: []
hardware: any
metrics: [accuracy]
formats: [folder]
runtime_imports: [cv2]
"""


def write_tiny_kit(folder: Path) -> None:
    write_kit(folder, "tiny_brightness", "tiny-brightness", runtime=_RUNTIME, manifest=_KIT_YAML)


def tiny_onnx(scale: float = 1.0) -> bytes:
    """y = x · scale."""
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "scale"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
        [helper.make_tensor("scale", TensorProto.FLOAT, [1], [scale])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def naming_a_file(folder: Path) -> bytes:
    """y = x · scale, whose scale lies in a file of this folder."""
    model = onnx.load_from_string(tiny_onnx())
    scale = model.graph.initializer[0]
    (folder / "scale.bin").write_bytes(np.float32(7).tobytes())
    scale.ClearField("float_data")
    scale.data_location = TensorProto.EXTERNAL
    scale.external_data.add(key="location", value="scale.bin")
    return bytes(model.SerializeToString())


def picture(level: int, size: int = 16, seed: int | None = None) -> bytes:
    """A PNG of one grey level; with a seed noisy, so that it is large and unlike any other."""
    image = np.full((size, size), level, np.uint8)
    if seed is not None:
        noise = np.random.default_rng(seed).integers(0, 20, image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".png", image)[1])


def make_bundle(
    version: int = 1,
    *,
    scale: float = 1.0,
    act_at: float = 0.8,
    golden_score: float | None = None,
    project: str = "p",
    kit: str = "tiny-brightness",
    config: dict[str, object] | None = None,
    padding: int = 0,
    latency_limit_ms: float | None = None,
) -> bytes:
    model = tiny_onnx(scale)
    score = round(200 / 255 * scale, 7) if golden_score is None else golden_score
    verdict = "act" if score >= act_at else "review" if score >= 0.5 else "pass"
    manifest = BundleManifest(
        kit=kit,
        name="tiny",
        project=project,
        version=version,
        created_at=datetime(2026, 1, 1, tzinfo=timezone.utc),
        media_types=("image/png",),
        artefacts=(
            Artefact(
                role="model", path="m.onnx", precision="fp32", target="any", digest=digest_of(model)
            ),
        ),
        config=config or {},
        latency_limit_ms=latency_limit_ms,
        dataset="d",
        seed=0,
        run="r",
    )
    point = OperatingPoint(
        default=Band(act_at=act_at, review_from=min(0.5, act_at)),
        method="test",
        dataset="d",
        seed=0,
    )
    golden = GoldenSet(
        samples=(
            GoldenSample(
                path="golden/0.png",
                media_type="image/png",
                prediction={"score": score},
                verdict=verdict,
            ),
        )
    )
    files = {
        "m.onnx": model,
        "golden/0.png": picture(200, 4),
        "card.md": b"# tiny",
        "kit.yaml": b"",
    }
    if padding:
        files["padding"] = random.Random(padding).randbytes(padding)
    return pack(manifest, point, golden, files)


def bundle_id_of(content: bytes) -> str:
    return content[-64:].decode()


def decision(number: int, **changes: object) -> DecisionBody:
    body = DecisionBody(
        sample_id=f"sample-{number}",
        captured_at=utc_now(),
        media_type="image/png",
        bundle="b",
        verdict="pass",
        score=0.1,
    )
    return body.model_copy(update=changes)


def agent_config(folder: Path, pictures: Path, **changes: object) -> AgentConfig:
    raw: dict[str, object] = {
        "state_dir": str(folder / "state"),
        "source": {"kind": "folder", "path": str(pictures)},
        "status": {"port": 0},
        "engine": {"providers": ["cpu"], "threads": 1},
        "sync": {"backoff_s": 0.1, "backoff_max_s": 0.5, "resend_s": 1.0},
        "outbox": {"ballast_bytes": 0},
        "update": {
            "poll_s": 0.2,
            "shadow_samples": 5,
            "probation_samples": 5,
            "probation_min_s": 0,
            "max_latency_factor": 50,
        },
        "reject_deadline_ms": 5000,
        **changes,
    }
    return parse_config(raw, base=folder)


def rows_of(outbox: Outbox, klass: EventClass) -> list[Event]:
    """The rows of a class that the hub has not acknowledged; only looks."""
    return [Event.model_validate_json(row.text) for row in outbox.again(klass, 0, (1 << 62)).rows]
