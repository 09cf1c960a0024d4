"""Tells an MLflow server of a finished run, for firms that have a dashboard there.

The run folder stays the record; nothing is ever read back from MLflow.
"""

from __future__ import annotations

import importlib.util
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kits.core.errors import MachineError, UnreachableError, plain_reason
from kits.toolchain.runs import read_run

MAX_VALUE = 6000
"""Characters of a setting that MLflow takes."""
_WORDS = 300


def need_mlflow(uri: str) -> None:
    """That a run can be told of, before hours of training.

    Raises:
        MachineError: the extra is missing.
        UnreachableError: the server does not answer, or does not let us in.
    """
    if importlib.util.find_spec("mlflow") is None:
        raise MachineError("telling MLflow needs its client", fix="pip install 'kitwright[mlflow]'")
    with _told(uri, "is it up? MLFLOW_TRACKING_USERNAME and _PASSWORD, or _TOKEN, sign in"):
        from mlflow import MlflowClient

        MlflowClient(tracking_uri=uri).search_experiments(max_results=1)


def export_run(run_dir: Path, uri: str) -> None:
    """Copies settings, metrics with intervals, and the report of a run to `uri`.

    Raises:
        UnreachableError: MLflow did not take it; the run is kept.
    """
    record = read_run(run_dir)
    later = f"the run is kept; once it takes it: kit report --run {record.id} --mlflow {uri}"
    with _told(uri, later):
        import mlflow

        mlflow.set_tracking_uri(uri)
        mlflow.set_experiment(record.project)
        with mlflow.start_run(run_name=record.id):
            tags = {"kit": record.kit, "dataset": record.dataset, "revision": record.revision}
            mlflow.set_tags(tags)
            settings = {**record.config, "seed": record.seed}
            mlflow.log_params({name: str(value)[:MAX_VALUE] for name, value in settings.items()})
            figures = dict(record.figures)
            for name, estimate in record.metrics.items():
                figures |= {name: estimate.value, f"{name}_low": estimate.low}
                figures |= {f"{name}_high": estimate.high}
            mlflow.log_metrics({k: v for k, v in figures.items() if math.isfinite(v)})
            mlflow.log_artifact(str(run_dir / "report.html"))


@contextmanager
def _told(uri: str, fix: str) -> Iterator[None]:
    """What its client and the network say becomes an error of ours."""
    # its client tries for minutes by itself, and prints between what we print; what is set already goes before
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, OSError) as error:  # a network's errors are OSErrors
        why = str(error).strip().partition("\n")[0]
        if " Max retries exceeded " in why:
            why = plain_reason(why).rstrip("')\"")
        why = why[:_WORDS]
        raise UnreachableError(f"MLflow was not told: {why}", where=uri, fix=fix) from error
