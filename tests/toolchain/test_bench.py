"""The bench measures a bundle in a process of its own and says on what."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import kits
from kits.core.bundle import open_file
from kits.core.errors import BundleError, DataError, MachineError, UsageError
from kits.core.openvino import openvino_lacking
from kits.toolchain import bundling
from kits.toolchain.bench import bench
from kits.toolchain.compile import Limits, compile_run
from kits.toolchain.project import Project
from kits.toolchain.training import Trained


def test_stages_memory_and_cold_start_are_measured(trained: tuple[Project, Trained]) -> None:
    result = bench(trained[1].bundle, seconds=0.2, threads=1)
    total = result.stages["fp32"]["total"]
    assert result.providers == ("cpu",)
    assert 0 < total["p50"] <= total["p95"] <= total["p99"]
    assert result.stages["fp32"]["infer"]["p50"] <= total["p99"]
    assert 20 < result.rss_mib < 400
    assert result.cold_start_ms > total["p50"]
    assert result.throughput_per_s["fp32"] > 0


def test_both_precisions_are_measured_in_turns(own_project: Project) -> None:
    wide = Limits(0.5, 0.9, 0.5, 1, 1)
    made = compile_run(own_project, target="cpu", precision="int8", limits=wide)
    result = bench(made.path, seconds=0.2, threads=1)
    assert list(result.stages) == ["int8", "fp32"]


@pytest.mark.skipif(bool(openvino_lacking()), reason="needs the extra openvino on x86")
def test_openvino_is_measured_beside_its_own_fp32(trained: tuple[Project, Trained]) -> None:
    result = bench(trained[1].bundle, seconds=0.2, threads=1, provider="openvino")
    assert result.providers == ("openvino",)
    assert "fp32" in result.stages
    assert set(result.stages) <= {"bf16", "fp16", "fp32"}


def test_a_provider_that_is_not_here_is_refused_at_once(
    trained: tuple[Project, Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="no provider"):
        bench(trained[1].bundle, provider="openvno")
    monkeypatch.setattr("kits.toolchain.providers.openvino_lacking", lambda: "not installed")
    with pytest.raises(MachineError, match="not installed"):
        bench(trained[1].bundle, provider="openvino")


def test_what_is_no_bundle_is_said_as_everywhere(tmp_path: Path) -> None:
    (tmp_path / "junk.kwb").write_bytes(b"junk")
    with pytest.raises(BundleError) as caught:
        bench(tmp_path / "junk.kwb")
    assert str(tmp_path / "junk.kwb") in caught.value.where


@pytest.mark.slow
def test_given_inputs_replace_golden_samples(
    trained: tuple[Project, Trained], dots_folder: Path, tmp_path: Path
) -> None:
    project, made = trained
    bundle = open_file(made.bundle)
    models = [bundling.Built("model", "fp32", "any", bundle.artefact("model"))]
    path = tmp_path / "bare.kwb"
    path.write_bytes(
        bundling.pack_bundle(
            project.kit, bundle.manifest, bundle.operating_point, models, [], counts={}
        )
    )
    with pytest.raises(DataError, match="no golden samples"):
        bench(path, seconds=0.1)
    inputs = sorted(dots_folder.rglob("*.png"))[:2]
    assert bench(path, inputs=inputs, seconds=0.1, threads=1).n > 0


def test_no_module_in_the_folder_one_is_in_is_executed(
    trained: tuple[Project, Trained], tmp_path: Path
) -> None:
    bundle, touched = trained[1].bundle, tmp_path / "executed"
    sample = tmp_path / "sample.png"
    sample.write_bytes(open_file(bundle).files[open_file(bundle).golden.samples[0].path])
    hostile, program = tmp_path / "project", tmp_path / "bin" / "kit.py"
    for folder in (hostile, program.parent):
        folder.mkdir()
    for name in ("signal", "json", "numpy"):
        (hostile / f"{name}.py").write_text(f"open({str(touched)!r}, 'a').close()")
    program.write_text("from kits.cli import main\nif __name__ == '__main__':\n    main()\n")
    packages = os.pathsep.join(filter(None, (str(Path(kits.__file__).parents[1]), *sys.path)))
    environment = {**os.environ, "PYTHONPATH": packages}
    for words in (
        ["bench", "--bundle", bundle, "--seconds", "0.2"],
        ["predict", sample, "--bundle", bundle, "--out", tmp_path / "out.jsonl", "--on", "cores"],
    ):
        command = [sys.executable, str(program), *map(str, words)]
        done = subprocess.run(
            command, cwd=hostile, env=environment, capture_output=True, text=True, check=False
        )
        assert not touched.exists(), done.stderr
        assert done.returncode == 0, done.stderr
