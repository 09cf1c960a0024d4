"""Reference pages that are tables of what the programs declare: errors, topics, routes, metrics, kits.

It only reads and renders. The programs are looked up by name, so the toolchain depends on none of
them; writing and comparing the pages is `reference.py`.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from kits.core import errors
from kits.core.discovery import find_kits
from kits.core.events import EVENT_CLASSES
from kits.core.topics import DeviceTopics

NOTE = "<!-- made by `make docs`; do not edit -->\n"
_ERRORS = (
    ("kits.core.errors", "Shared by all programs"),
    ("edge_agent.errors", "`edge-agent`"),
    ("cloud_sync.errors", "`cloud-sync`"),
)
_OTHERS = {
    "/v1/cmms/{name}": "a signature of the CMMS",
    "/v1/crm/{name}": "a signature of the CRM",
    "/v1/crm/{name}/{tail}": "the CRM, by the secret at the end",
    "/v1/enroll": "a one-time token",
    "/v1/leads/score": "viewer",
    "/v1/bundles/{bundle_id}/content": "device or viewer",
    "/v1/tuf/{name}": "device or viewer",
}
_CLASSES = {"a": "alerts", "l": "labels and gaps", "s": "samples", "t": "telemetry"}


def render_errors() -> str:
    """`errors.md`."""
    parts = [
        "# Errors\n",
        NOTE,
        "Every error a user can cause says what is wrong, where, and how to fix it, and ends the "
        "command with its exit code. With `--json` it is one object: "
        '`{"error", "what", "where", "fix"}`. Anything else is a bug and keeps its traceback.\n',
    ]
    status = importlib.import_module("cloud_sync.errors").http_status
    for module, title in _ERRORS:
        rows = [
            f"`{kind.__name__}` | {_first(kind)} | `{kind.__mro__[1].__name__}` | "
            f"{kind.exit_code} | {status(kind(''))}"
            for kind in error_classes(module)
        ]
        parts += [f"## {title}\n", table("error|meaning|is a|exit code|over HTTP", rows)]
    return "\n".join(parts)


def error_classes(module: str) -> Iterator[type[errors.KitwrightError]]:
    """The error classes a module defines, in its order."""
    for value in vars(importlib.import_module(module)).values():
        if not (inspect.isclass(value) and issubclass(value, errors.KitwrightError)):
            continue
        if value.__module__ == module:
            yield value


def render_topics() -> str:
    """`topics.md`."""
    topics = DeviceTopics("{site}", "{device}")
    rows = [f"`{topics.frames(k)}` | device | no | frames: {_CLASSES[k]}" for k in EVENT_CLASSES]
    chunk = topics.chunk("{digest}", 0).removesuffix("0") + "{n}"
    rows += [
        f"`{chunk}` | device | no | chunk n of a blob",
        f"`{topics.ack}` | hub | no | what the hub has committed",
        f"`{topics.desired}` | hub | yes | what the hub wants the device to run, and raw signals it is asked for; a hint to ask over HTTP",
        f"`{topics.online}` | device | yes | `1` and the boot's id, or `0` and it as last will",
        f"`{topics.reported}` | device | yes | what the device runs, and its deployment",
    ]
    frames = importlib.import_module("kits.core.frames")
    return "\n".join([
        "# MQTT topics\n",
        NOTE,
        "MQTT 5, QoS 1. `site` and `device` are 1 to 32 of a-z, 0-9 and '-'. A device may publish "
        "below its own `up/` and `st/` only, and read its own `down/`.\n",
        table("topic|written by|retained|carries", rows),
        "## Frame\n",
        "JSON compressed with zstd: `{v, epoch, rows}`; a row is `{seq, klass, at, body}`. At most "
        f"{frames.MAX_ROWS} rows, {frames.MAX_FRAME_BYTES // 1024} KiB compressed and "
        f"{frames.MAX_UNPACKED_BYTES // 2**20} MiB unpacked. The key of a row is "
        "`(device, epoch, seq)`; a row that comes twice is stored once.\n",
        "## Chunk\n",
        f"A head of {frames._CHUNK_HEAD.size} bytes, big-endian: chunk size (4), blob size (8), "
        f"CRC-32 of the body (4). Then the body, {frames.MIN_CHUNK_BYTES // 1024} to "
        f"{frames.CHUNK_BYTES // 1024} KiB. `digest` is the SHA-256 of the whole blob.\n",
        "## Ack\n",
        "JSON: `{epoch, ranges, blobs}`. `ranges` are inclusive ranges of sequence numbers. "
        "`blobs` maps a digest to `{done, chunk_bytes, have, refused}`; `have` are inclusive "
        "ranges of chunk numbers. An ack is sent after the hub's commit, never before.\n",
    ])  # fmt: skip


def render_routes() -> str:
    """`http-api.md`."""
    parts = [
        "# HTTP API\n",
        NOTE,
        "JSON below `/v1`. `Authorization: Bearer TOKEN` for programs and devices; people's "
        "browsers use their session and send `X-CSRF-Token`. Roles: viewer < reviewer < engineer "
        "< admin; a higher one may do all a lower one may. Errors are "
        '`{"error", "what", "where", "fix"}` with the status of [errors](errors.md); of leads, cases, mails and reviews a '
        "misspelt filter is one. The same as "
        "OpenAPI: `/openapi.json`.\n",
    ]
    rows = [
        f"`{method}` | `{path}` | {who} | {what}"
        for method, path, who, what in sorted(api_routes(), key=lambda r: (r[1], r[0]))
    ]
    return "\n".join([*parts, table("method|path|who|what", rows)])


def api_routes() -> Iterator[tuple[str, str, str, str]]:
    """Method, path, who may, and what it does, of each route below `/v1`."""
    package = importlib.import_module("cloud_sync.api")
    for found in pkgutil.iter_modules(package.__path__):
        router = getattr(
            importlib.import_module(f"{package.__name__}.{found.name}"), "router", None
        )
        for route in router.routes if router else ():
            for method in sorted(route.methods - {"OPTIONS"}):
                what = " ".join(filter(None, [_summary(route), _first(route.endpoint)]))
                who = _OTHERS.get(route.path) or _who(route.dependant)
                yield method, route.path_format, who, what


def _who(dependant: Any) -> str:
    roles = importlib.import_module("cloud_sync.web.auth").ROLES
    calls = list(_calls(dependant))
    for call in calls:
        for cell in getattr(call, "__closure__", None) or ():
            if isinstance(cell.cell_contents, str) and cell.cell_contents in roles:
                return str(cell.cell_contents)
    if any(getattr(call, "__name__", "") == "require_device" for call in calls):
        return "device"
    return "anyone"


def _summary(route: Any) -> str:
    """The summary a route was given; not the one the hub takes from its docstring."""
    given = str(route.summary or "").rstrip(".")
    return f"{given}." if given and not _first(route.endpoint).startswith(given) else ""


def _calls(dependant: Any) -> Iterator[Callable[..., Any]]:
    for part in dependant.dependencies:
        yield part.call
        yield from _calls(part)


def render_hub_metrics() -> str:
    """`hub-metrics.md`."""
    made = importlib.import_module("cloud_sync.metrics").Metrics()
    rows = []
    for family in made.registry.collect():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        rows.append(
            f"`{name}` | {family.type} | {_labels(made, family.name)} | {family.documentation}"
        )
    return "\n".join([
        "# Metrics of the hub\n",
        NOTE,
        "Served at `/metrics` of the hub in Prometheus' text format: counts only, no names of "
        "people and no content. Those of the agent: [agent-metrics.md](agent-metrics.md).\n",
        table("name|kind|labels|meaning", rows),
    ])  # fmt: skip


def render_agent_metrics() -> str:
    """`agent-metrics.md`."""
    rows = []
    for metric in importlib.import_module("edge_agent.health").METRICS:
        name = f"{metric.name}_total" if metric.kind == "counter" else metric.name
        rows.append(f"`kitwright_agent_{name}` | {metric.kind} | {metric.description}")
    return "\n".join([
        "# Metrics of the agent\n",
        NOTE,
        "Served at `/metrics` on the status page's address; the same figures, without the prefix, "
        "are in `/status.json` and in the health row that the hub receives. Those of the hub: "
        "[hub-metrics.md](hub-metrics.md).\n",
        table("name|kind|meaning", rows),
    ])  # fmt: skip


def _labels(made: object, name: str) -> str:
    for value in vars(made).values():
        if getattr(value, "_name", "") == name:  # prometheus-client has no public way to ask
            return ", ".join(f"`{label}`" for label in value._labelnames) or "–"
    return "–"


def render_kits() -> str:
    """`kits.md`: the kits of this distribution."""
    parts = ["# Kits\n", NOTE, "`kit list` shows these and the kits other packages bring.\n"]
    for name, kit in find_kits().kits.items():
        if not kit.package.startswith("kits."):
            continue
        m = kit.manifest
        parts += [
            f"## `{name}`: {m.title}\n",
            f"{m.task}\n",
            table("what|value", [
                f"tier | {m.tier}",
                f"media types | {_list(m.media_types)}",
                f"formats | {_list(m.formats)}",
                f"metrics | {_list(m.metrics)}",
                f"extras | {_list(m.extras)}",
                f"hardware | {m.hardware}",
            ]),
        ]  # fmt: skip
    return "\n".join(parts)


PAGES: dict[str, Callable[[], str]] = {
    "errors.md": render_errors,
    "topics.md": render_topics,
    "http-api.md": render_routes,
    "hub-metrics.md": render_hub_metrics,
    "agent-metrics.md": render_agent_metrics,
    "kits.md": render_kits,
}


def table(head: str, rows: Iterable[str]) -> str:
    """A Markdown table; its cells are parted by `|`, in the head and in each row."""
    names = head.split("|")
    lines = [" | ".join(names), "|".join("---" for _ in names), *rows]
    return "\n".join(f"| {line} |" if "---" not in line else f"|{line}|" for line in lines) + "\n"


def _list(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words) or "–"


def _first(documented: object) -> str:
    text = inspect.getdoc(documented) or ""
    return " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")
