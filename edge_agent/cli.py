"""The `edge-agent` command: composes the parts. `--help` imports nothing heavy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge_agent.alarms.commands import app as alarms_app
from edge_agent.mail.commands import app as mail_app
from edge_agent.options import DEFAULT, ConfigOption, JsonOption, QuietOption, settings_of
from kits.core.console import Console
from kits.core.console import run as run_app
from kits.program import make_family, make_program

app = make_program(
    "edge-agent",
    "The on-device service: source → predict → decide → act → outbox → hub, and updates.",
)
config_app = make_family("The agent's configuration file.")
app.add_typer(config_app, name="config")
app.add_typer(alarms_app, name="alarms")
app.add_typer(mail_app, name="mail")

_OPENING_LIMIT_S = 1800.0  # a large outbox on a slow disk is read whole before it is trusted


def main() -> None:
    """Entry point of the console script."""
    from edge_agent.process import leaving_behind

    with leaving_behind():
        run_app(app)


@app.command()
def enroll(
    hub: Annotated[str, typer.Option(help="Address of the hub, e.g. https://hub.local:8080.")],
    token: Annotated[str, typer.Option(help="The one-time token from the hub.")],
    ca_fingerprint: Annotated[
        str, typer.Option(help="SHA-256 of the hub's authority, as `cloud-sync device add` says.")
    ] = "",
    insecure_http: Annotated[
        bool, typer.Option("--insecure-http", help="Accept http:// that others can read.")
    ] = False,
    config: ConfigOption = DEFAULT,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Exchange a one-time token for this device's identity."""
    from edge_agent import enroll as enrolment

    out, settings = Console(as_json, quiet), settings_of(config)
    before = enrolment.known_identity(settings.identity_path)
    identity = enrolment.enroll(
        settings.hub,
        hub,
        token,
        settings.identity_path,
        fingerprint=ca_fingerprint,
        insecure_http=insecure_http,
    )
    out.answer(
        f"enrolled as {identity.device} at {identity.site}"
        + (f", group {identity.group}" if identity.group else ""),
        {
            "device": identity.device,
            "site": identity.site,
            "group": identity.group,
            "identity": str(settings.identity_path),
        },
    )
    if before is not None and before.hub_id != identity.hub_id:
        out.note(
            "this is another hub than before: from the agent's next start on its releases count"
        )
    out.next(f"edge-agent run --config {config}")


@app.command()
def run(
    config: ConfigOption = DEFAULT,
    max_samples: Annotated[int, typer.Option(help="End after so many samples; 0: never.")] = 0,
    until_empty: Annotated[
        bool, typer.Option("--until-empty", help="At the end wait until the hub has everything.")
    ] = False,
    sync_timeout: Annotated[float, typer.Option(help="Longest such wait, seconds.")] = 60.0,
    status_host: Annotated[
        str, typer.Option(help="Where the status page listens, instead of status.host.")
    ] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run the agent until the source ends or it is told to stop."""
    from contextlib import ExitStack
    from dataclasses import asdict

    from edge_agent import log, systemd
    from edge_agent.agent import Agent
    from edge_agent.process import within_means
    from kits.core.ending import ending_on_signals

    out, settings = Console(as_json, quiet), settings_of(config)
    if status_host:
        page = settings.status.model_copy(update={"host": status_host})
        settings = settings.model_copy(update={"status": page})
    log.setup(settings.log_level)
    with ExitStack() as stack:
        with within_means(str(settings.state_dir)), systemd.starting(_OPENING_LIMIT_S):
            agent = Agent(settings)
            stack.enter_context(ending_on_signals(agent.stop))
        summary = agent.run(
            max_samples=max_samples, until_empty=until_empty, sync_timeout_s=sync_timeout
        )
    out.answer(summary.text(), asdict(summary))
    if until_empty and not summary.synced:
        raise typer.Exit(5)
    out.next("edge-agent status" if not summary.synced else f"edge-agent doctor --config {config}")


@app.command()
def status(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """What the running agent does. Exit code 0: healthy, 1: a part of it stands still, 5: no answer."""
    from edge_agent.status import ask, page_address
    from edge_agent.status_text import status_lines

    out, settings = Console(as_json), settings_of(config)
    answer = ask(settings)
    out.answer("\n".join(status_lines(answer)), answer)
    if answer["ailment"]:
        raise typer.Exit(1)
    out.next(f"open {page_address(settings.status)}")


@app.command()
def doctor(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Check what the agent needs around it."""
    from dataclasses import asdict

    from edge_agent.doctor import examine

    out = Console(as_json)
    checks = list(examine(settings_of(config)))
    bad = [c for c in checks if not c.ok]
    rows = [
        ("check", "found", "needed", "fix"),
        *((c.check, c.found, c.needed, c.fix) for c in checks),
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    table = "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip() for row in rows
    )
    verdict = f"{len(bad)} of {len(checks)} checks need attention" if bad else "everything is there"
    out.answer(f"{verdict}\n\n{table}", {"ok": not bad, "checks": [asdict(c) for c in checks]})
    if bad:
        raise typer.Exit(4)
    out.next(f"edge-agent run --config {config}")


@app.command()
def apply(
    bundle: Annotated[Path, typer.Argument(help="A .kwb file.")],
    config: ConfigOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Install a local bundle: golden samples now, switch in the running agent or at its start."""
    from edge_agent.engine.ladder import Ladder
    from edge_agent.update.install import check_none_on_probation
    from edge_agent.update.requests import leave_bundle
    from edge_agent.update.slots import Slots
    from kits.core.bundle import open_file
    from kits.core.errors import UsageError

    out, settings = Console(as_json), settings_of(config)
    opened, slots = open_file(bundle), Slots(settings.state_dir)
    denied = slots.state.denied.get(opened.id)
    if denied is not None:
        fix = f"edge-agent allow {opened.id[:12]}"
        raise UsageError(f"this bundle went back here: {denied}", where=str(bundle), fix=fix)
    check_none_on_probation(slots.state.job)
    loaded = Ladder(settings.engine, settings.state_dir / "engines").load(opened)
    leave_bundle(slots, bundle.read_bytes(), opened.id)
    golden = len(opened.golden.samples)
    out.answer(
        f"{opened.manifest.name} {opened.manifest.version} ({opened.id[:12]}) is ready:"
        f" {golden} golden samples agree on {loaded.provider}",
        {"bundle": opened.id, "golden": golden, "provider": loaded.provider},
    )
    out.next("edge-agent status")


@app.command()
def rollback(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Go back to the previous bundle."""
    from edge_agent.update.records import Request
    from edge_agent.update.requests import leave_request
    from edge_agent.update.slots import Slots
    from kits.core.errors import UsageError

    out, settings = Console(as_json), settings_of(config)
    slots = Slots(settings.state_dir)
    previous = slots.state.previous
    if not slots.has(previous):
        raise UsageError("there is no previous bundle to go back to", fix="edge-agent apply BUNDLE")
    leave_request(slots.folder, Request(kind="rollback"))
    out.answer(f"going back to {previous[:12]}", {"bundle": previous})
    out.next("edge-agent status")


@app.command()
def allow(
    bundle: Annotated[str, typer.Argument(help="Its id, or the first 8 or more digits.")],
    config: ConfigOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Let a bundle be installed again that went back on this device."""
    from edge_agent.update.records import Request
    from edge_agent.update.requests import leave_request
    from edge_agent.update.slots import Slots
    from kits.core.errors import UsageError

    out, settings = Console(as_json), settings_of(config)
    slots = Slots(settings.state_dir)
    found = [known for known in slots.state.denied if known.startswith(bundle)]
    if len(bundle) < 8 or len(found) != 1:
        denied = ", ".join(known[:12] for known in slots.state.denied) or "none"
        raise UsageError(
            "no such bundle is denied here", where=bundle[:64], fix=f"denied: {denied}"
        )
    leave_request(slots.folder, Request(kind="allow", bundle=found[0]))
    out.answer(
        f"{found[0][:12]} may be installed again; it went back because:"
        f" {slots.state.denied[found[0]]}",
        {"bundle": found[0], "reason": slots.state.denied[found[0]]},
    )
    out.next("roll it out again, or edge-agent apply BUNDLE")


@app.command()
def replay(
    path: Annotated[Path, typer.Argument(help="A recorded file, or a folder of them.")],
    config: ConfigOption = DEFAULT,
    bundle: Annotated[Path | None, typer.Option(help="Instead of the active bundle.")] = None,
) -> None:
    """Run recorded inputs through the live pipeline; decisions as JSON lines."""
    from edge_agent import log
    from edge_agent.replay import replay as replayed
    from edge_agent.update.slots import Slots
    from kits.core.bundle import open_file
    from kits.core.errors import UsageError

    settings = settings_of(config)
    log.setup("warning")
    given = bundle or settings.bundle
    if bundle is None:
        slots = Slots(settings.state_dir)
        given = slots.path(slots.state.active) if slots.state.active else given
    if given is None:
        raise UsageError("no bundle to replay with", fix="edge-agent replay PATH --bundle B")
    for body in replayed(settings, open_file(given), path):
        print(body.model_dump_json(), flush=True)  # noqa: T201  the command's output


@config_app.command("show")
def config_show(
    config: ConfigOption = DEFAULT,
    describe: Annotated[bool, typer.Option(help="Every key, its default and meaning.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the configuration with all defaults, secrets masked."""
    import yaml

    from edge_agent.config import AgentConfig
    from edge_agent.config_text import describe as keys
    from edge_agent.config_text import shown

    out = Console(as_json)
    if describe:
        rows = list(keys(AgentConfig))
        text = "\n".join(f"{key:42} {default:16} {meaning}" for key, default, meaning in rows)
        out.answer(text, [{"key": k, "default": d, "meaning": m} for k, d, m in rows])
        return
    values = shown(settings_of(config))
    out.answer(yaml.safe_dump(values, sort_keys=False, allow_unicode=True).rstrip(), values)


@app.command("install-service")
def install_service(
    config: ConfigOption = DEFAULT,
    user: Annotated[str, typer.Option(help="The account the agent runs under.")] = "kitwright",
    path: Annotated[Path | None, typer.Option(help="Write here instead of to stdout.")] = None,
) -> None:
    """Print the systemd unit, or write it with --path."""
    from edge_agent.service_unit import make_unit
    from edge_agent.sources.config import HotFolderSourceConfig
    from edge_agent.sources.machine_config import ModbusSourceConfig

    settings = settings_of(config)
    source = settings.source
    writable = []
    if isinstance(source, HotFolderSourceConfig) and source.done != "keep":
        writable.append(source.path)
    serial = source.serial if isinstance(source, ModbusSourceConfig) else ""
    unit = make_unit(config.absolute(), settings.state_dir, user, writable, serial)
    if path is None:
        print(unit, end="")  # noqa: T201  the command's output
        return
    path.write_text(unit)
    out = Console()
    out.answer(f"written to {path}", {"path": str(path)})
    out.next(f"sudo systemctl daemon-reload && sudo systemctl enable --now {path.name}")


if __name__ == "__main__":
    main()
