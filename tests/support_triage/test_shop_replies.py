"""The made-up shop answers its mail: help pages, templates, a real order API, a model that may lie."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_agent.lookups.config import LookupConfig
from edge_agent.lookups.http import HttpLookups
from edge_agent.writers.config import WriterConfig
from edge_agent.writers.openai import OpenAiWriter
from kits.core.prediction import Draft, Prediction
from kits.support_triage import demo
from kits.support_triage._drafting.drafter import Drafter
from kits.support_triage._drafting.knowledge import build_knowledge
from kits.support_triage._drafting.templates import load_templates
from kits.support_triage._mail.reading import Reading, read_mail
from kits.support_triage._simulated.mails import INTENTS, ShopMail, write_mails
from kits.support_triage._simulated.order_api import SECRET, OrderApi
from kits.support_triage._simulated.shop import Order, Shop, make_shop
from kits.support_triage._simulated.writer_api import WriterApi

SHIPPED = Path(demo.__file__).parent / "_simulated"
"""Where the help pages and templates lie that `generate` copies."""
_FIELDS = {
    "number": {"path": "number"},
    "customer_email": {"path": "customer.email", "type": "email"},
    "invoice": {"path": "invoice"},
    "tracking": {"path": "tracking"},
    "total": {"path": "total.amount", "type": "amount", "currency": "total.currency"},
    **{
        name: {"path": name, "type": "date"}
        for name in ("ordered_on", "shipped_on", "expected_on", "delivered_on", "refunded_on")
    },
}


@pytest.fixture(scope="module")
def shop() -> Shop:
    return make_shop(np.random.default_rng(0))


@pytest.fixture
def api(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[OrderApi]:
    monkeypatch.setenv("ORDER_SECRET", SECRET)
    with OrderApi(shop.orders) as server:
        yield server


@pytest.fixture(scope="module")
def make() -> Drafter:
    def redact(mail: Reading) -> str:
        return mail.text

    return Drafter(
        build_knowledge(SHIPPED / "knowledge"), load_templates(SHIPPED / "templates"), redact=redact
    )


def _lookups(api: OrderApi) -> HttpLookups:
    config = LookupConfig.model_validate(
        {
            "kind": "order",
            "url": f"{api.url}/orders/{{key}}",
            "secret_env": "ORDER_SECRET",
            "fields": _FIELDS,
            "per_minute": 1_000,
        }
    )
    return HttpLookups([config], lambda name, severity, text: None)


def _asking(
    shop: Shop, label: str, state: str = "", kind: str = "person"
) -> tuple[ShopMail, Order]:
    orders = {order.number: order for order in shop.orders}
    strangers = 1.0 if kind == "stranger" else 0.0
    for mail in write_mails(3, shop, 3_000, languages=("en",), strangers=strangers):
        order = orders.get(mail.order)
        if mail.label == label and mail.kind == kind and order and state in ("", order.state):
            return mail, order
    raise AssertionError("the shop has no such mail")


def _reply(make: Drafter, api: OrderApi, mail: ShopMail, written: str = "") -> Draft:
    reading = read_mail(mail.content)
    said = Prediction(score=0.9, label=mail.label, spans=mail.spans)
    draft = make.draft(reading, said, _lookups(api).fetch(make.lookups(reading, said)), written)
    assert draft is not None
    return draft


def test_the_customer_reads_where_the_order_is(shop: Shop, make: Drafter, api: OrderApi) -> None:
    mail, order = _asking(shop, "where_is_my_order", "shipped")
    draft = _reply(make, api, mail)
    assert order.tracking in draft.body
    assert f"Your order {order.number} was sent on" in draft.body
    assert "Delivery takes 2 to 5 working days within the European Union." in draft.body
    assert f"record:order {order.number}" in " ".join(draft.citations)


def test_a_stranger_reads_nothing_of_it(shop: Shop, make: Drafter, api: OrderApi) -> None:
    mail, order = _asking(shop, "where_is_my_order", kind="stranger")
    draft = _reply(make, api, mail)
    assert order.number not in draft.body
    assert "record" not in " ".join(draft.citations)
    assert any("belongs to another address" in cut for cut in draft.cut)


def test_an_api_that_mixes_up_orders_reveals_none(shop: Shop, make: Drafter, api: OrderApi) -> None:
    mail, order = _asking(shop, "where_is_my_order", "shipped")
    api.behaviour.fault = "wrong-order"
    draft = _reply(make, api, mail)
    assert "record" not in " ".join(draft.citations)
    assert order.number not in draft.body


def test_without_the_api_the_pages_answer(shop: Shop, make: Drafter, api: OrderApi) -> None:
    mail, _ = _asking(shop, "where_is_my_order", "shipped")
    api.behaviour.fault = "error"
    draft = _reply(make, api, mail)
    assert "Delivery takes 2 to 5 working days" in draft.body
    assert "Please send us your order number." in draft.body


def test_a_lying_model_brings_nothing_into_the_reply(
    shop: Shop, make: Drafter, api: OrderApi
) -> None:
    mail, _ = _asking(shop, "where_is_my_order", "shipped")
    honest = _reply(make, api, mail)
    with WriterApi("lying") as model:
        config = WriterConfig.model_validate({"url": model.url, "model": "none"})
        writer = OpenAiWriter(config, lambda name, severity, text: None)
        brief = make.brief(
            read_mail(mail.content), Prediction(score=0.9, label=mail.label, spans=mail.spans)
        )
        assert brief is not None
        lied = _reply(make, api, mail, writer.write(brief))
    assert lied.body.count("We will refund") == 0
    assert set(lied.citations) <= {*honest.citations, *(p.source for p in brief.passages)}
    assert any("promises" in cut for cut in lied.cut)


def test_the_templates_of_the_shop_are_known_to_it() -> None:
    firm = load_templates(SHIPPED / "templates").firm
    assert {*firm.needs, *firm.facts, *firm.pinned} <= set(INTENTS)
    sources = {p.source for p in build_knowledge(SHIPPED / "knowledge").passages}
    named = [source for sources_ in firm.pinned.values() for source in sources_]
    assert all(any(source.endswith(name) for source in sources) for name in named)
