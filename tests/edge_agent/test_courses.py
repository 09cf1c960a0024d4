"""How a figure came to be what it is: its course over days, what is said of it, and what a restart leaves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from edge_agent.alarms.courses import Course, Courses, figures_of
from kits.core.events import CaseBody
from kits.core.prediction import Prediction, Quantity, Reason
from kits.predictive_maintenance._device.physics import PhysicsSpec, assess
from kits.predictive_maintenance._learning.physics import physics_of
from kits.predictive_maintenance._simulated.machines import bearing_capture, make_motor
from kits.predictive_maintenance.config import Config
from tests.edge_agent.test_watching import Bench

DAY_S = 86_400.0


def course(
    days: float, daily: dict[float, float], *, usual: float = 1.0, hour: float = 1.0
) -> Course:
    """A value an hour: `usual` with a little scatter, and what it rises to from a day on, growing until the end."""
    rng = np.random.default_rng(0)
    made = Course(start_s=0.0)
    for at_h in np.arange(0.0, 24 * days, hour):
        value = usual * rng.normal(1, 0.02)
        for begin, end_value in daily.items():
            if at_h >= 24 * begin:
                value += (end_value - usual) * (at_h / 24 - begin) / (days - begin)
        made.add(3600 * float(at_h), float(value))
    return made


def test_a_growth_over_days_is_told_with_its_factor_and_time() -> None:
    said = course(40, {30: 6.0}).words(40 * DAY_S, 6.0)
    way, times, _, _, count, unit = said.split()
    assert (way, times, unit) == ("up", "6", "days")
    assert 6 <= int(count) <= 9, "a quarter of the way was reached after two and a half days"


def test_what_falls_is_told_too() -> None:
    assert course(20, {15: 0.2}).words(20 * DAY_S, 0.2).startswith("down to 0.2 × in ")


def test_what_came_at_once_is_not_said_to_have_grown_for_days() -> None:
    said = course(10, {}).words(10 * DAY_S, 6.0)
    assert said.startswith("up 6 × in")
    assert said.split()[-1] in ("h", "min")


@pytest.mark.parametrize("value", [1.03, 0.97, 1.15, 0.0, -3.0])
def test_a_value_within_its_scatter_or_without_a_ratio_says_nothing(value: float) -> None:
    assert course(10, {}).words(10 * DAY_S, value) == ""


def test_of_a_new_figure_nobody_knows_how_it_was() -> None:
    made = Course(start_s=0.0)
    made.add(0.0, 1.0)
    made.add(30.0, 1.0)
    assert made.words(60.0, 9.0) == ""


def test_a_year_takes_no_more_room_than_an_hour() -> None:
    made = Course(start_s=0.0)
    for hour in range(0, 24 * 365, 3):
        made.add(3600.0 * hour, 2.0)
    assert len(made.sums) <= 32
    assert made.sums[0] / made.counts[0] == pytest.approx(2.0)


@pytest.mark.parametrize("first_s", [0.0, 4e9])
def test_a_clock_that_was_wrong_by_years_spoils_no_course(first_s: float) -> None:
    """A device without a battery begins in 1970, or in 2096, until it is told the time."""
    made = Course(start_s=first_s)
    made.add(first_s, 1.0)
    now_s = 1.8e9
    for hour in range(240):
        made.add(now_s + 3600.0 * hour, 1.0 + 0.001 * (hour % 3))
    assert made.width_s <= DAY_S
    assert made.words(now_s + 10 * DAY_S, 3.0).startswith("up 3 × in ")


def test_of_many_figures_those_told_last_stay() -> None:
    courses = Courses(None, max_assets=2)
    for number in range(50):
        courses.add("a", 60.0 * number, {"always": 1.0, f"once-{number}": 1.0})
    for asset in ("b", "c"):
        courses.add(asset, 0.0, {"x": 1.0})
    assert len(courses._assets["a"]) == 12
    assert "always" in courses._assets["a"]
    assert set(courses._assets) == {"a", "b"}


def test_courses_go_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "courses.json"
    before = Courses(path, 10)
    for hour in range(200):
        before.add("a", 3600.0 * hour, {"x": 1.0 + 0.001 * (hour % 3)})
    before.keep()
    assert Courses(path, 10).words("a", 3600.0 * 200, "x", 5.0) == before.words(
        "a", 3600.0 * 200, "x", 5.0
    )
    damaged = '{"assets": {"a": {"x": {"start_s": 0, "sums": [1, 2, 3], "counts": [1]}}}}'
    for content in ("{", damaged):
        path.write_text(content)
        anew = Courses(path, 10)
        anew.add("a", 100.0, {"x": 1.0})
        assert anew.words("a", 3600.0 * 200, "x", 5.0) == ""


def test_they_are_written_down_once_an_hour(tmp_path: Path) -> None:
    courses = Courses(tmp_path / "courses.json", 10)
    courses.add("a", 0.0, {"x": 1.0})
    courses.settle()
    assert not (tmp_path / "courses.json").exists()
    courses._kept_mono -= 3600
    courses.settle()
    assert (tmp_path / "courses.json").is_file()


def test_a_disk_that_takes_nothing_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "courses.json"
    (tmp_path / "gone").write_text("a file where a folder should be")
    courses = Courses(path, 10)
    courses.add("a", 0.0, {"x": 1.0})
    courses.keep()


def test_figures_are_what_is_a_number_and_has_a_name() -> None:
    reasons = (
        Reason("a", 1.0, "x", 2.5), Reason("b", 1.0, "", 3.0), Reason("c", 1.0, "y", "text"),
        Reason("d", 1.0, "z", float("nan")), Reason("e", 1.0, "t", True),
    )  # fmt: skip
    prediction = Prediction(1.0, reasons=reasons, quantities=(Quantity("q", 7.0, "mm/s"),))
    assert figures_of(prediction) == {"x": 2.5, "q": 7.0}


def test_a_case_says_since_when_its_figure_has_grown(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for hour in range(240):
        level = 1.0 if hour < 96 else 1.0 + 10 * (hour - 96) / 144
        bench.show(3600.0 * hour, level)
    for second in range(0, 60, 5):
        bench.show(3600.0 * 240 + second, 11.5)
    bench.end()
    cases = [entry.body for entry in bench.rows if isinstance(entry.body, CaseBody)]
    opened = next(case for case in cases if case.transition == "opened")
    assert "the level is" in opened.reason
    assert " × in " in opened.reason
    assert opened.reason.endswith(("days", "h"))


def test_lines_of_a_bearing_that_wears_are_followed_from_the_start() -> None:
    """Ten captures a day: three weeks sound, then an outer race that wears for nine days."""
    spec: PhysicsSpec = physics_of(Config(bearings=("6205",), speed_rpm=1480))
    courses = Courses(None, 1)
    rng = np.random.default_rng(1)
    motor = make_motor(rng, "m")
    sound = [assess(bearing_capture(rng, motor, seconds=1.5), spec) for _ in range(6)]
    for capture in range(84):
        said = sound[capture % 6]
        figures = figures_of(Prediction(0.0, quantities=said.quantities))
        courses.add("m", timedelta(hours=6 * capture).total_seconds(), figures)
    for capture in range(36):
        worn = bearing_capture(
            rng, motor, seconds=1.5, fault="outer", severity=0.1 + 0.9 * capture / 36
        )
        said = assess(worn, spec)
        at_s = timedelta(days=21, hours=6 * capture).total_seconds()
        courses.add("m", at_s, figures_of(Prediction(0.0, quantities=said.quantities)))
    lead = said.reasons[0]
    assert lead.field.endswith("outer lines")
    assert isinstance(lead.value, float)
    words = courses.words("m", at_s, lead.field, lead.value)
    assert words.startswith("up ")
    assert words.endswith(" days")
    assert 3 <= int(words.split()[-2]) <= 10
