"""A bundle of leads from rows of a table, by the commands a user types."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from kits.core.bundle import open_file
from kits.core.ready import ReadyBundle, make_ready
from kits.lead_scoring._lead import Value
from kits.toolchain.demo.programs import Programs


def trained(rows: Sequence[Mapping[str, Value]], *settings: str) -> ReadyBundle:
    """`kit new`, `kit train` and `kit compile` on a table of these rows, ready to score.

    Args:
        settings: such as `model.approach=logistic`; else the kit's own.
    """
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        data = root / "past.csv"
        with data.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        programs, place = Programs(root / "logs"), str(root / "project")
        programs.text("kit", "new", "lead-scoring", place, "--defaults", "--data", str(data))
        chosen = [word for one in settings for word in ("--set", one)]
        programs.json("kit", "train", "-C", place, *chosen, "--json")
        made = programs.json("kit", "compile", "-C", place, "--precision", "fp32", "--json")
        return make_ready(open_file(Path(str(made["path"]))))
