"""What the device runs of this kit: light imports, and the same answers wherever it runs.

These tests run on the oldest Python of a device too (`tests/device_python.sh`): nothing here may need a trainer.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timezone

import numpy as np
import pytest

from kits.core.bundle import Bundle, BundleManifest, GoldenSet, open_bytes, pack
from kits.core.operating_point import Band, OperatingPoint
from kits.core.ready import make_ready
from kits.core.window import MEDIA_TYPE, Channel, Window
from kits.predictive_maintenance._device.physics import PhysicsSpec
from kits.predictive_maintenance._signals.bearings import lookup, orders
from kits.predictive_maintenance._simulated.bearing import BearingFault, Motor, bearing_capture
from kits.predictive_maintenance.runtime import MachineSpec

HEAVY = (
    "torch", "ultralytics", "transformers", "sklearn", "pandas", "scipy", "xgboost", "pyarrow", "onnx",
    "cv2", "kits.toolchain", "kits.predictive_maintenance.train",
)  # fmt: skip


def test_the_runtime_imports_nothing_that_only_training_needs() -> None:
    code = (
        "import sys; import kits.predictive_maintenance.runtime, edge_agent.agent; "
        f"bad = set({HEAVY!r}) & set(sys.modules); print(sorted(bad)); sys.exit(bool(bad))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def physics_bundle() -> Bundle:
    """A bundle that knows a bearing, a speed and nothing else."""
    shape = lookup("6205", None)
    known = orders(shape.elements, shape.element_mm, shape.pitch_mm, shape.contact_deg)
    spec = MachineSpec(
        approach="physics",
        physics=PhysicsSpec(bearings={"6205": known}, speed_rpm=1_480, zone_ends=(1.4, 2.8, 4.5)),
    )
    manifest = BundleManifest(
        kit="predictive-maintenance", name="fan", project="fan", version=1,
        created_at=datetime(2026, 1, 1, tzinfo=timezone.utc), media_types=(MEDIA_TYPE,),
        artefacts=(), config=spec.model_dump(mode="json"), dataset="d" * 64, seed=0, run="r",
    )  # fmt: skip
    point = OperatingPoint(
        default=Band(act_at=3.0, review_from=2.0), method="zones", dataset="d" * 64, seed=0
    )
    return open_bytes(pack(manifest, point, GoldenSet(), {"card.md": b"", "kit.yaml": b""}))


def capture(fault: BearingFault | None, severity: float, seed: int = 1) -> Window:
    quiet = Motor(unbalance_g=0.005, misalignment_g=0.002)
    return bearing_capture(np.random.default_rng(seed), quiet, fault=fault, severity=severity)


@pytest.mark.parametrize("fault", ["outer", "inner"])
def test_a_damaged_bearing_is_named_without_any_training(fault: BearingFault) -> None:
    ready = make_ready(physics_bundle())
    well, ill = ready.predict([capture(None, 0.0), capture(fault, 4.0)])
    assert (well.label, ready.decide(well).verdict) == ("normal", "pass")
    assert ill.label == fault
    assert ready.decide(ill).verdict in ("review", "act")


def test_hum_of_the_mains_is_named_as_the_sensors_fault_and_acts_on_nothing() -> None:
    ready = make_ready(physics_bundle())
    window = capture(None, 0.0)
    time_s = np.arange(window.channels[0].readings.size) / window.rate_hz
    hum = window.channels[0].readings + np.sin(2 * np.pi * 50 * time_s).astype(np.float32)
    humming = Window(
        (Channel("vibration", "g", hum.astype(np.float32)),), window.rate_hz, None,
        window.attributes,
    )  # fmt: skip
    prediction = ready.predict([humming])[0]
    assert prediction.details["sensor_fault"] == ["vibration: mains"]
    assert ready.decide(prediction).verdict != "act"


def test_what_is_no_vibration_is_doubted_and_not_passed() -> None:
    ready = make_ready(physics_bundle())
    slow = Window((Channel("flow", "l/min", np.arange(60, dtype=np.float32)),), 1.0, None, {})
    assert ready.decide(ready.predict([slow])[0]).verdict == "review"
