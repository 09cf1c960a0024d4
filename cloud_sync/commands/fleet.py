"""The verbs about devices and bundles. They write rows; a running hub acts on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cloud_sync.commands.options import (
    DATA,
    DataOption,
    JsonOption,
    ProjectOption,
    QuietOption,
    family,
    opened,
    operator,
    table,
)
from kits.core.console import Console

if TYPE_CHECKING:
    from cloud_sync.store.models import Bundle


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    device = family(app, "device", "Enrolled agents.")
    device.command("add")(device_add)
    device.command("list")(device_list)
    device.command("revoke")(device_revoke)
    device.command("request-window")(device_request_window)
    bundle = family(app, "bundle", "Deployable bundles.")
    bundle.command("list")(bundle_list)


def device_add(
    name: Annotated[str, typer.Argument(help="a-z, 0-9 and '-': press-3")],
    site: Annotated[str, typer.Option(help="Where it stands.")] = "main",
    group: Annotated[str, typer.Option(help="The set it belongs to.")] = "",
    data: DataOption = DATA,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Prepare the enrolment of a device: prints a one-time token, valid for 24 hours."""
    from cloud_sync.fleet import devices

    console = Console(as_json, quiet)
    with opened(data) as hub, hub.database.transaction() as session:
        token = devices.add_device(session, name, site=site, group=group, who=operator())
        command = devices.enroll_command(hub.config, hub.authority, token)
        fingerprint = hub.authority.fingerprint
    console.answer(
        token,
        {
            "device": name, "site": site, "group": group, "token": token,
            "ca_fingerprint": fingerprint, "command": command,
        },
    )  # fmt: skip
    console.note("valid once, for 24 hours")
    console.note(f"CA fingerprint {fingerprint}")
    console.next(f"on the device: {command}")


def device_list(data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """List devices, the end of their certificates, and who has not enrolled yet."""
    from cloud_sync.api.fleet import awaited_json, device_json
    from cloud_sync.fleet import device_certificates, devices

    with opened(data) as hub, hub.database.session() as session:
        found, awaited = devices.all_devices(session), devices.awaited(session)
        ends = device_certificates.expiries(session)
        fingerprint = hub.authority.fingerprint
    rows = [
        (
            d.name, d.site, d.group, _state(d.revoked_at is not None, d.online),
            f"{ends[d.name]:%Y-%m-%d}" if d.name in ends else "–", d.running_bundle[:12],
        )
        for d in found
    ]  # fmt: skip
    rows += [
        (t.device, t.site, t.group, f"awaited until {t.expires_at:%m-%d %H:%M} UTC", "–", "")
        for t in awaited
    ]
    console = Console(as_json)
    console.answer(
        table(rows, ("device", "site", "group", "state", "certificate ends", "bundle")),
        [*(device_json(d, ends.get(d.name)) for d in found), *map(awaited_json, awaited)],
    )
    console.note(f"CA fingerprint {fingerprint}")


def _state(revoked: bool, online: bool) -> str:
    if revoked:
        return "revoked"
    return "online" if online else "offline"


def device_revoke(
    name: Annotated[str, typer.Argument(help="The device.")],
    data: DataOption = DATA,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """End a device's access to API and broker, or an enrolment that was prepared."""
    from cloud_sync.fleet import devices

    console = Console(as_json, quiet)
    with opened(data) as hub, hub.database.transaction() as session:
        devices.revoke(session, name, who=operator())
    console.answer(f"revoked {name}", {"device": name, "revoked": True})
    console.next(f"cloud-sync device add {name} --data {data}    (to let it in again)")


def device_request_window(
    name: Annotated[str, typer.Argument(help="The device.")],
    asset: Annotated[str, typer.Option(help="The machine, as its windows name it.")],
    minutes: Annotated[float, typer.Option(help="So much of its past, up to 60.")] = 5.0,
    data: DataOption = DATA,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Ask a device for the raw signals of the last minutes of a machine."""
    from cloud_sync.fleet import windows

    console = Console(as_json, quiet)
    with opened(data) as hub, hub.database.transaction() as session:
        wish = windows.ask(session, name, asset, minutes, who=operator())
    console.answer(
        f"asked {name} for {minutes:g} minutes of {asset}",
        {"device": name, **wish.model_dump(mode="json")},
    )
    console.note("it comes as samples kept for 'request', within a minute when the device is there")
    console.next(f"cloud-sync sample export --help    (or look at the samples of {name})")


def bundle_list(
    project: ProjectOption = "",
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """List bundles, newest first."""
    from cloud_sync.fleet import bundles, withdrawals
    from cloud_sync.learning import champions

    with opened(data) as hub, hub.database.session() as session:
        found = bundles.all_bundles(session, project)
        outdated = champions.outdated_among(session, found)
        withdrawn = set(session.scalars(withdrawals.only_withdrawn()))

    def state(row: Bundle) -> str:
        if row.champion:
            return "champion"
        if row.id in withdrawn:
            return "withdrawn"
        if row.id in outdated:
            return "outdated"
        return "released" if row.approved_at else "not signed"

    rows = [
        (row.id[:12], row.project, row.version, row.kit, row.origin, state(row)) for row in found
    ]
    Console(as_json).answer(
        table(rows, ("bundle", "project", "version", "kit", "from", "state")),
        [
            {
                **bundles.as_json(row),
                "withdrawn": row.id in withdrawn,
                "outdated": outdated.get(row.id, ""),
            }
            for row in found
        ],
    )
