"""The verbs `edge-agent mail …`: the gate, and the record of decisions with the right to be forgotten.

They work on the ledger itself, beside a running agent or without one.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent.options import DEFAULT, ConfigOption, JsonOption, WhoOption, author_of, settings_of
from kits.core.console import Console
from kits.program import make_family

if TYPE_CHECKING:
    from pydantic import JsonValue

    from edge_agent.mail.chain import Chain, Link
    from edge_agent.mail.ledger import Ledger

app = make_family("Mails: the gate of decisions without a person, and the record of them.")
gate_app = make_family("Whether mails are decided without a person.")
audit_app = make_family("The chained record of decisions.")
app.add_typer(gate_app, name="gate")
app.add_typer(audit_app, name="audit")


@contextlib.contextmanager
def _ledger(config: Path) -> Iterator[Ledger]:
    from edge_agent.mail.ledger import Ledger
    from edge_agent.mail.opening import ledger_path
    from kits.core.errors import DataError

    path = ledger_path(settings_of(config).state_dir)
    if not path.exists():
        raise DataError("no mail was decided here yet", where=str(path), fix="edge-agent run")
    with contextlib.closing(Ledger(path)) as ledger:
        yield ledger


def _chain(ledger: Ledger) -> Chain:
    from edge_agent.mail.chain import Chain, Seals

    return Chain(ledger, Seals(ledger))


@gate_app.command("show")
def gate_show(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Say whether mails are decided without a person, and what audits have shown."""
    from edge_agent.mail.gate import read_gate
    from kits.core.monitor import PromiseMonitor

    out = Console(as_json)
    with _ledger(config) as ledger:
        memory = read_gate(ledger)
    state = "closed: every mail goes to a person" if memory.closed else "open"
    lines = [f"the gate is {state}"]
    if memory.because:
        lines.append(f"because: {memory.because}")
    if memory.monitor is not None:
        lines.append(PromiseMonitor.of(memory.monitor).text())
    out.answer("\n".join(lines), memory.model_dump(mode="json"))
    out.next("edge-agent mail gate open --because …" if memory.closed else "edge-agent status")


@gate_app.command("open")
def gate_open(
    because: Annotated[str, typer.Option("--because", help="Why it may be opened, in words.")],
    who: WhoOption = "",
    config: ConfigOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Open the gate again; audits are counted anew."""
    from edge_agent.mail.gate import open_gate
    from kits.core.errors import UsageError
    from kits.core.sample import utc_now

    if not because.strip():
        raise UsageError(
            "say why", fix="edge-agent mail gate open --because 'the folder was wrong'"
        )
    out, author = Console(as_json), author_of(who)
    with _ledger(config) as ledger, ledger.transaction():
        open_gate(ledger, f"{author}: {because}")
        _chain(ledger).add(
            {"kind": "gate", "at": utc_now().isoformat(), "who": author, "because": because}
        )
    out.answer("the gate is open", {"open": True, "because": because, "who": author})
    out.next("edge-agent mail gate show")


@audit_app.command("show")
def audit_show(
    sample: Annotated[str, typer.Argument(help="The mail's sample id; empty: the newest.")] = "",
    count: Annotated[int, typer.Option(min=1, max=10_000, help="Entries at most.")] = 20,
    config: ConfigOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Show what was decided about a mail and why, or the newest entries."""
    from collections import deque

    out = Console(as_json)
    with _ledger(config) as ledger:
        found = list(deque(_chain(ledger).links(sample), maxlen=count))
    lines = [f"{len(found)} entries", *(_line(link) for link in found)]
    out.answer("\n".join(lines), [_as_json(link) for link in found])
    out.next("edge-agent mail audit verify")


@audit_app.command("verify")
def audit_verify(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Check that no entry was changed, left out or reordered. Exit code 1: one was."""
    out = Console(as_json)
    with _ledger(config) as ledger:
        good, wrong = _chain(ledger).verify()
    told: dict[str, JsonValue] = {"entries": good, "wrong": wrong}
    out.answer(f"{good} entries hold" + (f"; {wrong}" if wrong else ""), told)
    if wrong:
        raise typer.Exit(1)
    out.next("edge-agent mail audit export FILE")


@audit_app.command("export")
def audit_export(
    file: Annotated[Path, typer.Argument(help="JSON lines are written here.")],
    config: ConfigOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Write the whole record with what of its text can still be read."""
    from kits.core.files import write_atomically

    out = Console(as_json)
    with _ledger(config) as ledger, ledger.snapshot():
        lines = [json.dumps(_as_json(link), ensure_ascii=False) for link in _chain(ledger).links()]
    write_atomically(file, "".join(f"{line}\n" for line in lines).encode(), private=True)
    out.answer(f"{len(lines)} entries in {file}", {"entries": len(lines), "file": str(file)})
    out.next("edge-agent mail audit verify")


@audit_app.command("erase")
def audit_erase(
    address: Annotated[str, typer.Argument(help="The correspondent's mail address.")],
    config: ConfigOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Make unreadable for ever what the record tells of a person; the chain still holds."""
    from kits.core.errors import UsageError
    from kits.core.sample import utc_now

    if "@" not in address:
        raise UsageError("that is no mail address", where=address[:80], fix="name@example.org")
    out = Console(as_json)
    with _ledger(config) as ledger:
        mails = _chain(ledger).erase(address, utc_now())
    out.answer(f"{mails} mails can no more be read here", {"mails": mails})
    out.note(
        "what waits for the hub is thrown away by the agent within its next look at the mailbox"
    )
    out.note("mails themselves lie in the mailbox, copies of some at the hub: erase them there too")
    out.next("edge-agent mail audit verify")


def _line(link: Link) -> str:
    told = link.told
    what = " ".join(
        str(told[key]) for key in ("kind", "sample_id", "verdict", "label", "fate", "because")
        if told.get(key)
    )  # fmt: skip
    about = f"  {link.text.get('from', '')}: {link.text.get('subject', '')}" if link.text else ""
    return f"{link.number:>6}  {str(told.get('at', ''))[:19]}  {what}{about}"


def _as_json(link: Link) -> dict[str, JsonValue]:
    text = dict(link.text) if link.text is not None else None
    return {**link.told, "hash": link.hash, "text": text}
