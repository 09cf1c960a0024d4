"""Builders for watched machines: a kit that scores the level of its channels, bundles with an alarm rule."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from kits.core.alarm import AlarmRule
from kits.core.bundle import Artefact, BundleManifest, GoldenSample, GoldenSet, pack
from kits.core.operating_point import Band, OperatingPoint
from kits.core.sample import digest_of
from kits.core.window import MEDIA_TYPE, Channel, Window, encode_window
from tests.edge_agent.parts import tiny_onnx
from tests.third_party import write_kit

START = datetime(2026, 5, 4, 6, 0, tzinfo=timezone.utc)

_RUNTIME = """
import numpy as np

from kits.core.prediction import Prediction, Quantity, Reason
from kits.core.runtime import StageTimes
from kits.core.window import decode_window, encode_window, MEDIA_TYPE


STRANGE = {
    7.25: {"not_judged": "it never ran so", "unknown_regime": True},
    7.125: {"not_judged": "it settles"},
}


class Level:
    def __init__(self, session):
        self._session = session

    def decode(self, content, media_type):
        return decode_window(content)

    def encode(self, payload):
        return encode_window(payload), MEDIA_TYPE

    def predict(self, payloads):
        return [self._one(p) for p in payloads]

    def predict_timed(self, payload):
        return self._one(payload), StageTimes(0.1, 0.2, 0.1)

    def _one(self, window):
        readings = np.concatenate([c.readings for c in window.channels])
        faults = [c.name + " is unplugged" for c in window.channels if np.isnan(c.readings).all()]
        level = 0.0 if np.isnan(readings).all() else float(np.nanmax(np.abs(readings)))
        score = float(self._session.run({"x": np.array([level], np.float32)})[0][0])
        return Prediction(
            score=score,
            label="worn" if score >= 5 else "normal",
            quantities=(Quantity("level", level, "g"),),
            reasons=(Reason(f"the level is {level:.3g} g", 1.0, "level", float(level)),),
            details={
                "asset": window.attributes.get("asset", ""),
                "sensor_fault": faults,
                **STRANGE.get(level, {}),
            },
        )


def load(bundle, sessions, target="cpu"):
    return Level(sessions(bundle.artefact("model", target)))
"""

_KIT_YAML = f"""
name: tiny-level
title: Level
task: says how strongly a machine shakes
tier: experimental
media_types: [{MEDIA_TYPE}]
extras: []
hardware: any
metrics: [event_recall]
formats: [table]
runtime_imports: []
"""


def write_level_kit(folder: Path) -> None:
    """A third-party kit for machines, installed as an entry point."""
    write_kit(folder, "tiny_level", "tiny-level", runtime=_RUNTIME, manifest=_KIT_YAML)


def level_window(level: float, asset: str = "pump-1", at: datetime = START, n: int = 64) -> Window:
    """A window whose score is `level`; not a number: its sensor is unplugged."""
    readings = np.full(n, level, np.float32)
    readings[::2] *= -1
    return Window((Channel("vibration", "g", readings),), 8.0, at, {"asset": asset})


def make_level_bundle(
    rule: AlarmRule | None = None,
    *,
    act_at: float = 10.0,
    review_from: float = 5.0,
    version: int = 1,
) -> bytes:
    """A signed-off bundle of the kit: warn from 5 g, alarm from 10 g."""
    model = tiny_onnx()
    manifest = BundleManifest(
        kit="tiny-level",
        name="level",
        project="machines",
        version=version,
        created_at=datetime(2026, 1, 1, tzinfo=timezone.utc),
        media_types=(MEDIA_TYPE,),
        artefacts=(
            Artefact(
                role="model", path="m.onnx", precision="fp32", target="any", digest=digest_of(model)
            ),
        ),
        config={},
        dataset="d",
        seed=0,
        run="r",
    )
    point = OperatingPoint(
        default=Band(act_at=act_at, review_from=review_from),
        alarm=rule or AlarmRule(on_delay_s=10, off_delay_s=20, deadband=0.1),
        method="test",
        dataset="d",
        seed=0,
    )
    golden = GoldenSet(
        samples=(
            GoldenSample(
                path="golden/0.cbor",
                media_type=MEDIA_TYPE,
                prediction={"score": 1.0},
                verdict="pass",
            ),
        )
    )
    files = {
        "m.onnx": model,
        "golden/0.cbor": encode_window(level_window(1.0)),
        "card.md": b"# level",
        "kit.yaml": b"",
    }
    return pack(manifest, point, golden, files)
