"""`cloud-sync crm simulate` and `crm example`: pretended CRMs on this machine, and leads of theirs to train on."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cloud_sync.commands.options import JsonOption, QuietOption
from kits.core.console import Console
from kits.core.errors import ConfigError, UsageError, did_you_mean

if TYPE_CHECKING:
    from cloud_sync.crm.simulator import Simulator

Kind = Literal["hubspot", "salesforce", "pipedrive", "odoo", "dynamics", "standard"]
KindArgument = Annotated[
    Kind, typer.Argument(help="Which CRM to pretend; standard: a program of your own.")
]
SeedOption = Annotated[
    int, typer.Option(min=0, help="The same gives the same leads and the same life.")
]


def join(crm: typer.Typer) -> None:
    """Adds the verbs to `cloud-sync crm`."""
    crm.command("simulate")(crm_simulate)
    crm.command("example")(crm_example)


def crm_simulate(
    kind: KindArgument,
    hub: Annotated[
        str, typer.Option(help="Send events to https://HUB/v1/crm/NAME; empty: only its API is there.")
    ] = "",
    secrets_file: Annotated[
        Path | None,
        typer.Option(
            help="Secrets, the same file as for `crm add`; made when missing. Default: KIND-secrets.json. Beside"
            " X-secrets.json X-settings.yaml is written, for `crm add --settings`."
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port on loopback; 0: any free one.")] = 8070,
    leads: Annotated[int, typer.Option(min=0, max=100_000, help="So many are there already.")] = 200,
    records: Annotated[
        Path | None, typer.Option(help="Leads from this file of JSON lines instead of made-up ones.")
    ] = None,
    per_day: Annotated[float, typer.Option(min=0, max=1e6, help="New leads in a day of its time.")] = 10,
    time_scale: Annotated[
        float,
        typer.Option(min=0.001, max=1e9, help="Its time runs so many times faster: its life, its retries, its bans."),
    ] = 2000,
    minutes: Annotated[float, typer.Option(min=0, help="Ends after so long; 0: by Ctrl-C.")] = 0,
    thing: Annotated[
        str, typer.Option("--object", help="What a lead is there, such as deals; empty: the CRM's own.")
    ] = "",
    scheme: Annotated[str, typer.Option(help="How it signs; empty: the CRM's own way.")] = "",
    duplicates: Annotated[float, typer.Option(min=0, max=1000, help="Each event is sent so often once more.")] = 0,
    reorder: Annotated[float, typer.Option(min=0, max=1, help="This share of events is held back…")] = 0,
    delay_s: Annotated[float, typer.Option(min=0, max=86_400, help="…by up to so long, seconds.")] = 0,
    limit: Annotated[
        int, typer.Option(min=-1, help="Requests to its API in the CRM's window; -1: as the CRM, 0: any number.")
    ] = -1,
    day_tokens: Annotated[
        int, typer.Option(min=0, help="Tokens that its API has in a day (Pipedrive); 0: any number.")
    ] = 0,
    signed_url: Annotated[
        str, typer.Option(help="The hub's public address, where --hub is another way to it.")
    ] = "",
    ca: Annotated[Path | None, typer.Option(help="Who signed the hub's certificate (PEM).")] = None,
    seed: SeedOption = 0,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Pretend a CRM on this machine: its API, its signed events, its bad days. It forgets all at its end."""
    from cloud_sync.crm.simulator import Noise, Simulator
    from cloud_sync.crm.simulator.coming import read_coming
    from cloud_sync.crm.simulator.files import check_settings, secrets_in, settings_beside
    from cloud_sync.crm.simulator.running import Run, run

    _check_scheme(scheme)
    _check_url(hub)
    file = secrets_file or Path(f"{kind}-secrets.json")
    check_settings(settings_beside(file))
    simulator = Simulator(
        kind, seed=seed, secrets=secrets_in(file, kind), scheme=scheme,
        limit=None if limit < 0 else limit,
        coming=None if records is None else read_coming(records), thing=thing,
    )  # fmt: skip
    simulator.limit_day(day_tokens)
    simulator.make(leads, quiet=True)
    how = Run(
        port, hub, signed_url, _trust(ca), Noise(duplicates, reorder, delay_s),
        time_scale, per_day, minutes,
    )  # fmt: skip
    console = Console(as_json, quiet)
    run(
        simulator, how,
        up=lambda url: _introduce(console, simulator, url, file, (kind, hub)), told=console.note,
    )  # fmt: skip
    console.answer(_summary(simulator), simulator.figures())


def crm_example(
    kind: KindArgument,
    file: Annotated[Path, typer.Argument(help="The CSV to write.", dir_okay=False)],
    leads: Annotated[int, typer.Option(min=1, max=100_000, help="So many.")] = 3000,
    years: Annotated[float, typer.Option(min=0.01, max=10, help="Of the last so many years.")] = 2,
    seed: SeedOption = 0,
    firms: Annotated[
        Path | None,
        typer.Option(
            "--firms",
            help="A second CSV: HubSpot's companies, which it exports by themselves.",
            dir_okay=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write leads a pretended CRM had, and what became of them: to train on before it is connected."""
    from cloud_sync.crm.simulator import Simulator
    from cloud_sync.crm.simulator.history import firms_csv, history_csv
    from kits.core.files import write_atomically

    simulator = Simulator(kind, seed=seed)
    beside = firms_csv(simulator)
    if firms is not None and not beside:
        raise UsageError(
            f"{simulator.kind} shows firms with leads, or none", fix="leave --firms out"
        )
    write_atomically(file, history_csv(simulator, leads, years).encode())
    if firms is not None:
        write_atomically(firms, beside.encode())
    console = Console(as_json)
    console.answer(
        f"{leads} made-up leads, with what became of them, are in {file}",
        {"file": str(file), "leads": leads},
    )
    console.next(f"kit new lead-scoring my-leads --data {file}")


def _check_scheme(scheme: str) -> None:
    from cloud_sync.crm.simulator.signing import SIGNERS

    if scheme and scheme not in SIGNERS:
        raise UsageError(
            f"no scheme {scheme!r}", where="--scheme", fix=did_you_mean(scheme, SIGNERS)
        )


def _check_url(hub: str) -> None:
    if hub and not hub.startswith(("http://", "https://")):
        raise UsageError("not an address", where="--hub", fix="https://HUB/v1/crm/NAME")


def _trust(ca: Path | None) -> ssl.SSLContext | None:
    if ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(ca))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            "not a certificate", where=str(ca), fix="a PEM file, such as the hub's pki/ca.pem"
        ) from error


def _introduce(
    console: Console, simulator: Simulator, url: str, file: Path, asked: tuple[str, str]
) -> None:
    from cloud_sync.crm.simulator.files import keep_secrets, settings_beside, write_settings

    kind, hub = asked
    keep_secrets(file, simulator.secrets)
    settings = settings_beside(file)
    changed = write_settings(settings, simulator.connection(url))
    leads = len(simulator.records)
    console.note(f"a pretended {kind} with {leads} leads on {url}; it ends with Ctrl-C")
    if changed:
        console.note(changed)
    if hub:
        console.note(f"its events go to {hub}")
        return
    name = f"my-{kind}"
    console.note(
        f"connect it: cloud-sync crm add {name} --settings {settings} --secrets-file {file}"
        " --project PROJECT"
    )
    console.next(
        f"cloud-sync crm simulate {kind} --secrets-file {file} --hub http://HUB/v1/crm/{name}"
    )


def _summary(simulator: Simulator) -> str:
    found = simulator.figures()
    sent = found["sent"]
    words = [
        f"{found['leads']} leads: {found['open']} open, {found['won']} won, {found['lost']} lost",
        f"{found['writes']} scores written, {found['writes_that_changed_nothing']} of them changed nothing",
        f"{found['requests']} requests to its API",
    ]
    if isinstance(sent, dict) and sent:
        words.append(f"{sent.get('events', 0)} events, {sent.get('accepted', 0)} taken by the hub")
    return "; ".join(words)
