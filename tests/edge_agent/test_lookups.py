"""Records from the firm's own systems: asked over HTTP, typed, and none where anything is wrong."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from pydantic import JsonValue, ValidationError

from edge_agent.lookups.config import LookupConfig
from edge_agent.lookups.http import ALERT, HttpLookups
from kits.core.correspondence import Lookup, Record
from kits.core.errors import ConfigError
from kits.support_triage._simulated.order_api import SECRET, Fault, OrderApi
from kits.support_triage._simulated.shop import Shop, make_shop

FIELDS: dict[str, JsonValue] = {
    "number": {"path": "number"},
    "customer_email": {"path": "customer.email", "type": "email"},
    "ordered_on": {"path": "ordered_on", "type": "date"},
    "expected_on": {"path": "expected_on", "type": "date"},
    "total": {"path": "total.amount", "type": "amount", "currency": "total.currency"},
    "first_item": {"path": "items.0.name"},
}


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def shop() -> Shop:
    return make_shop(np.random.default_rng(0), customers=20)


@pytest.fixture
def api(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[OrderApi]:
    monkeypatch.setenv("ORDER_SECRET", SECRET)
    with OrderApi(shop.orders) as server:
        yield server


class Bench:
    """Lookups with the alerts they raised and a clock that a test sets."""

    def __init__(self, url: str, **more: object) -> None:
        self.alerts: list[tuple[str, str]] = []
        self.clock = Clock()
        config = LookupConfig.model_validate(
            {"kind": "order", "url": url, "secret_env": "ORDER_SECRET", "fields": FIELDS, **more}
        )
        self.lookups = HttpLookups([config], self._heard, self.clock)

    def _heard(self, name: str, severity: str, text: str) -> None:
        assert name == ALERT
        self.alerts.append((severity, text))

    def fetch(self, *keys: str) -> Sequence[Record]:
        return self.lookups.fetch([Lookup("order", key) for key in keys])


def _bench(api: OrderApi, **more: object) -> Bench:
    return Bench(f"{api.url}/orders/{{key}}", **more)


def test_a_record_comes_typed(shop: Shop, api: OrderApi) -> None:
    order = next(order for order in shop.orders if order.expected_on)
    assert order.expected_on is not None
    (record,) = _bench(api).fetch(f"LL-{order.number}")
    assert record.fields == {
        "number": order.number,
        "customer_email": order.customer.email,
        "ordered_on": order.ordered_on.isoformat(),
        "expected_on": order.expected_on.isoformat(),
        "total": f"{order.total:.2f} EUR",
        "first_item": order.items[0].name,
    }


def test_records_come_in_the_order_they_were_asked_for(shop: Shop, api: OrderApi) -> None:
    one, two = shop.orders[:2]
    bench = _bench(api)
    found = bench.fetch(two.number, "1", one.number)
    assert [record.fields.get("number") for record in found] == [two.number, None, one.number]
    assert bench.alerts == []
    assert bench.lookups.fetch([Lookup("invoice", "7")]) == (Record(Lookup("invoice", "7")),)


@pytest.mark.parametrize(
    "key",
    [
        "../admin",
        "1/../../admin",
        "48000?all=1",
        "48000\r\nX: y",
        "4" * 60,
        "",
        "\u0664\u0668",
        "a..b",
        "%2e%2e",
    ],
)
def test_keys_that_might_be_another_address_are_not_asked(api: OrderApi, key: str) -> None:
    assert _bench(api).fetch(key)[0].fields == {}
    assert api.behaviour.asked == []


def test_what_is_in_a_key_stays_in_its_place(api: OrderApi) -> None:
    _bench(api).fetch("R 2026/48#1")
    assert api.behaviour.asked == ["/orders/R%202026%2F48%231"]


@pytest.mark.parametrize("fault", ["error", "redirect", "endless", "garbage", "drop", "slow"])
def test_whatever_goes_wrong_there_is_no_record_and_it_is_told_once(
    shop: Shop, api: OrderApi, fault: Fault
) -> None:
    bench = _bench(api, **({"timeout_s": 1} if fault == "slow" else {}))
    api.behaviour.fault = fault
    numbers = [order.number for order in shop.orders[:2]]
    assert [record.fields for record in bench.fetch(*numbers)] == [{}, {}]
    assert [severity for severity, _ in bench.alerts] == ["warning"]
    assert SECRET not in bench.alerts[0][1]
    assert not any("elsewhere" in path for path in api.behaviour.asked)
    api.behaviour.fault = ""
    assert bench.fetch(numbers[0])[0].fields["number"] == numbers[0]
    assert [severity for severity, _ in bench.alerts] == ["warning", "info"]


def test_a_wrong_secret_is_a_failure(
    shop: Shop, api: OrderApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDER_SECRET", "wrong")
    bench = _bench(api)
    assert bench.fetch(shop.orders[0].number)[0].fields == {}
    assert "401" in bench.alerts[0][1]


def test_a_secret_that_is_not_set_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORDER_SECRET", raising=False)
    with pytest.raises(ConfigError, match="ORDER_SECRET"):
        Bench("http://127.0.0.1:9/{key}")


def test_an_answer_is_used_again_for_a_while(shop: Shop, api: OrderApi) -> None:
    bench = _bench(api, cache_s=60)
    number = shop.orders[0].number
    first = bench.fetch(number, number, "1", "1")
    assert len(api.behaviour.asked) == 2
    bench.clock.now += 61
    assert bench.fetch(number)[0] == first[0]
    assert len(api.behaviour.asked) == 3


def test_after_three_failures_there_is_a_pause(shop: Shop, api: OrderApi) -> None:
    bench = _bench(api, pause_s=30)
    api.behaviour.fault = "error"
    numbers = [order.number for order in shop.orders[:6]]
    bench.fetch(*numbers)
    assert len(api.behaviour.asked) == 3
    api.behaviour.fault = ""
    bench.clock.now += 31
    assert bench.fetch(numbers[5])[0].fields["number"] == numbers[5]


def test_a_ban_is_respected(shop: Shop, api: OrderApi) -> None:
    api.behaviour.allowed, api.behaviour.retry_after_s = 1, 120
    bench = _bench(api)
    numbers = [order.number for order in shop.orders[:5]]
    bench.fetch(*numbers)
    assert len(api.behaviour.asked) == 2
    api.behaviour.allowed = None
    bench.clock.now += 119
    assert bench.fetch(numbers[2])[0].fields == {}
    bench.clock.now += 2
    assert bench.fetch(numbers[2])[0].fields["number"] == numbers[2]


def test_the_budget_holds(shop: Shop, api: OrderApi) -> None:
    bench = _bench(api, per_minute=2)
    numbers = [order.number for order in shop.orders[:4]]
    bench.fetch(*numbers)
    assert len(api.behaviour.asked) == 2
    bench.clock.now += 61
    bench.fetch(numbers[3])
    assert len(api.behaviour.asked) == 3


def test_fields_of_another_type_count_as_absent(shop: Shop, api: OrderApi) -> None:
    fields = {
        "number": {"path": "number", "type": "whole"},
        "customer_email": {"path": "state", "type": "email"},
        "total": {"path": "total.amount", "type": "amount", "currency": "total.nothing"},
        "items": {"path": "items"},
        "first": {"path": "items.99.name"},
        "shipped_on": {"path": "carrier", "type": "date"},
        "sum": {"path": "total.amount", "type": "amount", "currency": "CHF"},
    }
    bench = _bench(api, fields=fields)
    order = shop.orders[0]
    assert bench.fetch(order.number)[0].fields == {"sum": f"{order.total:.2f} CHF"}
    assert bench.lookups.counts["unfit"] == 5


def test_a_peer_that_drips_headers_does_not_hold_up_the_mailbox() -> None:
    """Each byte comes in time; the whole answer never does."""
    ended = threading.Event()

    def drip(listener: socket.socket) -> None:
        peer, _ = listener.accept()
        with peer:
            peer.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            try:
                while not ended.wait(0.02):
                    peer.sendall(b"a")
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/{{key}}"
        bench = Bench(url, secret_env="", timeout_s=0.5)
        assert bench.fetch("48214")[0].fields == {}  # and not never
        ended.set()
        thread.join(5)
    assert bench.alerts[0][0] == "warning"


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/{key}",
        "https://shop.example/orders",
        "https://{key}.shop.example/",
        "ftp://shop.example/{key}",
        "https://shop.example/{key}/{key}",
    ],
)
def test_addresses_that_would_leak_or_not_work_are_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        LookupConfig.model_validate({"kind": "order", "url": url, "fields": FIELDS})


def test_headers_are_one_line() -> None:
    with pytest.raises(ValidationError):
        LookupConfig.model_validate(
            {
                "kind": "order",
                "url": "https://a.example/{key}",
                "fields": FIELDS,
                "headers": {"X": "a\r\nB: c"},
            }
        )
