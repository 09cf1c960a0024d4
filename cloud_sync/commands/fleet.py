"""The verbs about devices and bundles. They write rows; a running hub acts on them."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud_sync.commands.options import (
    DATA,
    DataOption,
    JsonOption,
    QuietOption,
    family,
    opened,
    operator,
    table,
)


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    device = family(app, "device", "Enrolled agents.")
    device.command("add")(device_add)
    device.command("list")(device_list)
    device.command("revoke")(device_revoke)
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
    from kits.core.console import Console

    console = Console(as_json, quiet)
    with opened(data) as hub, hub.database.transaction() as session:
        token = devices.add_device(session, name, site=site, group=group, who=operator())
        url = hub.config.url
    console.answer(token, {"device": name, "site": site, "group": group, "token": token})
    console.note("valid once, for 24 hours")
    console.next(f"edge-agent enroll --hub {url} --token {token}")


def device_list(data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """List devices."""
    from cloud_sync.fleet import devices
    from kits.core.console import Console

    with opened(data) as hub, hub.database.session() as session:
        found = devices.all_devices(session)
    rows = [
        (d.name, d.site, d.group, _state(d.revoked_at is not None, d.online), d.running_bundle[:12])
        for d in found
    ]
    Console(as_json).answer(
        table(rows, ("device", "site", "group", "state", "bundle")),
        [
            {
                "name": d.name, "site": d.site, "group": d.group, "online": d.online,
                "revoked": d.revoked_at is not None, "bundle": d.running_bundle,
            }
            for d in found
        ],
    )  # fmt: skip


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
    """End a device's access to API and broker."""
    from cloud_sync.fleet import devices
    from kits.core.console import Console

    console = Console(as_json, quiet)
    with opened(data) as hub, hub.database.transaction() as session:
        devices.revoke(session, name, who=operator())
    console.answer(f"revoked {name}", {"device": name, "revoked": True})
    console.next(f"cloud-sync device add {name} --data {data}    (to let it in again)")


def bundle_list(
    project: Annotated[str, typer.Option(help="Only of this project.")] = "",
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """List bundles, newest first."""
    from cloud_sync.fleet import bundles
    from kits.core.console import Console

    with opened(data) as hub, hub.database.session() as session:
        found = bundles.all_bundles(session, project)
    rows = [
        (
            row.id[:12], row.project, row.version, row.kit, row.origin,
            "champion" if row.champion else ("approved" if row.approved_at else "not approved"),
        )
        for row in found
    ]  # fmt: skip
    Console(as_json).answer(
        table(rows, ("bundle", "project", "version", "kit", "from", "state")),
        [bundles.as_json(row) for row in found],
    )
