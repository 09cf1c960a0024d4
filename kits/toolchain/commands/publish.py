"""The verb `publish`: sign a bundle and bring it to the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kits.toolchain.commands.options import HERE, JsonOption, ProjectOption, QuietOption

if TYPE_CHECKING:
    from kits.core.console import Console
    from kits.toolchain.hub_client import HubClient
    from kits.toolchain.publish import Shipment


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    app.command()(publish)


def publish(
    hub: Annotated[str, typer.Option(metavar="URL", help="The hub's address.")],
    token: Annotated[
        str, typer.Option(help="API token; else KITWRIGHT_HUB_TOKEN, else the stored one.")
    ] = "",
    bundle: Annotated[str, typer.Option(metavar="PATH", help="The newest one by default.")] = "",
    with_data: Annotated[
        bool, typer.Option("--data/--no-data", help="Also send the dataset version.")
    ] = True,
    remember: Annotated[bool, typer.Option(help="Keep the token for the next time.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent.")] = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Sign the bundle and upload it with its dataset version. Repeating it changes nothing."""
    from kits.core.console import Console
    from kits.toolchain import keys
    from kits.toolchain import publish as publishing
    from kits.toolchain.hub_client import HubClient
    from kits.toolchain.progress import make_progress
    from kits.toolchain.project import Project

    console = Console(as_json, quiet)
    opened = Project.open(project)
    shipment = publishing.prepare(opened, opened.bundle_path(bundle), with_data=with_data)
    secret = keys.find_token(hub, token)
    with HubClient(hub, secret) as client:
        if dry_run:
            _say_what_would_be_sent(console, client, shipment)
            return
        key, is_new = keys.signing_key(opened)
        answer = publishing.send(client, shipment, key, make_progress(console))
    console.answer(
        f"published {answer.project} {answer.version} ({answer.bundle[:12]}): {answer.page}",
        answer.model_dump(mode="json"),
    )
    if is_new:
        console.note(f"made a signing key: {opened.keys_dir / 'publish.pem'}; keep a copy safe")
    if remember:
        console.note(f"token kept in {keys.store_token(hub, secret)}")
    console.next(f"cloud-sync bundle approve {answer.bundle[:12]}    (or on the page above)")


def _say_what_would_be_sent(console: Console, client: HubClient, shipment: Shipment) -> None:
    from kits.toolchain.publish import missing

    lacking = missing(client, [*shipment.media_types(), shipment.blob])
    manifest = shipment.bundle.manifest
    console.answer(
        f"would publish {manifest.project} {manifest.version} ({shipment.bundle.id[:12]}): "
        f"{len(lacking)} blobs are missing at the hub",
        {
            "bundle": shipment.bundle.id,
            "project": manifest.project,
            "version": manifest.version,
            "missing": list(lacking),
        },
    )
