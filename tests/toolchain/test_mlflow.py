"""A run told to MLflow: its real client, with a database of its own in place of a server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kits.core.addresses import free_port
from kits.core.errors import UnreachableError
from kits.toolchain.mlflow_export import export_run, need_mlflow
from kits.toolchain.project import Project
from kits.toolchain.runs import read_run
from kits.toolchain.training import Trained
from tests.needing import needing

pytestmark = [
    needing("mlflow"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]


def test_a_run_is_there_with_its_intervals_and_its_report(
    trained: tuple[Project, Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    monkeypatch.chdir(tmp_path)  # without a server it lays files where one stands
    uri = f"sqlite:///{tmp_path}/runs.db"
    need_mlflow(uri)
    folder = trained[1].run_dir
    export_run(folder, uri)
    record = read_run(folder)
    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name(record.project)
    [run] = client.search_runs([experiment.experiment_id])
    assert run.info.run_name == record.id and run.data.tags["dataset"] == record.dataset
    name, estimate = next(iter(record.metrics.items()))
    assert run.data.metrics[name] == pytest.approx(estimate.value)
    assert run.data.metrics[f"{name}_low"] == pytest.approx(estimate.low)
    assert run.data.params["seed"] == str(record.seed)
    assert [one.path for one in client.list_artifacts(run.info.run_id)] == ["report.html"]


def test_a_server_that_is_not_there_is_told_before_the_training_and_after_it(
    trained: tuple[Project, Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    nobody = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(UnreachableError, match=r"MLflow was not told: .*refused") as before:
        need_mlflow(nobody)
    assert before.value.where == nobody
    with pytest.raises(UnreachableError, match="MLflow was not told") as after:
        export_run(trained[1].run_dir, nobody)
    assert f"kit report --run {trained[1].run_dir.name} --mlflow {nobody}" in after.value.fix


def left_by(words: str, home: Path) -> list[Path]:
    """What MLflow's client leaves in the home of whoever trains."""
    home.mkdir()
    subprocess.run(
        [sys.executable, "-c", f"{words}; mlflow.MlflowClient('sqlite:///{home}/runs.db').search_experiments()"],
        # where it finds a server that builds software it is silent anyway
        env={"PATH": os.environ["PATH"], "HOME": str(home)}, cwd=Path(__file__).parents[2], check=True, capture_output=True,
    )  # fmt: skip
    return [path for path in home.rglob("*") if "telemetry" in path.name]


@pytest.mark.slow
def test_its_client_reports_to_nobody(tmp_path: Path) -> None:
    """By itself it keeps an id, and sends what it is used for. Where one does neither, nothing would be shown here."""
    assert left_by("import kits, mlflow", tmp_path / "ours") == []
    if not left_by("import mlflow", tmp_path / "alone"):
        pytest.skip("this MLflow reports nothing by itself")
