"""The main job on real pictures, as a user would do it, with figures at the end.

`python -m benchmarks.visual_inspection --data FOLDER [--approach detector] [--only LIST]
[--set k=v]… [--out DIR]` runs `kit new → check → train → evaluate → compile --precision int8 →
bench → predict` and prints one Markdown table. Nothing is tuned to a data set: whatever is set on
the command line is printed with the figures.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path

from kits.core.errors import KitwrightError
from kits.core.stats import Estimate
from kits.toolchain.demo.programs import Json, Programs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder like one a user has")
    parser.add_argument("--only", help="a list of training pictures to use, below the data folder")
    parser.add_argument("--approach", default="auto", help="auto, good-parts or detector")
    parser.add_argument("--set", action="append", default=[], help="override of kit.yaml: k=v")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("scratch"), help="where to work")
    options = parser.parse_args()
    name = "-".join(w for w in (options.data.name.replace("_", "-"), options.approach) if w)
    root = options.out.resolve() / name
    shutil.rmtree(root, ignore_errors=True)
    figures = run(root, options)
    (root / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(table(name, figures))


def run(root: Path, options: argparse.Namespace) -> Json:
    programs = Programs(root / "logs")
    project = str(root / "project")
    new = ["kit", "new", "visual-inspection", project, "--defaults", "--data", str(options.data)]
    programs.text(*new, *(("--only", options.only) if options.only else ()))
    figures: Json = {"data": options.data.name, "approach": options.approach, "seed": options.seed}
    figures["set"] = list(options.set)
    figures["dataset"] = programs.json("kit", "data", "show", "-C", project, "--json")
    figures["check"] = attempt(programs, "kit", "check", "-C", project, "--json")
    overrides = [f"model.approach={options.approach}", *options.set]
    words = [w for setting in overrides for w in ("--set", setting)]
    started = time.monotonic()
    figures["train"] = programs.json(
        "kit", "train", "-C", project, "--json", "--seed", str(options.seed), *words
    )
    figures["train_s"] = round(time.monotonic() - started, 1)
    figures["evaluate"] = programs.json("kit", "evaluate", "-C", project, "--json")
    for precision in ("fp32", "int8"):
        figures[f"compile_{precision}"] = attempt(
            programs, "kit", "compile", "-C", project, "--precision", precision, "--json"
        )
    figures["bench"] = programs.json("kit", "bench", "-C", project, "--json")
    return figures


def attempt(programs: Programs, *command: str) -> Json:
    """A command that may refuse (a gate): its refusal is a figure too."""
    try:
        return programs.json(*command)
    except KitwrightError as error:
        return {"refused": error.what.splitlines()[0], "where": error.where}


def table(name: str, figures: Json) -> str:
    evaluated = figures["evaluate"]
    assert isinstance(evaluated, dict)
    metrics = evaluated["metrics"]
    assert isinstance(metrics, dict)
    rows = [f"### {name}", "", "| figure | value [95 % interval] | n |", "|---|---|---|"]
    for metric, value in metrics.items():
        estimate = Estimate.model_validate(value)
        rows.append(f"| {metric} | {estimate.text()} | {estimate.n} |")
    rows.append(f"| training time | {figures['train_s']} s | |")
    rows.append("")
    rows.append(
        f"dataset {str(evaluated['dataset'])[:12]}, split {evaluated['split']}, "
        f"seed {figures['seed']}, set {figures['set']}"
    )
    rows.append(f"int8: {json.dumps(figures['compile_int8'])[:400]}")
    rows.append(f"bench: {json.dumps(figures['bench'])[:600]}")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
