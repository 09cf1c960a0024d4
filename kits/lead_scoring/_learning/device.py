"""Where trees are grown. Nothing else of a training gains by a GPU."""

from __future__ import annotations

import shutil

from kits.core.errors import MachineError


def device_for(wanted: str) -> str:
    """`cpu` or `cuda`, for xgboost. `auto` takes the GPU where there is one that xgboost can use.

    Raises:
        MachineError: a GPU is asked for, and xgboost was built without.
    """
    if wanted == "cpu" or (wanted == "auto" and shutil.which("nvidia-smi") is None):
        return "cpu"
    import xgboost

    if xgboost.build_info().get("USE_CUDA"):
        return "cuda" if wanted == "auto" else wanted
    if wanted == "auto":
        return "cpu"
    raise MachineError("this xgboost knows no GPU", where=wanted, fix="--device cpu")
