"""The labelling page's server: who is let in, and that no statement lands on the wrong sample."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from kits.toolchain.labelling.desk import Desk
from kits.toolchain.labelling.page.conversation import Conversation
from kits.toolchain.labelling.page.server import MAX_BODY, PageServer
from kits.toolchain.project import Project
from tests.toolchain.notes import notes, notes_kit

__all__ = ["notes", "notes_kit"]


class Visitor:
    """Asks a served page, with the headers its own page sends unless told otherwise."""

    def __init__(self, server: PageServer, desk: Desk) -> None:
        self.desk = desk
        parts = urlsplit(server.address)
        self.host, self.token = parts.netloc, parts.path.strip("/")

    def ask(
        self, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, object], http.client.HTTPResponse]:
        connection = http.client.HTTPConnection(self.host, timeout=10)
        method = "GET" if body is None else "POST"
        sent = None if body is None else body if isinstance(body, bytes) else json.dumps(body)
        given = {"X-Label-Token": self.token} if body is not None else {}
        connection.request(method, path, sent, {**given, **(headers or {})})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        is_json = answer.headers["Content-Type"] == "application/json"
        return answer.status, json.loads(content) if is_json else {"text": content.decode()}, answer

    def act(self, act: str, sample: object = "", labels: tuple[str, ...] = ()) -> dict[str, object]:
        body = {"act": act, "sample": sample, "labels": labels}
        return self.ask(f"/{self.token}/act", body)[1]

    def now(self) -> dict[str, object]:
        return self.ask(f"/{self.token}/now")[1]


@pytest.fixture
def visitor(notes: Project) -> Iterator[Visitor]:
    desk = Desk(notes, "ada")
    with PageServer(Conversation(lambda: desk.sit(4), desk.finish)) as server:
        yield Visitor(server, desk)


def test_the_page_loads_nothing_from_elsewhere_and_is_not_kept(visitor: Visitor) -> None:
    status, page, answer = visitor.ask(f"/{visitor.token}/")
    assert status == 200 and "http" not in str(page["text"])
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/now", "/wrong/now", "//now", "/%C3%A9/now"])
def test_without_the_secret_in_the_address_there_is_nothing(visitor: Visitor, path: str) -> None:
    status, answer, _ = visitor.ask(path)
    assert status == 404 and list(answer) == ["what"]


def test_a_name_that_was_bent_to_this_machine_is_refused(visitor: Visitor) -> None:
    status, _, _ = visitor.ask(f"/{visitor.token}/now", headers={"Host": "evil.example"})
    assert status == 421


@pytest.mark.parametrize("header", ["", "wrong", "ü"])
def test_another_page_cannot_state_anything(visitor: Visitor, header: str) -> None:
    sample = visitor.now()["sample"]
    body = {"act": "state", "sample": sample, "labels": ["parcel"]}
    status, _, _ = visitor.ask(f"/{visitor.token}/act", body, {"X-Label-Token": header})
    assert status == 403
    assert visitor.desk.journal.standing().stated == {}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"act":"eat"}', b'{"act":"state","more":1}', b'{"act":"state","labels":[1]}', b"\xff\xfe"],
)  # fmt: skip
def test_what_is_no_statement_is_refused_and_the_page_lives_on(
    visitor: Visitor, body: bytes
) -> None:
    assert visitor.ask(f"/{visitor.token}/act", body)[0] == 400
    assert visitor.now()["number"] == 1


@pytest.mark.parametrize("size", [str(MAX_BODY + 1), "9" * 5_000, "²", "-1", "0x1"])
def test_too_much_is_refused_unread(visitor: Visitor, size: str) -> None:
    headers = {"Content-Length": size}
    assert visitor.ask(f"/{visitor.token}/act", b"{", headers)[0] == 413


def test_a_second_click_does_not_label_the_next_one(visitor: Visitor) -> None:
    first = visitor.now()["sample"]
    assert visitor.act("state", first, ("parcel",))["number"] == 2
    again = visitor.act("state", first, ("parcel",))
    assert again["number"] == 2 and "already" in str(again["message"])
    assert len(visitor.desk.journal.entries()) == 1


def test_a_label_that_cannot_be_kept_is_said_and_the_sample_stays(visitor: Visitor) -> None:
    sample = visitor.now()["sample"]
    answer = visitor.act("state", sample, ("a|b",))
    assert "cannot be a label" in str(answer["what"])
    assert visitor.now()["sample"] == sample


def test_a_round_ends_with_the_curve_goes_back_and_goes_on(visitor: Visitor) -> None:
    for _ in range(4):
        answer = visitor.act("state", visitor.now()["sample"], ("parcel",))
    assert answer["over"] and "4 of 40 notes are labelled" in str(answer["line"])
    assert [point["labels"] for point in answer["curve"]["points"]] == [2, 4]  # type: ignore[index,call-overload]
    assert visitor.now()["over"]
    back = visitor.act("undo")
    assert back["number"] == 4 and back["message"] == "taken back"
    over = visitor.act("skip", back["sample"])
    assert over["over"] and over["waiting"] == 36
    following = visitor.act("next")
    assert following["number"] == 1 and following["total"] == 4
    stopped = visitor.act("quit")
    assert stopped["stopped"] and "3 of 40 notes are labelled" in str(stopped["line"])
