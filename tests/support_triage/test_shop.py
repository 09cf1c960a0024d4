"""The made-up web shop: its mails, its data and its order API are what tests and demo rest on."""

from __future__ import annotations

import csv
import email
import filecmp
import json
import mailbox
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from email.policy import default
from pathlib import Path

import numpy as np
import pytest

from kits.support_triage import demo
from kits.support_triage._simulated.mails import INTENTS, OOS, ShopMail, write_mails
from kits.support_triage._simulated.order_api import SECRET, OrderApi
from kits.support_triage._simulated.shop import LANGUAGES, Shop, make_shop
from tests.waiting import PATIENCE_S


@pytest.fixture(scope="module")
def shop() -> Shop:
    return make_shop(np.random.default_rng(0))


@pytest.fixture(scope="module")
def mails(shop: Shop) -> list[ShopMail]:
    return list(write_mails(1, shop, 1_200, machines=0.05, strangers=0.05))


@pytest.mark.slow
def test_mails_differ_and_cover_every_intent_in_every_language(mails: list[ShopMail]) -> None:
    assert len({mail.text for mail in mails}) == 1_200
    seen = Counter((mail.language, mail.label) for mail in mails if mail.kind == "person")
    for language in LANGUAGES:
        assert all(seen[language, intent] >= 3 for intent in (*INTENTS, OOS))
    assert sum(len(mail.intents) == 2 for mail in mails) > 20


def test_spans_lie_where_the_text_says(mails: list[ShopMail]) -> None:
    spans = [(mail, span) for mail in mails for span in mail.spans]
    assert all(mail.text[span.start : span.end] == span.text for mail, span in spans)
    labels = {span.label for _, span in spans}
    assert {"order", "invoice", "customer", "product", "amount", "date"} <= labels


def test_the_bytes_are_mails_that_hold_what_is_said(mails: list[ShopMail]) -> None:
    for mail in mails[:300]:
        message = email.message_from_bytes(mail.content, policy=default)
        plain = message.get_body(("plain",))
        assert plain is not None
        assert message["Subject"] == mail.subject
        assert plain.get_content().replace("\r\n", "\n").startswith(mail.body)


def test_the_same_seed_gives_the_same_bytes(shop: Shop) -> None:
    once, again = (list(write_mails(4, shop, 60, machines=0.2)) for _ in range(2))
    other = list(write_mails(5, shop, 60, machines=0.2))
    assert once == again
    assert once != other


def test_strangers_ask_about_orders_of_others(shop: Shop, mails: list[ShopMail]) -> None:
    owners = {order.number: order.customer.email for order in shop.orders}
    asking = [mail for mail in mails if mail.order]
    assert {mail.kind for mail in asking} == {"person", "stranger"}
    assert all((owners[mail.order] == mail.sender) is (mail.kind == "person") for mail in asking)


@pytest.mark.slow
def test_words_alone_do_not_tell_everything(shop: Shop) -> None:
    """As with real mails a linear model on n-grams is good, and not perfect."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    learn, ask = (
        [mail for mail in write_mails(seed, shop, n, languages=("en",)) if len(mail.intents) == 1]
        for seed, n in ((1, 900), (2, 600))
    )
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = LinearSVC(random_state=0).fit(
        words.fit_transform(mail.text for mail in learn), [mail.label for mail in learn]
    )
    right = model.predict(words.transform(mail.text for mail in ask)) == [m.label for m in ask]
    assert 0.88 <= float(np.mean(right)) <= 0.98


def test_generated_files_agree_with_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "HISTORY_MAILS", 240)
    monkeypatch.setattr(demo, "INBOX_MAILS", 120)
    for name in ("a", "b"):
        demo.generate(tmp_path / name, seed=3)
    folder = tmp_path / "a"
    with (folder / "history" / "mails.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    truth = json.loads((folder / "truth.json").read_text())
    orders = {order["number"] for order in json.loads((folder / "orders.json").read_text())}
    assert (
        len(rows) == demo.HISTORY_MAILS == len(mailbox.mbox(folder / "archive.mbox", create=False))
    )
    assert sorted(truth) == sorted(path.name for path in (folder / "line").iterdir())
    assert {said["order"] for said in truth.values()} - {""} <= orders
    assert {said["kind"] for said in truth.values()} == {"person", "stranger", "machine"}
    for row in rows[:100]:
        text = f"{row['subject']}\n\n{row['body']}"
        for span in json.loads(row["entities"]):
            assert text[span["start"] : span["end"]] == span["text"]
    for name in ("history/mails.csv", "archive.mbox", "truth.json", "orders.json", "line/0007.eml"):
        assert filecmp.cmp(tmp_path / "a" / name, tmp_path / "b" / name, shallow=False)


@pytest.fixture
def api(shop: Shop) -> Iterator[OrderApi]:
    with OrderApi(shop.orders) as server:
        yield server


def _ask(url: str, secret: str = SECRET) -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {secret}"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_the_order_api_tells_an_order_to_who_has_the_secret(shop: Shop, api: OrderApi) -> None:
    order = shop.orders[0]
    status, body = _ask(f"{api.url}/orders/LL-{order.number}")
    assert (status, json.loads(body)) == (200, order.as_json())
    assert _ask(f"{api.url}/orders/{order.number}", "wrong")[0] == 401
    assert _ask(f"{api.url}/orders/1")[0] == 404


def test_the_order_api_bans_who_asks_too_much(shop: Shop, api: OrderApi) -> None:
    api.behaviour.allowed = 2
    number = shop.orders[0].number
    assert [_ask(f"{api.url}/orders/{number}")[0] for _ in range(4)] == [200, 200, 429, 429]


def test_the_order_api_can_be_out_of_order(shop: Shop, api: OrderApi) -> None:
    number = shop.orders[0].number
    api.behaviour.fault = "error"
    assert _ask(f"{api.url}/orders/{number}")[0] == 500
    api.behaviour.fault = "wrong-order"
    status, body = _ask(f"{api.url}/orders/{number}")
    assert status == 200
    assert json.loads(body)["number"] != number
