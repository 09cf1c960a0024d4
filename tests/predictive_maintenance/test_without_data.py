"""Minute one: a bearing number and a speed make a bundle that packs, proves itself, compiles, publishes and runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_agent.engine.config import EngineConfig
from edge_agent.engine.ladder import Ladder
from kits import load_bundle
from kits.core.annotation import Annotation
from kits.core.bundle import open_file
from kits.core.dataset import Split
from kits.core.errors import DataError
from kits.core.window import Window
from kits.predictive_maintenance._simulated.bearing import BearingFault, Motor, bearing_capture
from kits.toolchain.bench import bench
from kits.toolchain.compile import compile_run
from kits.toolchain.guardrails import check_project
from kits.toolchain.project import Project
from kits.toolchain.publish import prepare
from kits.toolchain.scaffold import new
from kits.toolchain.training import Trained, train_project
from tests.predictive_maintenance.learned import project_with

KNOWN = {"bearings": "6205", "speed_rpm": "1480", "machine_class": "group2-rigid"}
QUIET = Motor(unbalance_g=0.005, misalignment_g=0.002)


def project_of(folder: Path, **answers: str) -> Project:
    new("predictive-maintenance", folder, dict(answers), ask=False)
    return Project.open(folder)


@pytest.fixture(scope="module")
def fan(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Trained]:
    project = project_of(tmp_path_factory.mktemp("minute") / "fan", approach="physics", **KNOWN)
    return project, train_project(project)


def capture(
    seed: int, *, fault: BearingFault | None = None, severity: float = 0.0, velocity: float = 0.0
) -> Window:
    """One second of a quiet motor; `velocity` in mm/s of unbalance on top."""
    window = bearing_capture(np.random.default_rng(seed), QUIET, fault=fault, severity=severity)
    turning = 2 * np.pi * 1480 / 60
    time_s = np.arange(window.channels[0].readings.size) / window.rate_hz
    shaken = velocity * np.sqrt(2) * turning / 9_806.65 * np.cos(turning * time_s)
    channel = window.channels[0]
    return replace(
        window,
        channels=(replace(channel, readings=(channel.readings + shaken).astype(np.float32)),),
    )


def test_a_bundle_is_made_without_any_data(fan: tuple[Project, Trained]) -> None:
    project, trained = fan
    assert trained.metrics == {}
    assert any("nothing was measured" in note for note in trained.notes)
    assert project.current_dataset_id == "", "nothing was imported, and nothing looks as if it were"
    bundle = open_file(trained.bundle)
    assert bundle.manifest.artefacts == ()
    assert "Nothing: it rests on what is known" in bundle.card
    assert (trained.run_dir / "report.html").is_file()


def test_it_judges_a_machine_it_has_never_heard(fan: tuple[Project, Trained]) -> None:
    ready = load_bundle(fan[1].bundle)
    quiet, shaking, damaged = ready.predict(
        [capture(1), capture(2, velocity=6.0), capture(3, fault="outer", severity=4.0)]
    )
    assert ready.decide(quiet).verdict == "pass"
    assert quiet.label == "normal"
    assert (ready.decide(shaking).verdict, shaking.label) == ("act", "anomaly")
    assert "zone D" in shaking.reasons[0].text
    assert damaged.label == "outer"
    assert ready.decide(damaged).verdict != "pass"
    velocity, lines = quiet.quantities
    assert velocity.name == "vibration velocity"
    assert lines.name.startswith("vibration, bearing 6205, "), "whichever ring stands out most"
    assert damaged.details["orders"]["6205 BPFO"] == pytest.approx(88.4, abs=0.2)  # type: ignore[index,call-overload]


def test_its_golden_samples_prove_a_device_and_cover_more_than_one_verdict(
    fan: tuple[Project, Trained],
) -> None:
    ready = load_bundle(fan[1].bundle)
    assert len({golden.verdict for golden in ready.bundle.golden.samples}) >= 2
    assert ready.check_golden() == ()


def test_the_agent_runs_it_on_the_cpu_and_calls_that_no_step_down(
    fan: tuple[Project, Trained], tmp_path: Path
) -> None:
    loaded = Ladder(EngineConfig(), tmp_path).load(open_file(fan[1].bundle))
    assert (loaded.provider, loaded.downgrades) == ("cpu", ())


@pytest.mark.parametrize(
    ("target", "precision"), [("cpu", "auto"), ("jetson-orin-nano", "fp16"), ("openvino", "bf16")]
)
def test_it_compiles_for_every_target_and_says_that_nothing_can_be_lowered(
    fan: tuple[Project, Trained], target: str, precision: str
) -> None:
    made = compile_run(fan[0], target=target, precision=precision)
    assert (made.precision, made.artefacts) == ("fp32", ())
    assert any("computes without" in note for note in made.notes)
    assert [r["precision"] for r in made.refused] == ([] if precision == "auto" else [precision])
    assert load_bundle(made.path).check_golden() == ()


def test_it_can_be_benched_and_published(fan: tuple[Project, Trained]) -> None:
    project, trained = fan
    assert bench(trained.bundle, seconds=0.1).providers == ()
    shipment = prepare(project, trained.bundle)
    assert shipment.dataset is not None and shipment.dataset.items == ()
    assert shipment.media_types() == {}


def test_two_projects_without_data_share_no_dataset_version(tmp_path: Path) -> None:
    one = train_project(project_of(tmp_path / "one", **KNOWN))
    two = train_project(project_of(tmp_path / "two", **KNOWN))
    assert one.dataset != two.dataset


def test_a_check_warns_but_lets_training_begin(fan: tuple[Project, Trained]) -> None:
    found = {finding.check: finding for finding in check_project(fan[0])}
    assert found["data"].level == "warn"
    assert "nothing can be measured" in found["data"].text


@pytest.mark.parametrize(
    ("approach", "why"),
    [
        ("condition", "no data yet"),
        ("auto", "no data yet"),
        ("physics", "physics needs to know the machine"),
    ],
)
def test_without_data_and_without_knowledge_nothing_is_made(
    tmp_path: Path, approach: str, why: str
) -> None:
    project = project_of(tmp_path / "p", approach=approach)
    with pytest.raises(DataError, match=why):
        train_project(project)
    assert not list(project.root.rglob("*.kwb"))


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    trained = train_project(project_of(tmp_path / "p", approach="physics", bearings="6306"))
    told = " ".join(trained.notes)
    assert "no model.speed_rpm" in told and "no model.machine_class" in told


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_one_recording_is_no_hindrance(tmp_path: Path, split: Split) -> None:
    """A first capture with a label: it is judged where it can be, and nothing else is asked for."""
    project = project_with(
        tmp_path / "p",
        [(capture(4, fault="outer", severity=4.0), Annotation("outer"), split)],
        "{approach: physics, bearings: ['6205'], speed_rpm: 1480}",
    )
    trained = train_project(project)
    assert trained.dataset == project.current_dataset_id
    measured = "event_recall" in trained.metrics
    assert measured == (split != "train"), "what the model was made beside is not judged by"
    assert load_bundle(trained.bundle).check_golden() == ()
