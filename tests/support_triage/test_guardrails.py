"""What the toolchain's own checks say of a mail project: nothing about defects, which it does not have."""

from __future__ import annotations

from pathlib import Path

from kits.core.discovery import get_kit
from kits.support_triage._judging.figures import SHARES
from kits.toolchain.guardrails import check_project
from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.pairing import SMALLER_IS_BETTER
from kits.toolchain.project import Project
from tests.support_triage.test_checks import COLOURS, MATTERS, THINGS
from tests.support_triage.triage import put


def test_a_mail_project_is_measured_against_sorting_by_hand(tmp_path: Path) -> None:
    put(tmp_path / "kit.yaml", "kit: support-triage\nname: shop\ncosts: {escape: 20, review: 1}\n")
    lines = [
        f"{MATTERS[m].format(f'{c} {t}')},{m}" for m in MATTERS for t in THINGS for c in COLOURS[:4]
    ]
    path = put(tmp_path / "export" / "mails.csv", "\n".join(["text,label", *lines]))
    project = Project.open(tmp_path)
    import_data(project, path, ImportOptions())
    found = {finding.check: finding for finding in check_project(project)}
    assert "claim-escape" not in found
    assert "claim-overkill" not in found
    assert found["baseline"].text.startswith("at stake: 1000.00 EUR per 1,000 samples")
    assert found["baseline"].evidence == (
        "have a person look at everything: 1000.00 EUR per 1,000",
    )
    assert found["labels-predictable"].level == "pass"


def test_every_figure_of_mails_may_be_a_goal_and_errors_are_better_small() -> None:
    reported = get_kit("support-triage").manifest.metrics
    assert {*SHARES, "macro_f1", "micro_f1", "entity_exact", "entity_f1", "oos_auroc"} == set(
        reported
    )
    assert "auto_error" in SMALLER_IS_BETTER
