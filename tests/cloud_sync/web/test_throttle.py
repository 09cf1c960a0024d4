"""Guessing of passwords: slowed down, also when it comes all at once or from many networks; nobody is shut out by it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.errors import BusyError, UnauthenticatedError
from cloud_sync.hub import Hub
from cloud_sync.store.models import AuditLog
from cloud_sync.web import auth
from cloud_sync.web import throttle as throttling
from cloud_sync.web.throttle import LoginThrottle, network_of
from tests.cloud_sync.hub_builders import PASSWORD, add_person, open_hub
from tests.waiting import wait_for

WRONG = "not the password"


class FakeClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with open_hub(tmp_path) as (_, opened):
        yield opened


def try_once(
    hub: Hub, throttle: LoginThrottle, login: str, address: str, password: str = WRONG
) -> str:
    """What became of it."""
    try:
        return auth.login(hub, throttle, login, password, address=address).identity.login
    except (UnauthenticatedError, BusyError) as error:
        return error.what


def notes(hub: Hub) -> list[AuditLog]:
    with hub.database.session() as session:
        return list(session.scalars(select(AuditLog).where(AuditLog.what == "login.failed")))


def test_guessing_is_slowed_down_and_forgotten(hub: Hub) -> None:
    clock = FakeClock()
    throttle = LoginThrottle(clock=clock)
    add_person(hub, "ada", "viewer", PASSWORD)
    for _ in range(5):
        with pytest.raises(UnauthenticatedError, match="wrong"):
            auth.login(hub, throttle, "ada", "not the password", address="10.0.0.9")
    with pytest.raises(UnauthenticatedError, match="too many"):
        auth.login(hub, throttle, "ada", PASSWORD, address="10.0.0.9")
    assert auth.login(hub, throttle, "ada", PASSWORD, address="10.0.0.1").secret
    clock.now += 2
    assert auth.login(hub, throttle, "ada", PASSWORD, address="10.0.0.9").secret
    with hub.database.session() as session:
        failed = session.scalars(select(AuditLog).where(AuditLog.what == "login.failed")).all()
        assert len(failed) == 5


def test_throttle_waits_double_and_have_a_ceiling() -> None:
    clock = FakeClock()
    throttle = LoginThrottle(clock=clock, max_wait_s=60)
    waits = []
    for _ in range(14):
        assert throttle.begin("ada", "a") == 0
        waits.append(throttle.wait_s("ada", "a"))
        clock.now += waits[-1]
    assert waits[:8] == [0, 0, 0, 0, 1, 2, 4, 8]
    assert max(waits) == 60


def test_one_address_cannot_try_many_logins_for_ever() -> None:
    throttle = LoginThrottle(clock=FakeClock())
    for number in range(60):
        throttle.begin(f"person{number}", "10.0.0.9")
    assert throttle.wait_s("somebody-new", "10.0.0.9") > 0
    assert throttle.wait_s("somebody-new", "10.0.0.1") == 0


def test_throttle_memory_is_bounded() -> None:
    throttle = LoginThrottle(clock=FakeClock(), capacity=10)
    for number in range(100):
        throttle.begin(f"p{number}", f"a{number}")
    assert len(throttle._failures) == 10


def test_guesses_that_come_together_are_not_all_verified(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_person(hub, "ada", "viewer", PASSWORD)
    monkeypatch.setattr(throttling, "WAITING", 60)
    throttle, start = LoginThrottle(clock=FakeClock()), threading.Barrier(60)
    verified: list[str] = []

    def verify(_stored: str | None, password: str) -> bool:
        verified.append(password)
        return False

    def guess(number: int) -> str:
        start.wait(20)
        return try_once(hub, throttle, "ada", "10.0.0.9", f"guess {number}")

    monkeypatch.setattr(auth, "verify_password", verify)
    with ThreadPoolExecutor(60) as pool:
        told = list(pool.map(guess, range(60)))
    assert len(verified) == 5
    assert told.count("too many attempts") == 55


def test_few_passwords_are_verified_at_once_and_few_wait_for_it(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    throttle, go = LoginThrottle(clock=FakeClock()), threading.Event()
    lock, now, most = threading.Lock(), [0], [0]

    def verify(_stored: str | None, _password: str) -> bool:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        go.wait(20)
        with lock:
            now[0] -= 1
        return False

    monkeypatch.setattr(auth, "verify_password", verify)
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(try_once, hub, throttle, f"p{n}", f"10.0.0.{n}") for n in range(20)]
        wait_for(lambda: sum(one.done() for one in waiting) >= 20 - throttling.WAITING)
        go.set()
        told = [one.result() for one in waiting]
    assert most[0] <= throttling.VERIFIED_AT_ONCE
    assert told.count("too many sign in at once") == 20 - throttling.WAITING
    # who was sent away has not used up a try
    busy = told.index("too many sign in at once")
    assert throttle._failures[f"p{busy}", f"10.0.0.{busy}"].count == 0


def test_strangers_everywhere_do_not_shut_out_who_signed_in_from_here_before(hub: Hub) -> None:
    add_person(hub, "ada", "viewer", PASSWORD)
    assert try_once(hub, LoginThrottle(), "ada", "10.0.0.1", PASSWORD) == "ada"
    # one that knows of it by the audit log alone, as after a restart, and one that saw it
    fresh, saw = LoginThrottle(clock=FakeClock()), LoginThrottle(clock=FakeClock())
    assert try_once(hub, saw, "ada", "10.0.0.1", PASSWORD) == "ada"
    for throttle in (fresh, saw):
        for number in range(50):
            throttle.begin("ada", f"10.1.0.{number}")
        assert try_once(hub, throttle, "ada", "10.2.0.1", PASSWORD) == "too many attempts"
        assert try_once(hub, throttle, "ada", "10.0.0.1", PASSWORD) == "ada"
        for _ in range(5):
            assert try_once(hub, throttle, "ada", "10.0.0.1") == "login or password is wrong"
        assert try_once(hub, throttle, "ada", "10.0.0.1", PASSWORD) == "too many attempts"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.0.0.9", "10.0.0.9"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("::ffff:10.0.0.9", "10.0.0.9"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_one_stranger_has_one_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_addresses_of_one_network_share_their_tries() -> None:
    throttle = LoginThrottle(clock=FakeClock())
    waits = [throttle.begin("ada", f"2001:db8::{number}") for number in range(6)]
    assert waits[:5] == [0] * 5 and waits[5] > 0
    assert throttle.begin("ada", "2001:db8:0:1::1") == 0


def test_a_fault_of_the_hub_is_no_failed_try(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_stored: str | None, _password: str) -> bool:
        raise MemoryError

    throttle = LoginThrottle(clock=FakeClock())
    monkeypatch.setattr(auth, "verify_password", broken)
    for _ in range(10):
        with pytest.raises(MemoryError):
            auth.login(hub, throttle, "ada", WRONG, address="10.0.0.9")


def test_failures_are_written_down_so_many_an_hour_and_the_rest_is_counted(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_person(hub, "ada", "viewer", PASSWORD)
    monkeypatch.setattr(auth, "verify_password", lambda _stored, _password: False)
    clock = FakeClock()
    throttle = LoginThrottle(clock=clock)
    for number in range(throttling.NOTED_PER_HOUR + 30):
        try_once(hub, throttle, f"nobody{number}", f"10.0.{number}.1")
    assert len(notes(hub)) == throttling.NOTED_PER_HOUR
    try_once(hub, throttle, "ada", "10.0.0.9")
    assert notes(hub)[-1].who == "ada"
    clock.now += 3600
    try_once(hub, throttle, "nobody", "10.0.0.9")
    assert notes(hub)[-1].details == {"address": "10.0.0.9", "left_out": 30}
    wrong = hub.metrics.logins.labels("wrong")._value.get()
    assert wrong == throttling.NOTED_PER_HOUR + 32
