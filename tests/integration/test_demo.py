"""`kit demo` as a user runs it: the whole circle, told by its own summary and its hub's records."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kits.support_triage._simulated.mailbox_server import find_dovecot

CHANGES = {"YOLO_AUTOINSTALL": "0", "YOLO_OFFLINE": "1"}


def run_demo(folder: Path, *options: str, named: str = "visual-inspection") -> str:
    kit = Path(sys.executable).with_name("kit")
    done = subprocess.run(
        [kit, "demo", named, "--dir", folder, *options],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, **CHANGES},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout


def assert_closed(folder: Path, told: str, steps: int) -> None:
    """The circle was closed: as told, and as the parts left it on disk."""
    assert [int(n) for n in re.findall(r"^\[ ?(\d+)\]", told, re.MULTILINE)] == list(
        range(1, steps + 1)
    )
    assert "The circle is closed after" in told
    assert re.match(r"next: kit demo [a-z-]+ --keep", told.rstrip().splitlines()[-1])
    report = re.search(r"report +(\S+)", told)
    assert report is not None
    assert Path(report[1]).read_text().startswith("<!doctype html>")
    with closing(sqlite3.connect(folder / "hub" / "hub.sqlite")) as db:
        ends = db.execute("SELECT state FROM deployment ORDER BY id").fetchall()
        bundles = {row[0] for row in db.execute("SELECT DISTINCT bundle FROM sample")}
        doubled = db.execute("SELECT COUNT(*) - COUNT(DISTINCT id) FROM sample").fetchone()[0]
        better = json.loads(db.execute("SELECT result FROM job").fetchone()[0])
    assert ends == [("committed",), ("committed",)]
    assert len(bundles) == 2
    assert "" not in bundles
    assert doubled == 0
    assert better["passed"] is True


def acts(folder: Path, query: str) -> tuple[int, int]:
    """What the device's action was told, and what the hub counts."""
    with closing(sqlite3.connect(folder / "hub" / "hub.sqlite")) as db:
        counted: int = db.execute(query).fetchone()[0]
    return len((folder / "agent" / "actuator.jsonl").read_text().splitlines()), counted


def row_of(told: str, label: str) -> list[list[int]]:
    """Act, review and pass of both models, from the summary's table."""
    found = re.search(rf"^  {label} (.+)$", told, re.MULTILINE)
    assert found is not None
    _, *counts = (int(number) for number in re.findall(r"\d+", found[1]))
    return [counts[:3], counts[3:]]


@pytest.mark.slow
@pytest.mark.parametrize(("options", "steps"), [([], 15), (["--short"], 14)])
def test_the_circle_closes(tmp_path: Path, options: list[str], steps: int) -> None:
    folder = tmp_path / "demo"
    told = run_demo(folder, *options)
    assert_closed(folder, told, steps)
    assert re.search(r"champion +.*image_auroc 0\.\d", told)
    assert re.search(r"challenger +.*image_auroc 0\.\d", told)
    assert re.search(r"cost per part, challenger minus champion: -", told)
    assert re.search(r"from where: .*\(image_auroc 0\.\d+ → .* at its operating point .* → ", told)
    rejects, counted = acts(folder, "SELECT COUNT(*) FROM sample WHERE verdict = 'act'")
    assert rejects >= counted > 0
    assert ("two epochs from scratch prove the path" in told) == (not options)


@pytest.mark.slow
@pytest.mark.parametrize(("options", "steps"), [([], 15), (["--short"], 14)])
def test_the_circle_closes_for_machines(tmp_path: Path, options: list[str], steps: int) -> None:
    folder = tmp_path / "demo"
    told = run_demo(folder, *options, named="predictive-maintenance")
    assert_closed(folder, told, steps)
    assert re.search(r"cost per window, challenger minus champion: -", told)
    assert re.search(r"looked at by a person \d+% → \d+%", told)
    before, after = row_of(told, "normal")
    assert after[1] < before[1] / 4, "a person who said that flushing is normal is not asked again"
    assert after[0] <= before[0] + 2
    assert row_of(told, "sensor-fault")[0][2] > 0
    alarms, cases = acts(folder, "SELECT COUNT(*) FROM asset_case")
    assert alarms >= cases > 0
    assert ("prove the path, not quality" in told) == (not options)


@pytest.mark.slow
def test_a_mailbox_is_sorted_once_enough_was_reviewed(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    told = run_demo(folder, named="support-triage")
    assert_closed(folder, told, 16)
    rows = [row_of(told, label) for label in ("oos", "refund", "return", "invoice_copy")]
    before, after = ([row[side] for row in rows] for side in (0, 1))
    # two hundred labels carry no promise: everything goes to a person
    assert all(acts == 0 for acts, _, _ in before)
    assert sum(acts for acts, _, _ in after[1:]) > sum(seen for _, seen, _ in after[1:])
    acts_on_nothing, left, _ = after[0]
    assert acts_on_nothing < left, "mails about none of the intents stay with a person"
    assert re.search(r"cost per mail, challenger minus champion: -", told)
    filed, counted = acts(folder, "SELECT COUNT(*) FROM sample WHERE verdict = 'act'")
    assert filed == counted > 0
    project = folder / "project"
    assert (project / "templates" / "shop.yaml").exists()
    assert not list((project / "knowledge").rglob("example.md"))
    assert "← your order system, order" in told
    assert "belongs to another address" in told
    assert "no draft, whatever it says" in told
    if find_dovecot() is not None:
        assert "dry_run: false: INBOX" in told
        assert "1 sent as it was, 1 changed" in told
    assert "all mails are made up" in told


@pytest.mark.slow
def test_a_mailboxs_demo_is_told_to_a_program(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    told = json.loads(run_demo(folder, "--short", "--json", named="support-triage"))
    assert [step["number"] for step in told["steps"]] == list(range(1, 15))
    assert all(step["outcome"] for step in told["steps"])
    assert told["compare"]["better"] is True
    assert told["champion"] != told["challenger"]
    assert Path(told["report"]).exists()


@pytest.mark.slow
def test_leads_are_scored_in_the_crm_and_the_second_model_knows_the_new_channel(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "demo"
    told = run_demo(folder, named="lead-scoring")
    assert [int(n) for n in re.findall(r"^\[ ?(\d+)\]", told, re.MULTILINE)] == list(range(1, 14))
    assert "The circle is closed after" in told
    assert told.rstrip().splitlines()[-1].startswith("next: kit demo lead-scoring --keep")
    assert re.search(r"cost per lead, challenger minus champion: -", told)
    came = re.search(r"(\d+) leads came as ([\d,]+) events, each 5 times.*: (\d+) scores", told)
    assert came is not None
    leads, events, writes = (int(number.replace(",", "")) for number in came.groups())
    assert events >= 5 * leads
    assert leads <= writes < 2 * leads, "a lead is written when its score moved, not at each event"
    assert "Partner" not in told.partition("[11]")[0]
    assert "Original source: Partner" in told.partition("[13]")[2]
    assert "all leads are made up" in told
    with closing(sqlite3.connect(folder / "hub" / "hub.sqlite")) as db:
        states = dict(db.execute("SELECT state, COUNT(*) FROM crm_lead GROUP BY state").fetchall())
        bundles = [
            row[0]
            for row in db.execute("SELECT DISTINCT bundle FROM crm_lead WHERE state = 'open'")
        ]
        decided = db.execute("SELECT COUNT(*) FROM annotation WHERE source = 'outcome'").fetchone()[
            0
        ]
        waiting = db.execute(
            "SELECT COUNT(*) FROM crm_lead WHERE due_at IS NOT NULL OR dead != ''"
        ).fetchone()[0]
    assert states["won"] + states["lost"] == decided and states["open"] > 0
    assert len(bundles) == 1, "the better bundle scored all open leads anew"
    assert waiting == 0
