"""How often a CRM is asked: our own share, and what the server says is left."""

from __future__ import annotations

import random

import pytest

from cloud_sync.crm.client.budget import DAILY_PAUSE_S, Budget, ThrottledError


class Clock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waited: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def budget_of(clock: Clock, per_10s: float = 100) -> Budget:
    return Budget(per_10s, where="sales", clock=lambda: clock.now, sleep=clock.sleep)


def test_in_no_ten_seconds_more_than_its_share_and_a_fifth_is_asked(clock: Clock) -> None:
    budget = budget_of(clock)
    rng = random.Random(1)
    asked: list[float] = []
    for _ in range(1500):
        budget.take()
        asked.append(clock.now)
        clock.now += rng.choice([0, 0, 0, 0.01, 3.0]) * rng.random()
    for start in asked:
        assert sum(start <= at < start + 10 for at in asked) <= 121
    assert asked[-1] - asked[0] >= 140 - 20  # and it is not much slower than its share


def test_a_first_burst_waits_for_nothing(clock: Clock) -> None:
    budget = budget_of(clock)
    for _ in range(20):
        budget.take()
    assert clock.waited == []


def test_a_limit_of_a_second_is_kept_where_nothing_goes_at_once(clock: Clock) -> None:
    budget = Budget(25, where="sales", burst=1, clock=lambda: clock.now, sleep=clock.sleep)
    asked: list[float] = []
    for _ in range(40):
        budget.take()
        asked.append(clock.now)
    assert max(sum(start <= at < start + 1 for at in asked) for start in asked) <= 3
    assert asked[-1] - asked[0] == pytest.approx(39 / 2.5)


def test_processes_that_share_a_budget_ask_no_oftener_together(clock: Clock) -> None:
    shares = [1.0]
    budgets = [
        Budget(100, where="sales", share=lambda: shares[-1], clock=lambda: clock.now, sleep=clock.sleep)
        for _ in range(2)
    ]  # fmt: skip
    for _ in range(40):
        budgets[0].take()
    shares.append(0.5)
    asked: list[float] = []
    for number in range(400):
        budgets[number % 2].take()
        asked.append(clock.now)
    for start in asked:
        assert sum(start <= at < start + 10 for at in asked) <= 121
    assert asked[-1] - asked[0] <= 45  # and together they are not much slower than one


def test_one_request_in_an_hour_is_still_one(clock: Clock) -> None:
    budget = budget_of(clock, per_10s=1 / 360)
    budget.take()
    with pytest.raises(ThrottledError) as caught:
        budget.take()
    assert caught.value.after_s == pytest.approx(3600)
    clock.now += 3601
    budget.take()


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"x-hubspot-ratelimit-remaining": "0", "x-hubspot-ratelimit-interval-milliseconds": "10000"}, 10),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2"}, 2),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "4"}, 4),
        ({"x-ratelimit-remaining": "5", "x-ratelimit-reset": "2"}, 0),
        ({"x-ratelimit-remaining": "", "x-ratelimit-reset": "2"}, 0),
        ({"x-ratelimit-remaining": "-1", "x-ratelimit-reset": "nan"}, 0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 400}, 0),
        ({"x-ratelimit-remaining": "٠", "x-ratelimit-reset": "٢"}, 0),
        ({}, 0),
    ],
)  # fmt: skip
def test_what_the_server_says_of_its_window_is_heeded(
    clock: Clock, headers: dict[str, str], wait_s: float
) -> None:
    budget = budget_of(clock)
    budget.heed(headers)
    budget.take()
    assert sum(clock.waited) == pytest.approx(wait_s)


@pytest.mark.parametrize(
    ("headers", "goes_on"),
    [
        ({"sforce-limit-info": "api-usage=14900/15000"}, False),
        ({"sforce-limit-info": "api-usage=100/15000"}, True),
        ({"sforce-limit-info": "api-usage=" + "9" * 5000}, True),
        ({"x-hubspot-ratelimit-daily": "250000", "x-hubspot-ratelimit-daily-remaining": "900"}, False),
        ({"x-daily-ratelimit-token-limit": "100", "x-daily-ratelimit-token-remaining": "50"}, True),
        ({"x-daily-ratelimit-token-limit": "0", "x-daily-ratelimit-token-remaining": "0"}, True),
    ],
)  # fmt: skip
def test_the_last_requests_of_a_day_are_left_to_others(
    clock: Clock, headers: dict[str, str], goes_on: bool
) -> None:
    budget = budget_of(clock)
    budget.heed(headers)
    if goes_on:
        budget.take()
        return
    with pytest.raises(ThrottledError, match="nearly used up") as caught:
        budget.take()
    assert caught.value.after_s == pytest.approx(DAILY_PAUSE_S)
    clock.now += DAILY_PAUSE_S + 1
    budget.take()


def test_a_server_that_asks_for_a_year_is_asked_again_after_an_hour(clock: Clock) -> None:
    budget = budget_of(clock)
    budget.close(365 * 86_400, "be gone")
    with pytest.raises(ThrottledError, match="be gone") as caught:
        budget.take()
    assert caught.value.after_s <= 3600


@pytest.mark.parametrize(
    ("leave", "left", "spare", "used_up"),
    [
        (0.05, 25, True, False), (0.05, 24, False, False), (0.05, 10, False, False), (0.05, 5, False, None),
        (0.05, 4, False, True), (0.5, 74, True, None), (0.5, 75, True, False),
        (0.95, 97, True, None), (0.95, 98, True, False),
        (0.5, 50, True, None), (0.5, 49, False, True), (0, 1, False, False), (0, 0, False, True),
    ],
)  # fmt: skip
def test_what_can_wait_stops_at_a_quarter_of_the_day_and_everything_where_others_have_the_rest(
    clock: Clock, leave: float, left: int, spare: bool, used_up: bool | None
) -> None:
    budget = Budget(100, where="sales", leave=leave, clock=lambda: clock.now, sleep=clock.sleep)
    assert (budget.has_spare(), budget.is_used_up()) == (True, None)
    budget.heed(
        {"x-daily-ratelimit-token-limit": "100", "x-daily-ratelimit-token-remaining": f"{left}"}
    )
    assert (budget.has_spare(), budget.is_used_up()) == (spare, used_up)
    if used_up:
        with pytest.raises(ThrottledError, match="nearly used up"):
            budget.take()
    else:
        budget.take()
    clock.now += DAILY_PAUSE_S
    assert (budget.has_spare(), budget.is_used_up()) == (True, None), "it is asked anew"
    budget.take()


def test_a_day_that_the_crm_itself_says_is_used_up_is_so_whatever_is_left_to_others(
    clock: Clock,
) -> None:
    budget = Budget(100, where="sales", leave=0, clock=lambda: clock.now, sleep=clock.sleep)
    budget.use_up("the calls of the day are used up")
    assert budget.is_used_up() is True
    with pytest.raises(ThrottledError, match="the calls of the day"):
        budget.take()
