"""The report stands alone, says the same each time, and never pretends to be certain."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kits.cli import make_app
from kits.core.kit import Evaluation, ItemResult, Plot
from kits.core.operating_point import Costs
from kits.core.stats import Estimate, proportion
from kits.toolchain.goal import standing
from kits.toolchain.project import Project
from kits.toolchain.report import figures, plots
from kits.toolchain.report.build import write_report
from kits.toolchain.training import Trained


def evaluation(results: list[ItemResult]) -> Evaluation:
    return Evaluation("dots", "d", "test", len(results), 0, {}, {}, tuple(results))


def result(number: int, truth: str, verdict: str, score: float, cost: float = 0.0) -> ItemResult:
    return ItemResult(f"s{number}", "", truth, verdict, score, cost)


def test_html_needs_nothing_from_outside(trained: tuple[Project, Trained]) -> None:
    html = (trained[1].run_dir / "report.html").read_text()
    assert not re.search(r"""(src|href)=["'](?!data:)""", html)
    assert "<script" not in html
    assert "url(" not in html


def test_html_states_goal_with_interval_dataset_seed_and_repeat(
    trained: tuple[Project, Trained],
) -> None:
    made = trained[1]
    html = (made.run_dir / "report.html").read_text()
    assert made.metrics["image_auroc"].text() in html
    assert made.dataset in html
    assert "kit train --seed 1" in html
    assert "Bright dots get to the customer" in html


def test_of_many_labels_each_is_one_row_with_its_splits_beside_each_other(
    trained: tuple[Project, Trained],
) -> None:
    html = (trained[1].run_dir / "report.html").read_text()
    data = html.partition("<h2>Data</h2>")[2].partition("</section>")[0]
    counts = trained[0].dataset(trained[1].dataset).counts()
    for label in {name for labels in counts.values() for name in labels}:
        cells = "".join(f'<td class="n">{labels.get(label, 0)}</td>' for labels in counts.values())
        assert data.count(f"<td>{label}</td>{cells}") == 1


def test_mistakes_come_with_pictures(trained: tuple[Project, Trained]) -> None:
    html = (trained[1].run_dir / "report.html").read_text()
    document = json.loads((trained[1].run_dir / "report.json").read_text())
    wrong = document["confusion"]["defect"]["pass"] + document["confusion"]["good"]["act"]
    assert wrong > 0
    assert html.count("data:image/jpeg;base64,") == min(wrong, 8)


def test_writing_it_again_gives_the_same(own_project: Project) -> None:
    run_dir = own_project.run_dir()
    before = (run_dir / "report.html").read_bytes(), (run_dir / "report.json").read_bytes()
    assert write_report(own_project, run_dir).read_bytes() == before[0]
    assert (run_dir / "report.json").read_bytes() == before[1]


def test_repeat_command_names_what_differs_from_the_project_now(own_project: Project) -> None:
    config = own_project.root / "kit.yaml"
    config.write_text(config.read_text() + "model: {gain: 3}\n")
    write_report(Project.open(own_project.root), own_project.run_dir())
    document = json.loads((own_project.run_dir() / "report.json").read_text())
    assert document["repeat"] == "kit train --seed 1 --set model.gain=12.0"


def test_what_to_know_comes_first_and_how_it_was_made_is_folded(own_project: Project) -> None:
    path = own_project.run_dir() / "run.json"
    run = json.loads(path.read_text())
    path.write_text(
        json.dumps({**run, "notes": ["decide: which one, <b>?"], "details": ["by six folds"]})
    )
    html = write_report(Project.open(own_project.root), own_project.run_dir()).read_text()
    first = html.partition("Read this first")[2].partition("</section>")[0]
    seen, _, folded = first.partition("<details>")
    assert "<b>decide:</b> which one, &lt;b&gt;?" in seen and "by six folds" not in seen
    assert "by six folds" in folded and "which one" not in folded
    document = json.loads((own_project.run_dir() / "report.json").read_text())
    assert "decide: which one, <b>?" in document["notes"]
    assert "by six folds" in document["details"]


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("is it known (by then)? Ask (0.9 with it)", "is it known (by then)? Ask"),
        ("no signal (p = 0.9)", "no signal"),
        ("no signal", "no signal"),
    ],
)
def test_a_warning_is_the_heading_without_its_figures(
    own_project: Project, text: str, heading: str
) -> None:
    path = own_project.run_dir() / "run.json"
    told = {"check": "x", "level": "warn", "text": text}
    path.write_text(json.dumps({**json.loads(path.read_text()), "warning": told}))
    html = write_report(Project.open(own_project.root), own_project.run_dir()).read_text()
    found = html.partition("<h1>")[2].partition("</h1>")[0]
    assert found == f"{own_project.config.name}: {heading}"


def test_a_target_that_was_missed_is_not_called_reached(own_project: Project) -> None:
    """Training says what the report says."""
    config = own_project.root / "kit.yaml"
    config.write_text(config.read_text().replace("target: 0.9", "target: 1.5"))
    done = CliRunner().invoke(make_app(), ["train", "-C", str(own_project.root)])
    assert "target for image_auroc: 1.5, not reached: " in done.output
    html = (Project.open(own_project.root).run_dir() / "report.html").read_text()
    assert "target 1.5 not reached" in html


def test_a_target_is_not_held_against_another_figure(own_project: Project) -> None:
    """Where the goal cannot be measured, another figure is shown, and the target is not its."""
    config = own_project.root / "kit.yaml"
    text = config.read_text().replace("name: image_auroc", "name: map50")
    config.write_text(text.replace("target: 0.9", "target: 0.05"))
    done = CliRunner().invoke(make_app(), ["train", "-C", str(own_project.root)])
    assert "target for map50: 0.05, nothing here to measure it on" in done.output
    html = (Project.open(own_project.root).run_dir() / "report.html").read_text()
    assert "target 0.05 for map50: nothing here to measure it on" in html


@pytest.mark.parametrize(
    ("goal", "low", "value", "high", "stands"),
    [
        ("auc", 0.71, 0.8, 0.9, "reached"),
        ("auc", 0.6, 0.8, 0.9, "reached, but not beyond chance"),
        ("auc", 0.6, 0.65, 0.9, "not reached"),
        ("ece", 0.0, 0.5, 0.7, "reached"),
        ("ece", 0.0, 0.5, 0.8, "reached, but not beyond chance"),
        ("ece", 0.0, 0.75, 0.8, "not reached"),
    ],
)
def test_a_target_is_reached_from_the_side_that_is_better(
    goal: str, low: float, value: float, high: float, stands: str
) -> None:
    assert standing(goal, 0.7, Estimate(value=value, low=low, high=high, n=9)) == stands


def test_problem_text_is_escaped(own_project: Project) -> None:
    config = own_project.root / "kit.yaml"
    config.write_text(config.read_text().replace("Bright dots", "<script>alert(1)</script>"))
    path = write_report(Project.open(own_project.root), own_project.run_dir())
    assert "<script" not in path.read_text()


def test_no_mistake_in_few_samples_is_no_certainty() -> None:
    costs = Costs(escape=100, overkill=2, review=0.5, prevalence=0.02)
    perfect = [result(i, "defect", "act", 0.9) for i in range(20)]
    perfect += [result(100 + i, "good", "pass", 0.1) for i in range(80)]
    money = figures.money(evaluation(perfect), costs)
    assert money is not None
    assert money.with_model.value == 0
    assert money.with_model.high == pytest.approx(1000 * 0.02 * 100 * 0.1684, rel=0.01)
    assert money.alternative == ("a person inspecting everything", 500.0)


def test_money_needs_both_classes() -> None:
    only_good = [result(i, "good", "pass", 0.1) for i in range(5)]
    assert figures.money(evaluation(only_good), Costs()) is None
    assert figures.cost_curve(evaluation(only_good), Costs()) == ([], [])


def test_where_a_person_gets_the_rest_each_sample_costs_what_it_cost() -> None:
    filed = [result(n, "refund", "act", 0.9) for n in range(8)]
    wrong = [result(8, "delay", "act", 0.95, 15.0)]
    left = [result(9, "delay", "review", 0.2, 2.0)]
    money = figures.money_by_hand(evaluation([*filed, *wrong, *left]), Costs(escape=15, review=2))
    assert money.with_model.value == pytest.approx(1700)
    assert money.alternative == ("a person inspecting everything", 2000.0)
    assert [r.sample_id for r in figures.worst_acts([*filed, *wrong, *left], 5)] == ["s8"]


def test_no_wrong_act_among_few_is_no_certainty_either() -> None:
    filed = [result(n, "refund", "act", 0.9) for n in range(10)]
    money = figures.money_by_hand(evaluation(filed), Costs(escape=15, review=2))
    assert money.with_model.value == 0
    assert money.with_model.high > 1000


def test_one_wrong_act_among_many_may_be_several() -> None:
    filed = [result(n, "refund", "act", 0.9) for n in range(199)]
    wrong = [result(199, "delay", "act", 0.95, 15.0)]
    costs = Costs(escape=15, review=2)
    spent = figures.money_by_hand(evaluation([*filed, *wrong]), costs).with_model
    assert spent.value == pytest.approx(75)
    assert spent.high == pytest.approx(15_000 * proportion(1, 200).high)
    left = [result(n, "delay", "review", 0.2, 2.0) for n in range(50)]
    nothing = figures.money_by_hand(evaluation(left), costs).with_model
    assert (nothing.low, nothing.high) == (2000, 2000), "a person looks at all: that is certain"


def test_cost_curve_ends_at_acting_on_all_and_on_nothing() -> None:
    costs = Costs(escape=100, overkill=2, review=0.5, prevalence=0.1)
    both = [result(0, "defect", "act", 0.8), result(1, "good", "pass", 0.2)]
    _, ys = figures.cost_curve(evaluation(both), costs)
    assert ys == [1000 * 0.9 * 2, 0.0, 1000 * 0.1 * 100]


def test_worst_mistakes_put_the_expensive_first() -> None:
    results = [
        result(0, "good", "act", 0.9, 2.0),
        result(1, "defect", "pass", 0.3, 100.0),
        result(2, "defect", "pass", 0.1, 100.0),
        result(3, "defect", "act", 0.9),
    ]
    assert [r.sample_id for r in figures.worst_mistakes(results, 2)] == ["s2", "s1"]


def test_plots_are_well_formed_and_escape_words() -> None:
    from xml.etree import ElementTree

    mark = plots.Mark(0.5, "a < b & c", "act")
    for svg in (
        plots.line_plot([0, 1], [0, 5], x_label="x<y", y_label="EUR", marks=[mark]),
        plots.histogram([0.1, 0.1], [0.9], names=("<g>", "d"), x_label="score", marks=[mark]),
        plots.line_plot([0.5], [0.0], x_label="x", y_label="y"),
    ):
        assert ElementTree.fromstring(svg).tag == "svg"


def test_figures_stand_to_the_right_and_a_sentence_that_begins_with_one_does_not(
    own_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "100% of its 6,621 dates lie after the moment of the decision"
    table = (("Column", "Strength", "Evidence"), ("closed", "0.95 [0.94, 0.96]", said))
    monkeypatch.setattr(
        "kits.toolchain.report.build._kit_plots", lambda _: [Plot("Court", table=table)]
    )
    run = own_project.run_dir()
    html = write_report(own_project, run).read_text()
    assert '<td class="n">0.95 [0.94, 0.96]</td>' in html
    assert f'<td class="">{said}</td>' in html
    assert '<th class="n">Strength</th><th>Evidence</th>' in html


def test_report_of_an_unfinished_run_is_refused(own_project: Project, tmp_path: Path) -> None:
    from kits.core.errors import DataError

    run_dir = own_project.run_dir()
    (run_dir / "evaluation.json").unlink()
    with pytest.raises(DataError, match="not evaluated"):
        write_report(own_project, run_dir)
