"""What the demo of leads shows beside the circle: a pretended CRM that is connected, scored, decided and scored anew.

It types the commands and asks the addresses that an integrator would; the CRM is `cloud-sync crm simulate`.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping

from pydantic import JsonValue

from kits.core.addresses import free_port
from kits.core.errors import UnreachableError
from kits.core.prediction import marked
from kits.core.story import HubStage

CONNECTION, KIND = "sales", "hubspot"
SECRETS, SETTINGS, RECORDS = "crm-secrets.json", "crm-settings.yaml", "crm/records.jsonl"
DUPLICATES = 4.0
"""Copies of each event besides: webhooks come again and again, and leads are written once all the same."""
WAVES = ((1_000, 950), (700, 650))
"""How many leads come, and of how many it is known then what became of them; the second wave comes after that. A model
that is judged on the second knows the first, as in a firm whose leads come all the time."""
LEFT_OPEN = sum(come - decided for come, decided in WAVES)
LATER = 200
_SHOWN = 3
_PATIENCE_S = 60.0
Json = dict[str, JsonValue]


def connect(stage: HubStage) -> str:
    """Starts the pretended CRM and connects it."""
    url = f"http://127.0.0.1:{free_port()}"
    stage.notes["crm"] = url
    stage.start(
        *("cloud-sync", "crm", "simulate", KIND, "--port", url.rpartition(":")[2]),
        *("--records", str(stage.root / "data" / RECORDS), "--leads", "0", "--per-day", "0"),
        *("--time-scale", "1", "--seed", str(stage.seed), "--limit", "0", "--reorder", "0.3", "--delay-s", "1"),
        *("--duplicates", str(DUPLICATES), "--secrets-file", str(stage.root / SECRETS)),
        *("--hub", f"{stage.hub_url}/v1/crm/{CONNECTION}"),
    )  # fmt: skip
    _wait_for(lambda: _answers(url), "the pretended CRM does not come up")
    settings = stage.root / SETTINGS
    stage.run(
        *("cloud-sync", "crm", "add", CONNECTION, "--settings", str(settings), "--project", stage.project),
        *("--secrets-file", str(stage.root / SECRETS), "--data", str(stage.hub_data), "--json"),
    )  # fmt: skip
    return f"a pretended HubSpot on {url}, its fields made; its signed events go to {stage.hub_url}/v1/crm/{CONNECTION}"


def score(stage: HubStage) -> str:
    """Leads come, and each has its score in the CRM."""
    told = _post(stage, "/simulator/leads", {"n": WAVES[0][0]})
    wanted = len(_list(told["ids"]))
    took_s = _wait_for(lambda: _written(stage) >= wanted, "not every lead was scored")
    stage.notes["bundle"] = _in_force(stage)
    figures = _figures(stage)
    sent = figures.get("sent")
    events = sent.get("accepted", 0) if isinstance(sent, dict) else 0
    best = _list(stage.call("GET", f"/v1/leads?limit={_SHOWN}")["leads"])
    lines = [
        f"{wanted} leads came as {events:,} events, each {DUPLICATES + 1:.0f} times and out of order: {figures['writes']} scores"
        f" were written, the last {took_s:.0f} s after the first event; the first of the hot list:",
        *(f"  {_line(lead)}" for lead in best if isinstance(lead, dict)),
    ]  # fmt: skip
    return "\n".join(lines)


def decide(stage: HubStage) -> str:
    """Sales win and lose, and the hub learns of it as of anything else; more leads come, and are decided in turn."""
    (_, first), (more, second) = WAVES
    _post(stage, "/simulator/outcomes", {"n": first})
    _wait_for(lambda: _learned(stage) >= first, "not every outcome arrived")
    _post(stage, "/simulator/leads", {"n": more})
    _wait_for(lambda: _scored(stage) >= LEFT_OPEN + second, "not every later lead was scored")
    _post(stage, "/simulator/outcomes", {"n": second})
    _wait_for(lambda: _learned(stage) >= first + second, "not every outcome arrived")
    figures = _figures(stage)
    return (
        f"{figures['won']} won, {figures['lost']} lost, the last {second} of {more} that came when the others were decided:"
        " samples with the fields they had when they were scored; what sales wrote since is not among them"
    )


def score_anew(stage: HubStage) -> str:
    """The better bundle takes effect by itself, and scores what is open and what still comes."""
    before = str(stage.notes.get("bundle", ""))
    _wait_for(lambda: _in_force(stage) not in ("", before), "the new bundle did not take effect")
    _post(stage, "/simulator/leads", {"n": LATER})
    wanted = LEFT_OPEN + LATER
    bundle = _in_force(stage)
    _wait_for(
        lambda: sum(one["bundle"] == bundle for one in _leads(stage, "open")) >= wanted,
        "not every open lead was scored anew",
    )
    best = _list(stage.call("GET", f"/v1/leads?limit={_SHOWN}")["leads"])
    lines = [
        f"bundle {bundle[:12]} passed its golden samples here and scores: {wanted} open leads, among them {LATER} new ones",
        *(f"  {_line(lead)}" for lead in best if isinstance(lead, dict)),
    ]
    return "\n".join(lines)


def _line(lead: Mapping[str, JsonValue]) -> str:
    reasons = [
        marked(str(one["text"]), str(one["direction"]))
        for one in _list(lead.get("reasons"))
        if isinstance(one, dict)
    ]
    lot = ", by lot" if lead.get("by_lot") else ""
    return f"{lead['points']:>3} {lead['band']}{lot}: {'; '.join(reasons[:2])}"


def _written(stage: HubStage) -> int:
    leads = _figures(stage).get("writes", 0)
    return leads if isinstance(leads, int) else 0


def _in_force(stage: HubStage) -> str:
    for one in _list(stage.call("GET", "/v1/leads/models")["models"]):
        if isinstance(one, dict) and one.get("project") == stage.project:
            return str(one.get("bundle", ""))
    return ""


def _leads(stage: HubStage, state: str) -> Iterator[Mapping[str, JsonValue]]:
    """All leads in a state, page by page."""
    cursor = ""
    while True:
        page = stage.call("GET", f"/v1/leads?state={state}&limit=200&cursor={cursor}")
        yield from (one for one in _list(page["leads"]) if isinstance(one, dict))
        cursor = str(page.get("next") or "")
        if not cursor:
            return


def _scored(stage: HubStage) -> int:
    """Open leads with a score."""
    return sum(one.get("points") is not None for one in _leads(stage, "open"))


def _learned(stage: HubStage) -> int:
    """Leads whose outcome is a sample to learn from."""
    return sum(bool(one["sample"]) for state in ("won", "lost") for one in _leads(stage, state))


def _figures(stage: HubStage) -> Json:
    return _asked(f"{stage.notes['crm']}/simulator/figures")


def _post(stage: HubStage, path: str, body: Json) -> Json:
    return _asked(f"{stage.notes['crm']}{path}", json.dumps(body).encode())


def _asked(url: str, body: bytes | None = None) -> Json:
    request = urllib.request.Request(url, body, {"content-type": "application/json"})  # noqa: S310  (the demo's own)
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  (on loopback)
        found = json.loads(answer.read())
    return found if isinstance(found, dict) else {"items": found}


def _answers(url: str) -> bool:
    try:
        return bool(_asked(f"{url}/simulator/figures"))
    except OSError:
        return False


def _wait_for(done: Callable[[], bool], otherwise: str) -> float:
    """Seconds until it was so. Raises UnreachableError when it takes too long."""
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > _PATIENCE_S:
            raise UnreachableError(f"{otherwise} within {_PATIENCE_S:.0f} s")
        time.sleep(0.3)
    return time.monotonic() - began


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
