"""What a bundle of pictures promises, and what came of the parts of the months after it.

Made-up shops (`picture_later_made.py`) whose pictures of January to August are imported as a folder for each label. `kit new
--defaults`, `kit train` and `kit compile` learn from them, and `kit replay` judges September to December: unchanged, or with one
change. Promised is what the bundle says at its thresholds, came what the replay counts by the true labels. Nothing is chosen here.
With `--by-lot` days are divided (`data.order: random`).

Usage: python -m benchmarks.picture_later [--shops 6] [--seed 0] [--defects 0.06] [--parts 3] [--views 1] [--slips 0] [--by-lot] [--changes]
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from benchmarks.machines_run import header, table
from benchmarks.picture_later_made import CHANGES, Shop, written
from kits.core import bundle as bundles
from kits.core.stats import proportion
from kits.toolchain.demo.programs import Programs
from kits.toolchain.project import Project

Json = Mapping[str, JsonValue]
_SIDE = 96
_LATER = 0.2
"""Share of defective parts in the months after, so that escapes are counted on some dozens."""
_FALSE = re.compile(r"false reject ≤ ([\d.]+)%(?: expected.*?; ≤ ([\d.]+)%)?")
_ESCAPE = re.compile(r"escape ≤ ([\d.]+)%")


@dataclass(frozen=True)
class Held:
    """One shop after one change; rates in percent.

    Attributes:
        sure: the upper 95 % bounds that the bundle states; None: none is stated.
        beyond: what is not as promised, as the replay says first.
    """

    sure: Mapping[str, float | None]
    came: Mapping[str, float]
    cost: float
    cost_said: tuple[float, float]
    beyond: tuple[str, ...]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--shops", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--defects", type=float, default=0.06, help="share of the pictures kept")
    parser.add_argument("--parts", type=int, default=3, help="kept of each day")
    parser.add_argument("--views", type=int, default=1, help="pictures of each part")
    parser.add_argument("--slips", type=float, default=0.0, help="share of wrong labels")
    parser.add_argument("--uneven", type=float, default=1.0, help="how much days and lots differ")
    parser.add_argument("--by-lot", action="store_true")
    parser.add_argument("--changes", action="store_true", help="the changed months, too")
    options = parser.parse_args()
    print(header("Pictures: promises held beside later months"))
    changes = list(CHANGES) if options.changes else ["nothing"]
    found: dict[str, list[Held]] = {name: [] for name in changes}
    for seed in range(options.seed, options.seed + options.shops):
        for name, one in held(options, seed, changes).items():
            found[name].append(one)
            print(f"shop {seed}, {name}: {_line(one)}", flush=True)
    print()
    columns = ("from September on", "false rejects above the bound", "false rejects: bound", "came", "escapes above the bound", "cost above the interval", "told: not as promised")  # fmt: skip
    print(table(columns, [[name, *_row(rows)] for name, rows in found.items()]))


def _line(one: Held) -> str:
    rates = ", ".join(f"{n} {one.came[n]:.1f} % (bound {one.sure[n]})" for n in one.sure)
    low, high = one.cost_said
    return f"{rates}; cost {one.cost:.0f} (said {low:.0f} to {high:.0f}); told {bool(one.beyond)}"


def _row(rows: Sequence[Held]) -> list[str]:
    return [
        _broken(rows, "false rejects"),
        _mean([one.sure["false rejects"] or 0.0 for one in rows]),
        _mean([one.came["false rejects"] for one in rows]),
        _broken(rows, "escapes"),
        _of(sum(one.cost > one.cost_said[1] for one in rows), len(rows)),
        _of(sum(bool(one.beyond) for one in rows), len(rows)),
    ]


def _broken(rows: Sequence[Held], name: str) -> str:
    made = [(one.came[name], sure) for one in rows if (sure := one.sure[name]) is not None]
    return _of(sum(came > sure for came, sure in made), len(made)) if made else "none is stated"


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / max(1, len(values)):.1f} %"


def _of(n: int, total: int) -> str:
    rate = proportion(n, total)
    return f"{n} of {total} [{rate.low:.2f}, {rate.high:.2f}]"


def held(options: argparse.Namespace, seed: int, changes: Sequence[str]) -> dict[str, Held]:
    """Learns from a shop's first months, replays the later ones with each change."""
    shop = Shop(seed, options.uneven, options.views, options.defects, options.slips)
    later_shop = Shop(seed, options.uneven, options.views, _LATER)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        programs, place = Programs(root / "logs"), str(root / "project")
        past = str(written(root / "past", shop.days(0, 240, options.parts)))
        programs.text("kit", "new", "visual-inspection", place, "--defaults")
        _configure(Path(place) / "kit.yaml", options)
        programs.text("kit", "data", "import", past, "-C", place)
        size = f"model.good_parts.image_size={_SIDE}"
        programs.text("kit", "train", "-C", place, "--set", size, "--set", "model.approach=good-parts")  # fmt: skip
        programs.text("kit", "compile", "-C", place, "--precision", "fp32")
        judged = programs.json("kit", "evaluate", "-C", place, "--json")
        sure = _promised(Path(place))
        found = {}
        for number, change in enumerate(changes):
            parts = later_shop.days(240, 360, options.parts, CHANGES[change])
            later = str(written(root / f"later{number}", parts, true=True))
            answer = programs.json("kit", "replay", later, "-C", place, "--json")
            found[change] = _held(answer, _object(judged.get("metrics")), sure)
    return found


def _configure(path: Path, options: argparse.Namespace) -> None:
    text = path.read_text()
    if options.views > 1:
        text = text.replace('group_by: ""', r"group_by: '_(P\d+)_'")
    if options.by_lot:
        text = text.replace("data:\n", "data:\n  order: random\n", 1)
    path.write_text(text)


def _promised(project: Path) -> dict[str, float | None]:
    content = Project.open(project).bundle_path("").read_bytes()
    guarantee = bundles.open_bytes(content).operating_point.guarantee
    false, escape = _FALSE.search(guarantee), _ESCAPE.search(guarantee)
    return {
        "false rejects": float(false[2] or false[1]) if false else None,
        "escapes": float(escape[1]) if escape else None,
    }


def _held(answer: Json, metrics: Json, sure: Mapping[str, float | None]) -> Held:
    rates = _object(answer.get("rates"))
    came = {
        "false rejects": 100 * _number(_object(rates.get("overkill_rate")), "value"),
        "escapes": 100 * _number(_object(rates.get("escape_rate")), "value"),
    }
    said = _object(metrics.get("cost_per_1000"))
    beyond = answer.get("beyond_promise")
    return Held(
        sure=sure,
        came=came,
        cost=_number(_object(_object(answer.get("cost")).get("per_1000")), "value"),
        cost_said=(_number(said, "low"), _number(said, "high")),
        beyond=tuple(map(str, beyond)) if isinstance(beyond, list) else (),
    )


def _object(value: JsonValue) -> Json:
    return value if isinstance(value, dict) else {}


def _number(found: Json, key: str) -> float:
    value = found.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


if __name__ == "__main__":
    main()
