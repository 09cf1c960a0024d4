"""The verbs `edge-agent alarms …`: what is open, and a person's word on it.

They read what the desk wrote and leave wishes for it; the running agent fulfils them within a second, one
that is not running at its next start.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent.options import DEFAULT, ConfigOption, JsonOption, WhoOption, author_of, settings_of
from kits.core.console import Console
from kits.program import make_family

if TYPE_CHECKING:
    from edge_agent.alarms.memory import Asset

app = make_family("Cases of watched machines: list, acknowledge, shelve, close.")

AssetArgument = Annotated[
    str, typer.Argument(help="The asset, as `edge-agent alarms list` names it.")
]
NoteOption = Annotated[str, typer.Option("--note", help="Why, in words.")]


@app.command("list")
def list_cases(
    everything: Annotated[bool, typer.Option("--all", help="Also assets without a case.")] = False,
    config: ConfigOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """List open cases and shelved assets, worst first."""
    from edge_agent.alarms.memory import read_memory
    from edge_agent.alarms.shown import as_json as shown
    from edge_agent.alarms.shown import lines, worst_first

    out, settings = Console(as_json), settings_of(config)
    found = worst_first(read_memory(settings.cases_path).assets)
    if not everything:
        found = {n: a for n, a in found.items() if a.case is not None or a.shelf is not None}
    cases = sum(asset.case is not None for asset in found.values())
    head = f"{cases} open {'case' if cases == 1 else 'cases'}"
    out.answer("\n".join([head, *lines(found)]), shown(found))
    first = next((n for n, a in found.items() if a.case is not None), "")
    out.next(f"edge-agent alarms ack {shlex.quote(first)}" if first else "edge-agent status")


@app.command("ack")
def acknowledge(
    asset: AssetArgument,
    note: NoteOption = "",
    who: WhoOption = "",
    config: ConfigOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Acknowledge the open case of an asset: somebody has seen it."""
    _require_case(_known(config, asset), asset)
    _leave("acknowledge", asset, who, note, config, as_json)


@app.command("close")
def close(
    asset: AssetArgument,
    note: Annotated[str, typer.Option("--note", help="What was found at the machine.")],
    who: WhoOption = "",
    config: ConfigOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Close the open case of an asset. The next alarm opens a new one."""
    _require_case(_known(config, asset), asset)
    _leave("close", asset, who, note, config, as_json)


@app.command("shelve")
def shelve(
    asset: AssetArgument,
    note: Annotated[str, typer.Option("--note", help="Why: maintenance, a known fault.")],
    hours: Annotated[
        float, typer.Option(min=0.01, help="For how long; alarms.shelve_max_h at most.")
    ] = 8.0,
    who: WhoOption = "",
    config: ConfigOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Keep an asset quiet for a time: no new case, no actions; what happens is still recorded."""
    _leave("shelve", asset, who, note, config, as_json, hours, _unseen(config, asset))


@app.command("unshelve")
def unshelve(
    asset: AssetArgument,
    note: NoteOption = "",
    who: WhoOption = "",
    config: ConfigOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Watch an asset again before its time is over."""
    from kits.core.errors import UsageError

    if _known(config, asset).shelf is None:
        raise UsageError("it is not shelved", where=asset, fix="edge-agent alarms list")
    _leave("unshelve", asset, who, note, config, as_json)


def _known(config: Path, name: str) -> Asset:
    from edge_agent.alarms.memory import read_memory
    from kits.core.errors import UsageError

    assets = read_memory(settings_of(config).cases_path).assets
    if name not in assets:
        fix = f"known: {_some(assets)}"
        raise UsageError("no such asset is watched here", where=name[:64], fix=fix)
    return assets[name]


def _unseen(config: Path, name: str) -> str:
    """What to say where no window of an asset has come yet; who means another one would leave that one loud."""
    from edge_agent.alarms.memory import read_memory
    from kits.core.errors import UsageError
    from kits.core.labelling import spelled_as

    assets = read_memory(settings_of(config).cases_path).assets
    meant = spelled_as(name, assets)
    if meant != name:
        fix = f"edge-agent alarms shelve {shlex.quote(meant)}"
        raise UsageError("no such asset is watched here", where=name[:64], fix=fix)
    return (
        "" if name in assets else f"no window of {name[:64]} has come yet; known: {_some(assets)}"
    )


def _some(assets: Iterable[str]) -> str:
    return ", ".join(list(assets)[:5]) or "none was seen yet"


def _require_case(asset: Asset, name: str) -> None:
    from kits.core.errors import UsageError

    if asset.case is None:
        raise UsageError("it has no open case", where=name, fix="edge-agent alarms list --all")


def _leave(
    kind: str,
    asset: str,
    who: str,
    note: str,
    config: Path,
    as_json: bool,
    hours: float = 0.0,
    besides: str = "",
) -> None:
    from edge_agent.alarms.wishes import leave_wish, new_wish

    wish = new_wish(kind, asset, author_of(who), note, hours)
    leave_wish(settings_of(config).state_dir, wish)
    out = Console(as_json)
    out.answer(f"{kind} {asset}: left for the agent", {"asset": asset, "wish": kind, "id": wish.id})
    if besides:
        out.note(besides)
    out.next("edge-agent alarms list --all")
