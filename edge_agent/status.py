"""The status page: `/` for people, `/status.json` for programs, `/metrics` for Prometheus.

Read-only, without login, on the loopback address by default, from the standard library's server.
`ask` is its client, for the commands on the same machine.
"""

from __future__ import annotations

import contextlib
import html
import ipaddress
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3
from pydantic import JsonValue

from edge_agent.config import AgentConfig, StatusConfig
from edge_agent.health import Exporter, Figures
from edge_agent.process import NO_ROOM
from kits.core.errors import UnreachableError

_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  compared with, not listened on
_ASK_TIMEOUT_S = 3.0
_CASE_COLUMNS = ("asset", "level", "score", "case", "since", "hypothesis", "why", "shelved until")
_SILENCE_S = 10.0
"""Who connects and says nothing for so long holds a thread and a descriptor no longer."""
_AT_ONCE = 32
"""Connections. Each has a thread and a descriptor, and the line needs those that there are."""
_NO_ROOM_PAUSE_S = 0.5
"""Without a descriptor for it, who knocks goes on knocking: to look again at once takes a processor from the line."""

Status = Callable[[], dict[str, JsonValue]]

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<title>{title}</title><style>
body{{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1d2733}}
table{{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}}
td,th{{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #e2e6ea}}
.alert{{background:#fdecea;padding:.5rem .8rem;border-left:4px solid #c62828;margin:.3rem 0}}
</style><h1>{title}</h1>{alerts}<table>{facts}</table>
{cases}<h2>Last decisions</h2><table><tr><th>captured</th><th>source</th><th>verdict</th><th>label</th>
<th>score</th><th>ms</th><th>kept for</th></tr>{recent}</table>
<h2>Figures</h2><table>{figures}</table></html>"""

_ANOTHER = (
    b"not a name of this page: ask by its address, or add the name to status.names in agent.yaml\n"
)


def is_own(host: str, config: StatusConfig) -> bool:
    """Whether a request that names this host (with or without a port) was meant for the page.

    A page of a stranger's, open in a browser that reaches this machine, may have its own name point here, and would read
    the answers as its own. It cannot do so with an address, nor with a name that is not the stranger's.
    """
    name = (
        host.removeprefix("[").partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    )
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.lower() in {"", "localhost", *(n.lower() for n in (config.host, *config.names))}
    return True


class _NewestFirst(ThreadingHTTPServer):
    """Serves `_AT_ONCE` connections: one more ends the oldest, which an honest one never is for long."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: dict[Any, None] = {}
        self._lock = threading.Lock()
        super().__init__(address, handler)

    def get_request(self) -> tuple[Any, Any]:
        """Takes a connection."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in NO_ROOM:
                time.sleep(_NO_ROOM_PAUSE_S)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """A connection has come."""
        with self._lock:
            oldest = next(iter(self._open)) if len(self._open) >= _AT_ONCE else None
            self._open.pop(oldest, None)
            self._open[request] = None
        if oldest is not None:
            with contextlib.suppress(OSError):
                oldest.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """It ends."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who goes before the answer is no event."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class StatusServer:
    """Serves until closed."""

    def __init__(self, config: StatusConfig, status: Status, figures: Figures) -> None:
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(Exporter(figures))

        class Handler(BaseHTTPRequestHandler):
            timeout = _SILENCE_S

            def do_GET(self) -> None:
                if not is_own(self.headers.get("Host", ""), config):
                    self._answer(421, "text/plain", _ANOTHER)
                    return
                pages: dict[str, tuple[str, Callable[[], bytes]]] = {
                    "/": ("text/html; charset=utf-8", lambda: render(status()).encode()),
                    "/status.json": ("application/json", lambda: json.dumps(status()).encode()),
                    "/metrics": ("text/plain; version=0.0.4", lambda: generate_latest(registry)),
                }
                kind, make = pages.get(self.path, ("text/plain", lambda: b"not found\n"))
                self._answer(200 if self.path in pages else 404, kind, make())

            def _answer(self, status: int, kind: str, content: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("X-Content-Type-Options", "nosniff")
                self.send_header(
                    "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"
                )
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Requests to the status page are not events."""

        self._server = _NewestFirst((config.host, config.port), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.2},
            name="status",
            daemon=True,
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Ends the server."""
        with contextlib.suppress(
            OSError
        ):  # it hears of that at once, and not when it looks the next time
            self._server.socket.shutdown(socket.SHUT_RDWR)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(1.0)


def page_address(config: StatusConfig) -> str:
    """Where a program on this machine finds the page."""
    host = "127.0.0.1" if config.host == _EVERY_ADDRESS else config.host
    return f"http://{host}:{config.port}/"


def folder_name(config: AgentConfig) -> str:
    """What tells agents on one machine apart: no two of them have the same state folder."""
    return os.path.realpath(config.state_dir)


def ask(config: AgentConfig) -> dict[str, Any]:
    """The answer of `/status.json` of the agent with this state folder.

    Raises:
        UnreachableError: no agent answers, or another one.
    """
    url = f"{page_address(config.status)}status.json"
    try:
        answer = urllib3.request("GET", url, retries=False, timeout=_ASK_TIMEOUT_S).json()
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise UnreachableError("no agent answers", where=url, fix="edge-agent run") from error
    if not isinstance(answer, dict) or "ailment" not in answer:
        raise UnreachableError("another program answers", where=url, fix="set status.port")
    theirs, ours = answer.get("state_dir"), folder_name(config)
    if theirs != ours:
        raise UnreachableError(
            f"another agent answers: the one of {theirs}, not of {ours}",
            where=url,
            fix="give each agent on a machine a status.port of its own",
        )
    return answer


def render(status: dict[str, JsonValue]) -> str:
    """The page for people; everything that came from outside is escaped."""
    alerts = _mapping(status.get("alerts"))
    facts = {k: v for k, v in status.items() if not isinstance(v, (dict, list))}
    recent = status.get("recent")
    rows = [_mapping(row) for row in recent] if isinstance(recent, list) else []
    columns = ("captured_at", "source", "verdict", "label", "score", "ms", "kept_for")
    return _PAGE.format(
        title=_text(f"Kitwright agent {status.get('device') or ''}".strip()),
        alerts="".join(f'<p class="alert">{_text(text)}</p>' for text in alerts.values()),
        facts=_table(facts),
        recent="".join(
            "<tr>" + "".join(f"<td>{_text(row.get(c, ''))}</td>" for c in columns) + "</tr>"
            for row in reversed(rows)
        ),
        figures=_table(_mapping(status.get("figures"))),
        cases=_cases(status.get("cases")),
    )


def _cases(value: JsonValue) -> str:
    """The assets that are watched; nothing when none is."""
    assets = [_mapping(one) for one in value] if isinstance(value, list) else []
    if not assets:
        return ""
    rows = "".join(
        "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in _case_cells(one)) + "</tr>"
        for one in assets
    )
    head = "".join(f"<th>{name}</th>" for name in _CASE_COLUMNS)
    return f"<h2>Machines</h2><table><tr>{head}</tr>{rows}</table>"


def _case_cells(asset: dict[str, JsonValue]) -> tuple[object, ...]:
    case, shelf, score = _mapping(asset["case"]), _mapping(asset["shelf"]), asset["score"]
    return (
        asset["asset"],
        asset["level"],
        "" if score is None else score,
        case.get("state", ""),
        str(case.get("since", ""))[:16],
        case.get("label", ""),
        case.get("reason", ""),
        str(shelf.get("until", ""))[:16],
    )


def _mapping(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _table(values: Mapping[str, object]) -> str:
    return "".join(
        f"<tr><th>{_text(k.replace('_', ' '))}</th><td>{_text(v)}</td></tr>"
        for k, v in values.items()
    )


def _text(value: object) -> str:
    return html.escape(f"{value:g}" if isinstance(value, float) else str(value))
