"""The verbs about what arrived: ledger, samples, quarantine; and about effects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from cloud_sync.commands.options import (
    DATA,
    DataOption,
    DeviceOption,
    JsonOption,
    LimitOption,
    ProjectOption,
    QuietOption,
    family,
    note_rest,
    opened,
    operator,
    table,
)
from kits.core.console import Console
from kits.core.errors import ConfigError, UsageError

BundleOption = Annotated[str, typer.Option("--bundle", help="Id of the bundle that decided.")]
TargetOption = Annotated[str, typer.Option(help="Only of this receiver: webhook, mail, odoo …")]


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    app.command()(ledger)
    sample = family(app, "sample", "What devices observed.")
    sample.command("export")(sample_export)
    sample.command("withdraw")(sample_withdraw)
    sample.command("reinstate")(sample_reinstate)
    effect = family(app, "effect", "Webhooks and mails about what happened.")
    effect.command("list")(effect_list)
    effect.command("replay")(effect_replay)
    effect.command("test")(effect_test)
    kept = family(app, "quarantine", "Messages that could not be read.")
    kept.command("list")(quarantine_list)
    kept.command("save")(quarantine_save)


def ledger(
    device: DeviceOption = "",
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """Say what arrived, what was given up and what is missing; it adds up exactly."""
    from cloud_sync.fleet import devices
    from cloud_sync.intake.ledger import accounts
    from cloud_sync.intake.words import CLASS_WORDS, account_json, account_words, loss_words

    with opened(data) as hub, hub.database.session() as session:
        if device:
            devices.find(session, device)
        found = accounts(session, device)
    expected = sum(a.expected for a in found)
    lines = [
        f"{sum(a.here for a in found):,} of {expected:,} rows arrived, "
        f"{sum(a.lost for a in found):,} given up, {sum(a.missing for a in found):,} missing"
    ]
    for account in found:
        lines.append(f"{account.device} outbox {account.number}: {account_words(account)}")
        lines += [f"  {loss_words(gap)}" for gap in account.gaps]
        runs = ", ".join(f"{first}-{last}" for first, last in account.missing_runs)
        lines += [f"  missing: {runs}"] if runs else []
    rows = [
        (
            a.device, a.number, a.expected,
            *(f"{a.arrived[k]}+{a.given_up[k]}" if a.given_up[k] else a.arrived[k] for k in CLASS_WORDS),
            a.missing,
        )
        for a in found
    ]  # fmt: skip
    header = ("device", "outbox", "expected", *CLASS_WORDS.values(), "missing")
    lines += ["", "arrived+given up:", table(rows, header)] if rows else []
    Console(as_json).answer("\n".join(lines), [account_json(account) for account in found])


def sample_export(
    target: Annotated[Path, typer.Argument(help="A folder for samples.jsonl and the bytes.")],
    project: ProjectOption = "",
    device: DeviceOption = "",
    verdict: Annotated[str, typer.Option(help="act, review or pass.")] = "",
    with_bytes: Annotated[bool, typer.Option("--bytes/--no-bytes", help="Also the bytes.")] = True,
    data: DataOption = DATA,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write samples with their annotations into a folder."""
    from cloud_sync.errors import NotFoundError
    from cloud_sync.intake import samples
    from kits.core.blobs import FolderBlobStore

    console = Console(as_json, quiet)
    wanted = samples.SampleFilter(project, device, verdict=verdict)
    store, count, stored, gone = FolderBlobStore(target / "blobs"), 0, 0, 0
    with opened(data) as hub, hub.database.session() as session:
        samples.require_known(session, wanted)
        target.mkdir(parents=True, exist_ok=True)
        with open(target / "samples.jsonl", "w", encoding="utf-8") as out:
            for row in samples.export(session, wanted):
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
                if with_bytes and row["has_blob"]:
                    try:
                        store.put(hub.storage.get(str(row["digest"])))
                        stored += 1
                    except NotFoundError:  # pruned since the export began
                        gone += 1
    console.answer(
        f"wrote {count} samples, {stored} with their bytes, to {target}",
        {"path": str(target), "samples": count, "blobs": stored, "gone": gone},
    )
    if gone:
        console.note(
            f"the bytes of {gone} samples are not in the hub any more: cloud-sync retention"
        )


def sample_withdraw(
    bundle: BundleOption,
    reason: Annotated[str, typer.Option(help="Why, for others and for later.")],
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """Learn nothing any more from what a bundle decided; its samples stay, marked."""
    from cloud_sync.intake import provenance

    console = Console(as_json)
    with opened(data) as hub, hub.database.transaction() as session:
        count = provenance.withdraw(session, bundle, reason=reason, by=operator())
    console.answer(
        f"{count} samples are not learned from any more", {"bundle": bundle, "samples": count}
    )
    console.next(f"cloud-sync sample reinstate --bundle {bundle} --data {data}")


def sample_reinstate(
    bundle: BundleOption, data: DataOption = DATA, as_json: JsonOption = False
) -> None:
    """Take a withdrawal back."""
    from cloud_sync.intake import provenance

    with opened(data) as hub, hub.database.transaction() as session:
        count = provenance.reinstate(session, bundle, by=operator())
    Console(as_json).answer(
        f"{count} samples may be learned from again", {"bundle": bundle, "samples": count}
    )


def effect_list(
    state: Annotated[str, typer.Option(help="waiting, done or dead (given up).")] = "",
    target: TargetOption = "",
    limit: LimitOption = 20,
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """List what others were told or are to be told, newest first."""
    from cloud_sync.effects import letters
    from cloud_sync.store.bulk import count_rows

    if state and state not in letters.STATES:
        raise UsageError(f"no state {state!r}", fix=f"one of {', '.join(letters.STATES)}")
    console = Console(as_json)
    with opened(data) as hub, hub.database.session() as session:
        found = letters.newest(session, state=state, target=target, limit=limit)
        total = count_rows(session, letters.wanted(state=state, target=target))
        receivers = letters.targets(session)
    rows = [
        (e.id, e.target, e.kind, e.state, e.attempts, str(e.body.get("name", "")), e.error)
        for e in found
    ]
    head = "; ".join(
        f"{r.name}: {r.counts['waiting']} waiting, {r.counts['dead']} given up" for r in receivers
    )
    text = table(rows, ("id", "target", "kind", "state", "attempts", "about", "error"))
    console.answer(
        f"{head or 'nobody was told anything yet'}\n{text}", [letters.as_json(e) for e in found]
    )
    note_rest(console, len(found), total)
    if any(r.counts["dead"] for r in receivers):
        console.next(f"cloud-sync effect replay --data {data}")


def effect_replay(
    effect: Annotated[int, typer.Argument(help="Its id; 0: all that were given up.")] = 0,
    target: TargetOption = "",
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """Try again what was given up, under the ids it had; a running hub does it."""
    from cloud_sync.effects import letters

    with opened(data) as hub, hub.database.transaction() as session:
        count = letters.replay(session, by=operator(), effect_id=effect or None, target=target)
    Console(as_json).answer(f"{count} effects wait again", {"replayed": count})


def effect_test(data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Write a test message to every receiver in `notify` and `cmms`; a running hub sends it."""
    from cloud_sync.cmms.start import cmms_targets
    from cloud_sync.effects.alerts import outbox_for
    from cloud_sync.effects.start import targets_of

    console = Console(as_json)
    with opened(data) as hub:
        targets_of(hub.config)  # says what is wrong with a secret before anything is written
        cmms_targets(hub)
        with hub.database.transaction() as session:
            names = outbox_for(hub.config.notify, hub.config.cmms).test(session)
    if not names:
        raise ConfigError(
            "nobody is to be told of anything", where="notify", fix="name a webhook or mail server"
        )
    console.answer(f"a test waits for {', '.join(names)}", {"targets": [*names]})
    console.next(f"cloud-sync effect list --data {data}")


def quarantine_list(
    limit: LimitOption = 20, data: DataOption = DATA, as_json: JsonOption = False
) -> None:
    """List messages that could not be read, newest first."""
    from sqlalchemy import select

    from cloud_sync.store.bulk import count_rows
    from cloud_sync.store.models import Quarantine

    with opened(data) as hub, hub.database.session() as session:
        newest = select(Quarantine).order_by(Quarantine.id.desc())
        found = session.scalars(newest.limit(limit)).all()
        total = count_rows(session, newest)
    rows = [(q.id, q.device, q.reason, q.size, q.times, q.at.isoformat(), q.detail) for q in found]
    keys = ("id", "device", "reason", "bytes", "times", "at", "detail")
    console = Console(as_json)
    console.answer(table(rows, keys), [dict(zip(keys, row)) for row in rows])
    note_rest(console, len(rows), total)


def quarantine_save(
    message: Annotated[int, typer.Argument(help="Its id.")],
    target: Annotated[Path, typer.Argument(help="The file to write its bytes to.")],
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """Write the bytes of a message that could not be read to a file."""
    from cloud_sync.errors import NotFoundError
    from cloud_sync.store.models import Quarantine

    with opened(data) as hub, hub.database.session() as session:
        found = session.get(Quarantine, message)
    if found is None:
        raise NotFoundError("no such message", where=str(message), fix="cloud-sync quarantine list")
    target.write_bytes(found.payload)
    Console(as_json).answer(
        f"wrote {found.size} bytes of {found.topic} to {target}",
        {"path": str(target), "bytes": found.size, "topic": found.topic},
    )
