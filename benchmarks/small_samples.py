"""An export of tens of thousands of leads through the verbs a user types, with its samples in one file and in a file each.

`python -m benchmarks.small_samples --data TRAIN.CSV [--rounds 2] [--approach logistic] [--json FILE]`. Both ways are this
program; the one with a file each is told that no sample is small. Each way does a verb in a process of its own, then the other
way does it, in turns, in projects of their own on the same disk. CPU time is of the process with all its children, user and
kernel; wall time depends on the disk and on the neighbours. Also: both projects give the same dataset version, and what one lead
costs to erase.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.machines_run import table
from kits.toolchain.project import Project

WAYS = {"a file each": -1, "in one file": None}
"""Up to how many bytes a sample is small; None: as it is built."""
PROGRAM = """
import sys
from kits.core import blobs
from kits.cli import main
if sys.argv[1]:
    blobs.SMALL_BYTES = int(sys.argv[1])
sys.argv = ["kit", *sys.argv[2:]]
main()
"""
ERASED = 20


@dataclass(frozen=True)
class Cost:
    """What one verb took, in seconds."""

    way: str
    verb: str
    user_s: float
    kernel_s: float
    wall_s: float

    @property
    def cpu_s(self) -> float:
        return self.user_s + self.kernel_s


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="an export of leads")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--approach", default="logistic", help="model.approach of the training")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    verbs = {
        "import": ["data", "import", str(options.data.resolve()), "--replace"],
        "check": ["check"],
        "train": ["train", "--set", f"model.approach={options.approach}"],
        "evaluate": ["evaluate"],
    }
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        costs = _measured(Path(folder), verbs, options.rounds)
        projects = {way: Project.open(_home(Path(folder), way)) for way in WAYS}
        versions = {project.current_dataset_id for project in projects.values()}
        samples = len(projects["in one file"].dataset().items)
        erasing = {way: _erase(project) for way, project in projects.items()}
    print(f"{samples} samples, {len(versions)} dataset version, {options.rounds} rounds,")
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n"
    )
    columns = ("verb", "CPU a file each", "CPU in one file", "ratio", "of it kernel", "wall")
    print(table(columns, _rows(costs)))
    print("one lead erased, ms: " + ", ".join(f"{way} {ms:.1f}" for way, ms in erasing.items()))
    if options.json:
        options.json.write_text(json.dumps([asdict(cost) for cost in costs], indent=1))


def _home(folder: Path, way: str) -> Path:
    return folder / way.replace(" ", "-")


def _measured(folder: Path, verbs: dict[str, list[str]], rounds: int) -> list[Cost]:
    costs = []
    for number in range(rounds):
        base = folder / str(number)
        for verb, words in verbs.items():
            for way, small in WAYS.items():
                home = _home(folder, way)
                if verb == "import":
                    home = _fresh(home, base)
                costs.append(_run(way, verb, small, words, home))
    return costs


def _fresh(home: Path, aside: Path) -> Path:
    """A new project; the one of the round before is out of the way, not being deleted while others are measured."""
    if home.exists():
        aside.mkdir(exist_ok=True)
        home.rename(aside / home.name)
    home.mkdir(parents=True)
    (home / "kit.yaml").write_text("kit: lead-scoring\nname: leads\n")
    return home


def _run(way: str, verb: str, small: int | None, words: list[str], home: Path) -> Cost:
    command = [sys.executable, "-c", PROGRAM, "" if small is None else str(small), *words]
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(
        [*command, "--project", str(home), "--quiet"], capture_output=True, text=True, check=False
    )
    wall, after = time.perf_counter() - started, os.times()
    if done.returncode not in (0, 6):  # 6: a check failed, which is an answer
        raise SystemExit(f"{verb}: {done.stdout}\n{done.stderr}")
    user = after.children_user - before.children_user
    kernel = after.children_system - before.children_system
    return Cost(way, verb, user, kernel, wall)


def _rows(costs: list[Cost]) -> list[list[str]]:
    rows = []
    for verb in dict.fromkeys(cost.verb for cost in costs):
        each, one = ([c for c in costs if c.verb == verb and c.way == way] for way in WAYS)
        pairs = [(a.cpu_s, b.cpu_s) for a, b in zip(each, one)]
        rows.append([
            verb,
            *(f"{statistics.median(side):.1f}" for side in zip(*pairs)),
            f"{statistics.median(a / b for a, b in pairs):.2f}",
            " → ".join(f"{statistics.median(c.kernel_s for c in w):.1f}" for w in (each, one)),
            " → ".join(f"{statistics.median(c.wall_s for c in w):.1f}" for w in (each, one)),
        ])  # fmt: skip
    return rows


def _erase(project: Project) -> float:
    """How long one sample takes to be gone, in milliseconds."""
    digests = [item.sample.digest for item in project.dataset().items[:ERASED]]
    started = time.perf_counter()
    for digest in digests:
        assert project.blobs.delete(digest) > 0
    return (time.perf_counter() - started) / len(digests) * 1000


if __name__ == "__main__":
    main()
