"""What a bundle of mails promises, and what came of the mails of the months after it.

Made-up firms (`mail_later_made.py`) whose mail of January to August is imported as folders of a mail program. `kit new
--defaults`, `kit train` and `kit compile` learn from it, nobody answers a question but ε, and `kit replay` judges September to
December: unchanged, or with one change. Promised and measured is what the bundle says, came what the replay counts. Nothing is
chosen here.

Usage: python -m benchmarks.mail_later FOLDER [--firms 20] [--seed 0] [--epsilon 0.05] [--mails 500] [--changes]
FOLDER holds CLINC150's train.csv, val.csv and test.csv with the columns text, label and domain.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from benchmarks.machines_run import header, table
from benchmarks.mail_later_made import CHANGES, Firm, matters_of, written
from kits.core.stats import proportion
from kits.toolchain.demo.programs import Programs

Json = Mapping[str, JsonValue]


@dataclass(frozen=True)
class Held:
    """One firm after one change.

    Attributes:
        beyond: what is not as promised, as the replay says first.
        named: whether it says what changed.
    """

    promised: bool
    error: float
    coverage: tuple[float, float]
    right: float
    beyond: tuple[str, ...]
    named: bool


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--firms", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epsilon", type=float, default=0.05)
    parser.add_argument("--mails", type=int, default=500, help="a month")
    parser.add_argument("--approach", default="ngrams")
    parser.add_argument("--changes", action="store_true", help="the changed months, too")
    options = parser.parse_args()
    print(header("Mails: promises held beside later months"))
    changes = list(CHANGES) if options.changes else ["nothing"]
    found: dict[str, list[Held]] = {name: [] for name in changes}
    for seed in range(options.seed, options.seed + options.firms):
        for name, one in held(options, seed, changes).items():
            found[name].append(one)
            print(
                f"firm {seed}, {name}: wrong {one.error:.3f} (promised {options.epsilon:g}), filed {one.coverage[1]:.3f}"
                f" (measured {one.coverage[0]:.3f}), right {one.right:.3f}, told {bool(one.beyond)}, named {one.named}",
                flush=True,
            )
    print()
    columns = ("from September on", "error above ε", "wrong among the filed", "filed: measured", "filed: came", "told: not as promised", "named what changed")  # fmt: skip
    print(table(columns, [[name, *_row(rows, options.epsilon)] for name, rows in found.items()]))


def _row(rows: list[Held], epsilon: float) -> list[str]:
    made = [one for one in rows if one.promised]
    return [
        _of(sum(one.error > epsilon for one in made), len(made)),
        *(
            _mean(values)
            for values in (
                [m.error for m in made],
                [m.coverage[0] for m in made],
                [m.coverage[1] for m in made],
            )
        ),
        _of(sum(bool(one.beyond) for one in made), len(made)),
        _of(sum(one.named for one in made), len(made)),
    ]


def _mean(values: list[float]) -> str:
    return f"{100 * sum(values) / max(1, len(values)):.1f} %"


def _of(n: int, total: int) -> str:
    rate = proportion(n, total)
    return f"{n} of {total} [{rate.low:.2f}, {rate.high:.2f}]"


def held(options: argparse.Namespace, seed: int, changes: list[str]) -> dict[str, Held]:
    """Learns from a firm's first months, replays the later ones with each change."""
    texts, domains = matters_of(options.folder)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        programs, place = Programs(root / "logs"), str(root / "project")
        firm = Firm(texts, domains, seed)
        past = [mail for month in range(1, 9) for mail in firm.month(month, options.mails)]
        answers = "--answer", f"epsilon={options.epsilon}"
        data = str(written(root / "past", past))
        programs.text("kit", "new", "support-triage", place, "--defaults", *answers)
        programs.text("kit", "data", "import", data, "-C", place)
        programs.text("kit", "train", "-C", place, "--set", f"approach={options.approach}")
        programs.text("kit", "compile", "-C", place, "--precision", "fp32")
        found = {}
        for number, change in enumerate(changes):
            later = str(_later(root / f"later{number}", copy.deepcopy(firm), options.mails, change))
            answer = programs.json("kit", "replay", later, "-C", place, "--json")
            found[change] = _held(answer, CHANGES[change][1])
    return found


def _later(place: Path, firm: Firm, mails: int, change: str) -> Path:
    """Four later months, half as many mails in each."""
    later = CHANGES[change][0]
    made = [
        mail
        for month in range(9, 13)
        for mail in firm.month(month, mails // 2, *later(firm, month))
    ]
    return written(place, made)


def _held(answer: Json, wanted: str) -> Held:
    bound, came, wrong = (_object(answer.get(key)) for key in ("bound", "automatic_share", "wrong"))
    measured = _object(bound.get("coverage"))
    beyond, changes = _texts(answer.get("beyond_promise")), _texts(answer.get("changes"))
    said = beyond if "beyond_promise" in answer else _texts(answer.get("notes"))
    return Held(
        promised=_number(bound, "accepted") > 0,
        error=_number(wrong, "value"),
        coverage=(_number(measured, "value"), _number(came, "value")),
        right=_number(_object(answer.get("right")), "value"),
        beyond=beyond,
        named=bool(wanted) and any(wanted in told for told in (*changes, *said)),
    )


def _object(value: JsonValue) -> Json:
    return value if isinstance(value, dict) else {}


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def _number(found: Json, key: str) -> float:
    value = found.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


if __name__ == "__main__":
    main()
