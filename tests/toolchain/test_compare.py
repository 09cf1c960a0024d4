"""The challenger wins only when it is cheaper beyond chance and gives nothing else away."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from kits.cli import make_app
from kits.core.bundle import open_file
from kits.core.discovery import get_kit
from kits.core.kit import ItemResult
from kits.core.operating_point import Band, Costs
from kits.core.stats import Estimate
from kits.toolchain import bundling
from kits.toolchain.compare import Allowed, compare, objections
from kits.toolchain.pairing import GoalRatio, Pair, ScoreChange, weighted_mean
from kits.toolchain.project import Project


@pytest.fixture
def two_bundles(own_project: Project) -> tuple[Project, Path, Path]:
    """A champion that lets most defects pass, and a challenger that finds them."""
    good = own_project.run_dir() / "bundle.kwb"
    bundle = open_file(good)
    late = Band(act_at=0.9, review_from=0.9)
    models = [bundling.Built("model", "fp32", "any", bundle.artefact("model"))]
    content = bundling.pack_bundle(
        own_project.kit,
        bundle.manifest,
        bundle.operating_point.model_copy(update={"default": late}),
        models,
        [],
        counts={},
    )
    careless = own_project.root / "champion.kwb"
    careless.write_bytes(content)
    return own_project, careless, good


def test_cheaper_challenger_is_better(two_bundles: tuple[Project, Path, Path]) -> None:
    project, champion, challenger = two_bundles
    found = compare(project, champion, challenger)
    assert found.better
    assert found.cost_difference.high < 0
    assert found.n == len(project.dataset().of("test"))


def test_more_escapes_are_named_as_the_reason(two_bundles: tuple[Project, Path, Path]) -> None:
    project, champion, challenger = two_bundles
    found = compare(project, challenger, champion)
    assert not found.better
    assert "escapes rise from" in found.reason
    assert "no proof that it is cheaper" in found.reason


@pytest.mark.slow
def test_a_strict_limit_counts_each_defect_that_would_newly_escape(
    two_bundles: tuple[Project, Path, Path],
) -> None:
    project, careless, careful = two_bundles
    lost = compare(project, careful, careless).new_escapes
    assert lost > 0
    found = compare(project, careful, careless, allowed=Allowed(max_new_escapes=lost - 1))
    text = f"{lost} defects that the champion catches would escape, {lost - 1} may"
    assert text in found.reason
    assert (
        "would escape"
        not in compare(project, careful, careless, allowed=Allowed(max_new_escapes=lost)).reason
    )
    assert compare(project, careless, careful, allowed=Allowed(max_new_escapes=0)).better


def test_the_project_may_set_the_strict_limit(two_bundles: tuple[Project, Path, Path]) -> None:
    project, careless, careful = two_bundles
    path = project.root / "kit.yaml"
    path.write_text(path.read_text() + "gate: {max_new_escapes: 0}\n")
    found = compare(Project.open(project.root), careful, careless)
    assert "would escape, 0 may" in found.reason


def test_a_handful_of_defects_proves_nothing(
    two_bundles: tuple[Project, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, champion, challenger = two_bundles
    monkeypatch.setattr("kits.toolchain.compare.MIN_PER_CLASS", 1000)
    found = compare(project, champion, challenger)
    assert not found.better
    assert "proves nothing, review more" in found.reason


def test_a_bundle_is_never_better_than_itself(own_project: Project) -> None:
    path = own_project.run_dir() / "bundle.kwb"
    found = compare(own_project, path, path)
    assert not found.better
    assert (found.cost_difference.low, found.cost_difference.high) == (0, 0)


def test_command_ends_with_exit_code_6_when_not_better(own_project: Project) -> None:
    path = str(own_project.run_dir() / "bundle.kwb")
    done = CliRunner().invoke(
        make_app(), ["compare", path, path, "-C", str(own_project.root), "--json"]
    )
    assert done.exit_code == 6
    assert '"better": false' in done.stdout
    assert '"cost_difference"' in done.stdout and '"currency": "EUR"' in done.stdout
    assert re.search(r"cost per 1,000 samples changes by [^;]* EUR", done.stdout)


def test_costs_are_weighted_to_the_share_of_defects_in_production() -> None:
    values = np.asarray([0.0, 2.0, 100.0])
    positive = np.asarray([False, False, True])
    assert weighted_mean(values, positive, 0.02) == pytest.approx(0.98 * 1 + 0.02 * 100)


def test_a_kit_says_in_its_own_words_why_a_challenger_is_not_better() -> None:
    def leads(won: int, missed: int) -> tuple[ItemResult, ...]:
        return tuple(
            ItemResult(
                f"s{i}", f"s{i}", "won" if i < won else "lost", "pass" if i < missed else "act", 0.5, 0.0
            )
            for i in range(40)
        )  # fmt: skip

    def why(kit: str, won: int) -> str:
        pair = Pair(leads(won, 0), leads(won, min(won, 30)))
        goal = GoalRatio("auc", 0.8, 0.8, 1.0, 0.9)
        difference = Estimate(value=1.0, low=0.5, high=1.5, n=40, method="test")
        words = get_kit(kit).manifest.words
        return "; ".join(objections(goal, pair, difference, Allowed(max_new_escapes=0), words, ""))

    few, many = why("lead-scoring", 5), why("lead-scoring", 30)
    assert (
        "only 5 won test leads" in few
        and "5 won leads that the champion catches would be missed" in few
    )
    assert (
        "won leads that are missed rise from 0 to 30 of 30" in many and "escape" not in few + many
    )
    assert "only 5 defective test parts" in why("visual-inspection", 5)
    assert "escapes rise from 0 to 30 of 30" in why("visual-inspection", 30)


@pytest.mark.parametrize(
    ("cost", "score", "passes"),
    [
        ((-1.0, 1.0), (-0.03, -0.01), True),
        ((-1.0, 1.0), (-0.03, 0.01), False),
        ((0.1, 1.0), (-0.03, -0.01), False),
        ((-1.0, -0.1), (-0.03, 0.01), True),
        ((-1.0, 1.0), None, False),
    ],
)
def test_truer_probabilities_count_where_people_read_them_unless_they_are_dearer(
    cost: tuple[float, float], score: tuple[float, float] | None, passes: bool
) -> None:
    def between(low: float, high: float) -> Estimate:
        return Estimate(value=(low + high) / 2, low=low, high=high, n=40, method="test")

    leads = tuple(
        ItemResult(f"s{i}", f"s{i}", "won" if i < 20 else "lost", "act", 0.5, 0.0)
        for i in range(40)
    )
    words = get_kit("lead-scoring").manifest.words
    change = None if score is None else ScoreChange("log_loss", 0.5, 0.48, between(*score))
    found = objections(
        GoalRatio("auc", 0.8, 0.8, 1.0, 0.9), Pair(leads, leads), between(*cost), Allowed(),
        words, "EUR", change,
    )  # fmt: skip
    assert (found == []) is passes
    fallen = GoalRatio("auc", 0.8, 0.77, 0.9625, 0.93, 1.01)
    noisy = objections(fallen, Pair(leads, leads), between(*cost), Allowed(), words, "EUR", change)
    by_score = score == (-0.03, -0.01) and passes
    assert any("auc falls" in one for one in noisy) is not by_score
    worse = replace(fallen, high=0.99)
    said = objections(worse, Pair(leads, leads), between(*cost), Allowed(), words, "EUR", change)
    assert any("auc falls" in one for one in said), "beyond chance it counts for all"
    if score is not None and not passes:
        assert "or its probabilities truer" in found[0] and ", log_loss by -0." in found[0]


def test_groups_are_resampled_whole() -> None:
    def results(cost: float) -> tuple[ItemResult, ...]:
        return tuple(
            ItemResult(f"s{i}", f"part-{i // 10}", "good", "act", 1.0, cost * (i // 10 == 0))
            for i in range(80)
        )

    pair = Pair(results(0.0), results(4.0))
    difference = pair.cost_difference(Costs(), seed=0)
    assert difference.value == 0.5
    assert difference.method == "bootstrap of 8 groups"
    assert difference.low == 0.0
