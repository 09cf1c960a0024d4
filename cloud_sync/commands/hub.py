"""The verbs about the hub itself: init, serve, worker, backup, restore, doctor, config show."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from cloud_sync.commands.options import DATA, DataOption, JsonOption, QuietOption, family, opened
from kits.core.console import Console
from kits.core.errors import MachineError, UsageError


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    for verb in (init, serve, worker, backup, restore, doctor):
        app.command()(verb)
    family(app, "config", "The hub's configuration.").command("show")(config_show)


def init(
    data: DataOption = DATA,
    host: Annotated[str, typer.Option(help="Address the pages are served on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port the pages are served on.")] = 8080,
    public_url: Annotated[str, typer.Option(help="How people and devices reach it.")] = "",
    tls: Annotated[
        str, typer.Option(help="HTTPS: on, off, or auto: where other machines can reach it.")
    ] = "auto",
    name: Annotated[
        list[str] | None, typer.Option(help="Further name or address of it; may be repeated.")
    ] = None,
    broker: Annotated[str, typer.Option(help="auto, mosquitto, embedded or external.")] = "auto",
    broker_host: Annotated[str, typer.Option(help="Address the broker listens on.")] = "127.0.0.1",
    broker_port: Annotated[
        int, typer.Option(help="Port of the broker; 0: 1883, or a free one when that is taken.")
    ] = 0,
    login: Annotated[str, typer.Option(help="Login of the first admin.")] = "admin",
    password: Annotated[str, typer.Option(help="Its password; drawn when not given.")] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make a hub: folder, configuration, keys, tables, first admin."""
    from cloud_sync import setup
    from cloud_sync.config import load
    from cloud_sync.fleet.broker import answers
    from cloud_sync.fleet.pki import Authority
    from kits.core.addresses import free_port

    console = Console(as_json, quiet)
    if not broker_port:
        broker_port = free_port() if answers("127.0.0.1", 1883) else 1883
    changes: dict[str, object] = {
        "listen": {"host": host, "port": port, "tls": tls, "names": name or []},
        "public_url": public_url,
        "broker": {"kind": broker, "host": broker_host, "port": broker_port},
    }
    made = setup.init(data, login, password, changes)
    config = load(data)
    fingerprint = Authority(config.pki_dir).fingerprint
    shown = "as given" if password else made
    console.answer(
        f"made a hub in {data}: login {login}, password {shown}",
        {
            "data": str(data), "login": login, "password": "" if password else made,
            "url": config.url, "broker_port": broker_port, "ca_fingerprint": fingerprint,
        },
    )  # fmt: skip
    if config.listen.encrypted:
        console.note(f"CA fingerprint {fingerprint}")
    if not password:
        console.note("the password is shown this once")
    console.next(f"cloud-sync serve --data {data}")


def serve(
    data: DataOption = DATA,
    ingest: Annotated[
        bool, typer.Option("--ingest/--no-ingest", help="Take what devices send in this process.")
    ] = True,
    jobs: Annotated[
        bool, typer.Option("--jobs/--no-jobs", help="Work off retrainings in this process.")
    ] = True,
) -> None:
    """Run the hub: pages, API, broker, ingest, jobs. Ends with Ctrl-C or SIGTERM."""
    from cloud_sync.app import create_app
    from cloud_sync.config import load
    from cloud_sync.server import WebServer
    from cloud_sync.store.check import require_database

    config = load(data)
    require_database(config.database)
    _log_events()
    app = create_app(config, ingest=ingest, jobs=jobs)
    hub = app.state.hub
    server = WebServer(
        app, config, hub.authority, stopping=app.state.ending.set,
        refused=hub.metrics.connections_refused.inc,
    )  # fmt: skip
    server.run(
        started=lambda: print(f"serving {config.url}", flush=True)  # noqa: T201  (the answer)
    )


def worker(
    data: DataOption = DATA,
    ingest: Annotated[
        bool, typer.Option("--ingest/--no-ingest", help="Take what devices send.")
    ] = True,
    jobs: Annotated[
        bool, typer.Option("--jobs/--no-jobs", help="Work off retrainings, watch for drift.")
    ] = True,
) -> None:
    """Do in a process of its own what `serve --no-ingest --no-jobs` leaves; any number of them."""
    import threading
    from contextlib import ExitStack

    from cloud_sync.background import start_care, start_ingest, start_jobs, start_leads
    from cloud_sync.crm.scoring.models import LeadModels
    from cloud_sync.fleet.brokers import make_broker
    from cloud_sync.intake.link import require_broker
    from kits.core.ending import ending_on_signals

    if not (ingest or jobs):
        raise UsageError(
            "a worker without ingest and jobs has nothing to do",
            fix="leave out --no-ingest or --no-jobs",
        )
    stopped = threading.Event()
    _log_events()
    # a signal ends it at once while it waits for another process to bring the tables up to date
    with (
        opened(data, patience_s=math.inf) as hub,
        ending_on_signals(stopped.set),
        ExitStack() as parts,
    ):
        if ingest:
            broker = make_broker(hub.config)
            require_broker(broker.address)
            start_ingest(hub, broker, parts)
            start_care(hub, parts)
            start_leads(hub, parts, LeadModels(hub))
        if jobs:
            start_jobs(hub, parts)
        tasks = " and ".join(["ingest"] * ingest + [f"{hub.config.jobs.workers} jobs"] * jobs)
        print(f"working: {tasks}", flush=True)  # noqa: T201  (the verb's answer)
        stopped.wait()


def backup(
    target: Annotated[Path, typer.Argument(help="The tar file to write.")],
    data: DataOption = DATA,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Save configuration, keys, tables and pictures into one file; the hub may run."""
    from cloud_sync import backups

    console = Console(as_json, quiet)
    # an update that was installed already must leave a way back, and a hub that still runs its tables
    with opened(data, as_it_is=True) as hub:
        done = backups.backup(hub, target)
    console.answer(
        f"saved {target}: {done['blobs']} blobs, {done['bytes'] / 1e6:.1f} MB",
        {"path": str(target), **done},
    )
    console.note("it holds the hub's keys: keep it as safe as the hub")
    if done["elsewhere"]:
        console.note(
            f"not in it: {done['elsewhere']} blobs that storage_url keeps; save them there"
        )
    console.next(f"cloud-sync restore {target} --data NEW")


def restore(
    source: Annotated[Path, typer.Argument(help="A file made by `backup`.")],
    data: DataOption = DATA,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Unpack a backup into an empty folder and check every blob."""
    from cloud_sync import backups

    console = Console(as_json, quiet)
    done = backups.restore(source, data)
    console.answer(
        f"restored {data}: {done['blobs']} blobs are whole",
        {
            "data": str(data), "blobs": done["blobs"], "elsewhere": done["elsewhere"],
            "database_was": done["database_was"], "paused": [*done["paused"]],
            "rollouts": [*done["rollouts"]], "waiting": {**done["waiting"]},
        },
    )  # fmt: skip
    if done["elsewhere"]:
        console.note(f"not looked at: {done['elsewhere']} blobs that storage_url keeps")
    if done["database_was"]:
        console.note(
            f"its tables are in {data} now, not in {done['database_was']}: "
            "`database_url` is empty in its hub.yaml"
        )
    if done["paused"]:
        console.note(
            f"paused: the CRM {', '.join(done['paused'])}. What people said of leads since the backup is forgotten, and two hubs "
            "would write over each other: stop the other one if it runs, say objections, erasures and bands again, then "
            f"cloud-sync crm resume {done['paused'][0]} --data {data}"
        )
    if done["rollouts"]:
        console.note(
            f"paused: rollout {', '.join(map(str, done['rollouts']))}. Whether somebody aborted it since the backup is forgotten: "
            f"cloud-sync rollout resume {done['rollouts'][0]} --data {data}, or abort"
        )
    if done["waiting"]:
        told = ", ".join(f"{count} for {target}" for target, count in done["waiting"].items())
        console.note(
            f"waiting to be told at the backup, and told at the start, once more if they were since: {told}. Webhooks know"
            " them again by their ids, and a case gets no second order; mails and comments come twice"
        )
    console.note(
        "whoever was shut out since the backup is let in again: before it starts, repeat what was done to people, tokens and "
        f"devices since (cloud-sync user list, token list, device list; user disable, token revoke, device revoke --data {data})"
    )
    console.note(
        "it has forgotten the certificates issued since the backup: whoever enrolled since must enrol"
        " again, and a machine that you replace within a year needs a new name"
    )
    console.next(f"cloud-sync doctor --data {data}")


def doctor(data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Check what the hub needs: check, found, fix. Exit code 4 when something is missing."""
    from dataclasses import asdict

    from cloud_sync import setup
    from cloud_sync.commands.options import table
    from cloud_sync.config import load
    from cloud_sync.fleet.broker import answers
    from cloud_sync.fleet.probes import reachable

    console = Console(as_json)
    findings = setup.doctor(data)
    bad = [f for f in findings if not f.ok]
    head = f"{len(bad)} of {len(findings)} checks failed" if bad else "everything is there"
    rows = [("ok" if f.ok else "FIX", f.check, f.found, "" if f.ok else f.fix) for f in findings]
    console.answer(
        f"{head}\n\n{table(rows, ('', 'check', 'found', 'fix'))}",
        {"ok": not bad, "checks": [asdict(f) for f in findings]},
    )
    if bad:
        raise typer.Exit(MachineError.exit_code)
    listen = load(data).listen
    runs = answers(reachable(listen.host), listen.port)
    console.next(f"cloud-sync {'status' if runs else 'serve'} --data {data}")


def config_show(data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Print the configuration in force, every key with what it means; secrets are hidden."""
    from cloud_sync.config import dump, load, without_secrets

    config = without_secrets(load(data))
    Console(as_json).answer(dump(config), config.model_dump(mode="json"))


def _log_events() -> None:
    import logging

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
