"""From scores to alarms, cases, found failures and money: what a person can count by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kits.core.alarm import AlarmRule
from kits.core.errors import DataError, UsageError
from kits.core.kit import NoProgress
from kits.core.operating_point import Band, Costs, OperatingPoint
from kits.core.prediction import Prediction, Reason
from kits.core.replay import Dial, KnownFailure, Replay, Track
from kits.toolchain.replaying import machine_page, machine_text
from kits.toolchain.replaying.courses import course_of
from kits.toolchain.replaying.failures import refuse_unreadable
from kits.toolchain.replaying.figures import Terms
from kits.toolchain.replaying.machines import Replayed, ReplayOptions, replay_machines
from kits.toolchain.replaying.text import Heading

HOUR = 3600.0
DAY = 24 * HOUR
START = 1_767_225_600.0  # 2026-01-01
BAND = Band(act_at=2.0, review_from=1.0)
ALL = ReplayOptions()
COSTS = Costs(escape=1000, overkill=50, review=5)


def track(
    days: float,
    high: Sequence[tuple[float, float]] = (),
    failures: Sequence[KnownFailure] = (),
    *,
    warm: Sequence[tuple[float, float]] = (),
    asset: str = "press-1",
) -> Track:
    """One score an hour: 0, 1.5 in the days of `warm`, 3 in those of `high`."""
    at_s = START + HOUR * np.arange(round(24 * days))
    score = np.zeros(len(at_s))
    for level, stretches in ((1.5, warm), (3.0, high)):
        for first, last in stretches:
            score[(at_s >= START + first * DAY) & (at_s < START + last * DAY)] = level
    none = np.zeros(len(at_s), np.bool_)
    said = Prediction(3.0, "outer", reasons=(Reason("it hums <loudly>"),))
    return Track(asset, at_s, score, none.copy(), none.copy(), lambda _row: said, tuple(failures))


def failure(day: float, what: str = "bearing", asset: str = "press-1") -> KnownFailure:
    return KnownFailure(asset, START + day * DAY, what)


def replayed(*tracks: Track, options: ReplayOptions = ALL, timed: bool = True) -> Replayed:
    dials = (Dial(1.0, BAND), Dial(10.0, Band(act_at=1.0, review_from=0.5)))
    found = Replay(tracks, timed=timed, dial="false_alarms_per_month", dials=dials)
    point = OperatingPoint(default=BAND, alarm=AlarmRule(), method="test", dataset="d", seed=0)
    terms = Terms(COSTS, 0.0, 0.0, COSTS.overkill, "s", 0)
    return replay_machines(found, point, terms, options, NoProgress())


def test_alarm_before_a_failure_is_its_warning_and_one_long_before_is_false() -> None:
    done = replayed(track(60, [(10, 11), (40, 41)], [failure(45)]))
    assert [told.outcome for told in done.cases] == ["false", "bearing"]
    assert done.figures.in_time == 1
    assert done.figures.leads == [5 * DAY]
    assert len(done.figures.false_alarms) == 1


def test_alarm_before_the_failure_before_warned_of_that_one() -> None:
    done = replayed(track(60, [(40, 41)], [failure(42, "seal"), failure(46, "bearing")]))
    assert [(m.failure.what, m.outcome) for m in done.figures.met] == [
        ("seal", "found"),
        ("bearing", "missed"),
    ]


def test_alarm_that_stood_since_long_before_is_no_warning() -> None:
    done = replayed(track(60, [(10, 46)], [failure(45)]))
    assert done.figures.in_time == 0
    assert len(done.figures.false_alarms) == 1


def test_failure_before_which_an_alarm_stood_is_told_and_how_to_count_it() -> None:
    done = replayed(track(60, [(10, 46)], [failure(45)]))
    (told,) = [note for note in done.notes if "stood since before" in note]
    assert told.startswith("1 of the failures not found in time")
    assert "35 d before" in told and "--horizon" in told
    longer = replayed(track(60, [(10, 46)], [failure(45)]), options=ReplayOptions(horizon="40d"))
    assert longer.figures.in_time == 1
    assert not any("stood since before" in note for note in longer.notes)


def test_warning_later_than_the_shortest_useful_lead_is_late() -> None:
    late = replayed(track(60, [(44.9, 46)], [failure(45)]), options=ReplayOptions(needed="8h"))
    assert [m.outcome for m in late.figures.met] == ["late"]
    assert late.figures.money is not None
    assert late.figures.money.gained == 0


def test_alarm_that_comes_again_within_a_day_is_the_same_case() -> None:
    course = course_of(track(10, [(1, 1.2), (1.5, 1.7), (5, 5.2)]), BAND, AlarmRule())
    assert [len(case.alarms) for case in course.cases] == [2, 1]
    first = course.cases[0]
    assert first.closed_s is not None
    assert first.closed_s - (START + 1.7 * DAY) == pytest.approx(DAY, abs=2 * HOUR)


def test_warning_that_becomes_an_alarm_is_told_once() -> None:
    course = course_of(track(10, [(2, 3)], warm=[(1, 4), (6, 7)]), BAND, AlarmRule())
    assert len(course.alarms) == 1
    assert [rise.at_s for rise in course.warnings] == [START + 6 * DAY]


def test_what_nobody_can_judge_warns_and_never_alarms() -> None:
    one = track(10)
    one.doubtful[24:96] = True
    course = course_of(one, BAND, AlarmRule())
    assert len(course.warnings) == 1
    assert not course.alarms


def test_sensor_fault_neither_raises_nor_ends_an_alarm() -> None:
    one = track(10, [(2, 3)])
    one.score[3 * 24 :] = np.nan
    course = course_of(one, BAND, AlarmRule())
    assert course.in_alarm[-1]
    assert len(course.alarms) == 1


def test_money_is_stops_found_less_false_alarms_less_looks() -> None:
    done = replayed(
        track(60, [(10, 11), (40, 41)], [failure(45), failure(58)], warm=[(20, 21), (22, 23)])
    )
    money = done.figures.money
    assert money is not None
    assert (money.gained, money.false_alarms, money.reviews) == (1000 - 50, 50, 10)
    assert money.avoided.value == 950 - 50 - 10
    assert money.nothing == 2000
    assert money.avoided.low <= money.avoided.value <= money.avoided.high


def test_cost_of_a_failure_and_of_a_planned_stop_are_taken_where_they_are_given() -> None:
    dear = KnownFailure("press-1", START + 45 * DAY, "gearbox", cost=8000)
    done = replayed(track(60, [(40, 41)], [dear]), options=ReplayOptions())
    assert done.figures.money is not None
    assert done.figures.money.gained == 8000 - 50


def test_right_alarms_beat_as_many_at_random() -> None:
    tracks = [
        track(120, [(44, 44.5), (99, 99.5)], [failure(45, asset=n), failure(100, asset=n)], asset=n)
        for n in ("a", "b", "c")
    ]
    done = replayed(*tracks, options=ReplayOptions(horizon="3d"))
    money = done.figures.money
    assert money is not None and done.figures.random_recall is not None
    assert done.figures.in_time == 6
    assert done.figures.random_recall < 0.3
    assert money.avoided.value > money.at_random.high


def test_first_line_says_where_chance_avoids_as_much() -> None:
    often = [(day, day + 0.5) for day in range(1, 59, 2)]
    lucky = replayed(track(60, often, [failure(20), failure(40)]))
    assert machine_text.line(lucky).endswith(" EUR, about as much as by chance")
    right = replayed(
        track(300, [(44, 45), (144, 145)], [failure(45), failure(145)]),
        options=ReplayOptions(horizon="2d"),
    )
    assert "chance" not in machine_text.line(right)


def test_without_known_failures_alarms_are_counted_and_not_judged() -> None:
    done = replayed(track(60, [(10, 11)]))
    assert done.figures.money is None
    assert machine_text.line(done).startswith("1 alarm (")
    assert any("--failures" in note for note in done.notes)


def test_period_leaves_out_what_lies_outside_and_no_later_failure_is_missed() -> None:
    options = ReplayOptions(from_date="2026-01-31", to_date="2026-02-12")
    done = replayed(track(60, [(10, 11), (40, 41)], [failure(45)]), options=options)
    assert done.figures.alarms == 1
    assert done.figures.known == ()
    assert done.cases[0].outcome == "bearing"
    assert done.figures.false_alarms == ()


def test_empty_period_says_where_the_data_is() -> None:
    with pytest.raises(DataError, match="nothing was recorded") as caught:
        replayed(track(10), options=ReplayOptions(from_date="2027-01-01"))
    assert "2026-01-01 00:00 to 2026-01-10 23:00" in caught.value.fix


def test_period_of_recordings_without_time_is_refused() -> None:
    with pytest.raises(UsageError, match="do not say when they began"):
        replayed(track(10), options=ReplayOptions(to_date="2027-01-01"), timed=False)


@pytest.mark.parametrize("wrong", ["8 moons", "h", "8hh"])
def test_length_of_time_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="no length of time"):
        replayed(track(10), options=ReplayOptions(needed=wrong))


def listed(tmp_path: Path, content: str) -> ReplayOptions:
    path = tmp_path / "failures.csv"
    path.write_text(content)
    return ReplayOptions(failures=path)


def test_list_of_failures_takes_the_place_of_what_the_data_marks(tmp_path: Path) -> None:
    options = listed(tmp_path, "asset;time;what;cost\npress-1;2026-02-15T12:00;gearbox;7000\n")
    done = replayed(track(60, [(40, 41)], [failure(20)]), options=options)
    assert [(m.failure.what, m.outcome) for m in done.figures.met] == [("gearbox", "found")]
    assert done.figures.money is not None
    assert done.figures.money.nothing == 7000


def test_local_times_of_a_list_are_read_in_the_zone_that_is_given(tmp_path: Path) -> None:
    """Winter and summer, for an alarm that began at 12:00 UTC each time."""
    options = listed(tmp_path, "asset,time\npress-1,2026-02-10T13:30\npress-1,2026-06-10T14:30\n")
    course = track(200, [(40.5, 41), (160.5, 161)])
    done = replayed(course, options=replace(options, zone="Europe/Berlin"))
    assert [m.lead for m in done.figures.met] == [0.5 * HOUR, 0.5 * HOUR]
    assert not any("zone" in note for note in done.notes)
    taken = replayed(course, options=options)
    assert [m.lead for m in taken.figures.met] == [1.5 * HOUR, 2.5 * HOUR]
    assert any(
        "failures.csv name no zone: taken as UTC; --timezone" in note for note in taken.notes
    )


def test_failures_with_a_day_and_no_hour_are_told(tmp_path: Path) -> None:
    options = listed(tmp_path, "asset,time\npress-1,2026-02-10\npress-1,2026-03-10T14:00Z\n")
    done = replayed(track(100, [(40.5, 41)]), options=options)
    assert any(note.startswith("1 failures of failures.csv have a day") for note in done.notes)


def test_zone_that_is_none_is_refused(tmp_path: Path) -> None:
    options = replace(listed(tmp_path, "asset,time\n"), zone="Berlin")
    with pytest.raises(UsageError, match="no time zone 'Berlin'"):
        replayed(track(10), options=options)


def test_what_the_data_marks_is_told_to_fail_at_its_end() -> None:
    marked = KnownFailure("press-1", START + 45 * DAY, "bearing", START + 44 * DAY)
    done = replayed(track(60, [(44.2, 46)], [marked]))
    assert any("stood from the start on, no alarm within it is a warning" in n for n in done.notes)
    assert not any(
        "stood from the start" in n for n in replayed(track(60, [(44, 46)], [failure(45)])).notes
    )


def test_list_as_an_import_takes_it_is_read_too(tmp_path: Path) -> None:
    content = "start,end,machine,fault\n2026-02-15,2026-02-17,press-1,bearing\n"
    done = replayed(track(60, [(40, 41)]), options=listed(tmp_path, content))
    (one,) = done.figures.met
    assert (one.failure.asset, one.failure.what) == ("press-1", "bearing")
    assert one.failure.from_s is None


def test_empty_list_of_failures_makes_every_alarm_false(tmp_path: Path) -> None:
    done = replayed(track(60, [(40, 41)]), options=listed(tmp_path, "asset,time\n"))
    assert len(done.figures.false_alarms) == 1
    assert done.figures.recall is None


@pytest.mark.parametrize(
    ("content", "what", "fix"),
    [
        ("press,time\n", "no column 'asset'", "asset,time,what,cost"),
        ("asset,time,whta\n", "unknown column 'whta'", "did you mean 'what'?"),
        ("asset,time\npress-1,yesterday\n", "'yesterday' is no date", "2025-03-01"),
        ("asset,time,cost\npress-1,2026-02-15,much\n", "'much' is no cost", "12000"),
        (
            "asset,time\npres-1,2026-02-15\n",
            "no failure of these machines",
            "did you mean 'press-1'?",
        ),
    ],
)
def test_wrong_list_of_failures_says_how_to_mend_it(
    tmp_path: Path, content: str, what: str, fix: str
) -> None:
    with pytest.raises(DataError) as caught:
        replayed(track(60), options=listed(tmp_path, content))
    assert what in caught.value.what
    assert fix in caught.value.fix
    assert "failures.csv" in caught.value.where


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("press-1,yesterday,", "'yesterday' is no date"),
        ("press-1,,", "'' is no date"),
        ("press-1,2026-02-15,much", "'much' is no cost"),
    ],
)
def test_a_line_that_is_no_failure_is_refused_before_anything_is_replayed(
    tmp_path: Path, line: str, what: str
) -> None:
    path = listed(tmp_path, f"asset,time,cost\npress-1,2026-02-15,\n{line}\n").failures
    assert path is not None
    with pytest.raises(DataError, match=what) as caught:
        refuse_unreadable(path)
    assert caught.value.where.endswith("line 3")


def test_before_a_replay_a_number_passes_for_a_date_and_a_zone_must_be_one(tmp_path: Path) -> None:
    path = listed(tmp_path, "asset,time\npress-1,40\npress-1,2026-02-15\n").failures
    assert path is not None
    refuse_unreadable(path)
    with pytest.raises(UsageError, match="no time zone"):
        refuse_unreadable(path, "Europe/Berlim")


def test_dial_shows_what_other_levels_would_have_done() -> None:
    done = replayed(
        track(60, [(40, 41)], [failure(45), failure(25)], warm=[(23, 24), (50, 51)]),
        options=ReplayOptions(tune=True),
    )
    now, lower = done.tuned
    assert now.current and not lower.current
    assert (now.figures.in_time, len(now.figures.false_alarms)) == (1, 0)
    assert (lower.figures.in_time, len(lower.figures.false_alarms)) == (2, 1)


def test_json_is_free_of_numbers_that_json_does_not_know() -> None:
    done = replayed(track(60, [(40, 41)], [failure(45)]), options=ReplayOptions(tune=True))
    document = machine_text.document(done, Heading("t", "d", "b", "e", 3, ()))

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)
        else:
            assert not (isinstance(value, float) and not math.isfinite(value))

    walk(document)
    assert set(document) >= {"figures", "cases", "failures", "tuned", "dial", "terms", "levels"}


def test_page_needs_nothing_else_and_escapes_words() -> None:
    done = replayed(track(60, [(40, 41)], [failure(45, "<b>x</b>")]))
    html = machine_page.page(done, Heading("t", "<script>", "b" * 64, "e" * 64, 3, ()))
    assert "it hums &lt;loudly&gt;" in html
    assert "<script" not in html and "<b>x</b>" not in html
    assert "http" not in html.replace("Content-Security-Policy", "").replace("http-equiv", "")
    assert html.count("<svg") == 1
    assert "1 stop planned instead" in html and "0 false alarms," in html
    assert "1 unplanned stop<" in html
