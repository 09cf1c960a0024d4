"""Tells an MLflow server of a finished run, for firms that have a dashboard there.

The run folder stays the record; nothing is ever read back from MLflow.
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

from kits.core.errors import MachineError
from kits.toolchain.runs import read_run


def need_mlflow() -> None:
    """Raises MachineError when the extra is missing, before hours of training."""
    if importlib.util.find_spec("mlflow") is None:
        raise MachineError("telling MLflow needs its client", fix="pip install 'kitwright[mlflow]'")


def export_run(run_dir: Path, uri: str) -> None:
    """Copies settings, metrics with intervals, and the report of a run to `uri`."""
    import mlflow

    record = read_run(run_dir)
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment(record.project)
    with mlflow.start_run(run_name=record.id):
        mlflow.set_tags({"kit": record.kit, "dataset": record.dataset, "revision": record.revision})
        mlflow.log_params({**record.config, "seed": record.seed})
        figures = dict(record.figures)
        for name, estimate in record.metrics.items():
            figures |= {name: estimate.value, f"{name}_low": estimate.low}
            figures |= {f"{name}_high": estimate.high}
        mlflow.log_metrics({k: v for k, v in figures.items() if math.isfinite(v)})
        mlflow.log_artifact(str(run_dir / "report.html"))
