"""The verbs that release: `publish`, `approve`, `release`; and `withdraw`, which takes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kits.toolchain.commands.hub_options import (
    FingerprintOption,
    HubOption,
    KeysOption,
    TokenOption,
    YesOption,
    confirm,
    open_client,
    open_desk,
)
from kits.toolchain.commands.options import HERE, JsonOption, ProjectOption, QuietOption

if TYPE_CHECKING:
    from pydantic import JsonValue

    from kits.core.console import Console
    from kits.core.releases import Release
    from kits.toolchain.hub_client import HubClient
    from kits.toolchain.publish import Shipment
    from kits.toolchain.releasing.releases import Signed
    from kits.toolchain.releasing.roots import Desk

ExpectOption = Annotated[
    float | None,
    typer.Option(
        "--expect-changes",
        min=0,
        max=1,
        metavar="SHARE",
        help="Share of verdicts that devices let change; else what the hub saw, 0.5 at most.",
    ),
]
BundleId = Annotated[str, typer.Argument(help="Its id at the hub, or the first 8 or more digits.")]


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    app.command()(publish)
    app.command()(approve)
    app.command()(release)
    app.command()(withdraw)


def publish(
    hub: HubOption,
    bundle: Annotated[
        str, typer.Argument(metavar="[BUNDLE]", help="A .kwb file; the newest one by default.")
    ] = "",
    token: TokenOption = "",
    keys: KeysOption = None,
    ca_fingerprint: FingerprintOption = "",
    with_data: Annotated[
        bool, typer.Option("--data/--no-data", help="Also send the dataset version.")
    ] = True,
    remember: Annotated[bool, typer.Option(help="Keep the token for the next time.")] = False,
    no_passphrase: Annotated[
        bool, typer.Option("--no-passphrase", help="First time: leave the new keys unencrypted.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent.")] = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Upload the bundle with its dataset version and sign it as the project's next release.

    The first time it makes your keys: root says which keys count, targets signs releases. They stay
    on this machine, protected by a passphrase; the hub never sees them. Repeating it changes nothing.
    """
    from kits.core.console import Console
    from kits.toolchain import publish as publishing
    from kits.toolchain.progress import make_progress
    from kits.toolchain.project import Project
    from kits.toolchain.releasing import tokens
    from kits.toolchain.releasing.releases import is_begun, sign_release
    from kits.toolchain.runs import warning_of

    console = Console(as_json, quiet)
    opened = Project.open(project)
    path = opened.bundle_path(bundle)
    shipment = publishing.prepare(opened, path, with_data=with_data)
    if not bundle and (newer := publishing.left_behind(opened, path)):
        console.note(
            f"what goes is {path.name}, of an earlier run than {newer}: `kit compile` first, if that is what you mean"
        )
    warning = warning_of(opened.runs_dir, shipment.bundle.manifest.run)
    if warning is not None:
        console.note(f"warn {warning.text}")
        console.note(f"     {warning.fix}")
    if dry_run:
        with open_client(hub, token, ca_fingerprint) as client:
            _say_what_would_be_sent(console, client, shipment)
        return
    with open_desk(hub, token, keys, ca_fingerprint) as desk:
        if not is_begun(desk):
            _make_first_keys(console, desk, no_passphrase=no_passphrase)
        answer = publishing.send(desk.client, shipment, make_progress(console))
        signed = sign_release(desk, shipment.content)
    if remember:
        console.note(f"token kept in {tokens.store_token(hub, tokens.find_token(hub, token))}")
    said = "signed as" if signed.is_new else "already"
    console.answer(
        f"published {answer.project} {answer.version} ({answer.bundle[:12]}), {said} release "
        f"{signed.release.release}: {answer.page}",
        {**signed.as_json(), "page": answer.page},
    )
    if signed.first:
        console.note(f"keep a copy of {desk.keys.folder} in a safe place, and the passphrase apart")
    console.next(_then(signed.release))


def approve(
    bundle: BundleId,
    hub: HubOption,
    token: TokenOption = "",
    keys: KeysOption = None,
    ca_fingerprint: FingerprintOption = "",
    expect_changes: ExpectOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Sign a bundle that was trained at the hub, after looking at how it did against the champion.

    Downloads it, checks that its bytes are those of its id, shows metrics and comparison, and asks.
    """
    from kits.core.console import Console

    with open_desk(hub, token, keys, ca_fingerprint) as desk:
        _sign_from_hub(Console(as_json, quiet), desk, bundle, expect_changes, yes=yes, again=False)


def release(
    bundle: BundleId,
    hub: HubOption,
    token: TokenOption = "",
    keys: KeysOption = None,
    ca_fingerprint: FingerprintOption = "",
    expect_changes: ExpectOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Return to an older bundle on purpose: its bytes become a new release with a higher number."""
    from kits.core.console import Console

    with open_desk(hub, token, keys, ca_fingerprint) as desk:
        _sign_from_hub(Console(as_json, quiet), desk, bundle, expect_changes, yes=yes, again=True)


def withdraw(
    word: Annotated[
        str,
        typer.Argument(metavar="RELEASE", help="PROJECT/NUMBER, or the bundle's id or its start."),
    ],
    hub: HubOption,
    reason: Annotated[str, typer.Option(help="Why; devices and colleagues are told.")],
    older: Annotated[
        bool, typer.Option("--older", help="Also every release of the project before it.")
    ] = False,
    token: TokenOption = "",
    keys: KeysOption = None,
    ca_fingerprint: FingerprintOption = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be withdrawn.")
    ] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take a release back: no device installs its bundle any more, whatever the hub wishes.

    Devices that run it go on and say so. `kit release` releases the bundle again under a new number.
    """
    from kits.core.console import Console
    from kits.toolchain.releasing import withdrawing

    console, why = Console(as_json, quiet), withdrawing.clean_reason(reason)
    with open_desk(hub, token, keys, ca_fingerprint) as desk:
        found = withdrawing.concerned(desk.trusted.refresh().targets, word, older=older)
        names = [f"{one.project}/{one.release}" for one in found]
        for name, one in zip(names, found):
            console.note(f"{name}  version {one.version} ({one.bundle[:12]})")
        told = ", ".join(names)
        if found and not dry_run:
            confirm(f"withdraw {told} from the devices of this hub?", yes=yes, as_json=as_json)
            withdrawing.withdraw(desk, found, why)
    listed: list[JsonValue] = [*names]
    said = "would withdraw" if dry_run else "withdrew"
    answer: dict[str, JsonValue] = {"withdrawn": listed, "reason": why, "dry_run": dry_run}
    console.answer(f"{said} {told}" if found else "withdrawn already", answer)
    if found and not dry_run:
        console.next(after_withdrawal(found[-1]))


def _sign_from_hub(
    console: Console, desk: Desk, prefix: str, wanted: float | None, *, yes: bool, again: bool
) -> None:
    from kits.core.errors import GateError
    from kits.toolchain.releasing.releases import sign_release
    from kits.toolchain.releasing.signing_table import fetch

    offer = fetch(desk.client, prefix)
    for line in (*offer.lines(), offer.limit(wanted)):
        console.note(line)
    if offer.outdated:
        fix = f"cloud-sync retrain run {offer.bundle.manifest.project}, and sign what wins then"
        raise GateError(offer.outdated, where=offer.bundle.id[:12], fix=fix)
    question = f"sign {offer.title} for the devices of this hub?"
    confirm(question, yes=yes, as_json=console.as_json)
    expected = offer.expected(wanted)
    signed = sign_release(
        desk, offer.content, again=again, expected=expected, insist=wanted is not None
    )
    _say_signed(console, signed, expected)


def _say_signed(console: Console, signed: Signed, expected: float | None) -> None:
    from kits.toolchain.releasing.releases import says_as_much

    release = signed.release
    said = "signed as" if signed.is_new else "is already"
    console.answer(
        f"{release.project} {release.version} ({release.bundle[:12]}) {said} release "
        f"{release.release}",
        signed.as_json(),
    )
    if not says_as_much(release, expected):
        signed_share = release.expected_disagreement
        share = "no change" if signed_share is None else f"up to {signed_share:.1%}"
        console.note(f"it stands with {share} of verdicts; --expect-changes SHARE signs it anew")
    console.next(_then(release))


def _then(release: Release) -> str:
    """What brings a release to where it decides."""
    if _decides_at_hub(release):
        return f"cloud-sync crm add NAME --project {release.project}, once: later releases take effect by themselves"
    return f"cloud-sync rollout start {release.bundle[:12]} --device NAME"


def after_withdrawal(release: Release) -> str:
    """What is to be done once a release was taken back."""
    if _decides_at_hub(release):
        return f"cloud-sync leads models says which release of {release.project} scores now; kit publish brings another"
    return (
        f"cloud-sync rollout start ANOTHER --group NAME; cloud-sync sample withdraw --bundle "
        f"{release.bundle[:12]}, when its decisions must not be learned from"
    )


def _decides_at_hub(release: Release) -> bool:
    from kits.core.discovery import find_kits

    kit = find_kits().kits.get(release.kit)
    return kit is not None and kit.manifest.at_hub


def _make_first_keys(console: Console, desk: Desk, *, no_passphrase: bool) -> None:
    """The first publish of a person without keys makes them; of one with keys, only says so."""
    from kits.toolchain.releasing.key_making import make_keys

    console.note(
        f"the first release at {desk.client.address}: this hub and its devices will trust your keys"
    )
    made = make_keys(desk.keys, no_passphrase=no_passphrase)
    for half in made:
        console.note(f"made the {half.role} key {half.key_id[:8]} in {desk.keys.folder}")
    for half in desk.keys.all():
        console.note(f"will count: {half.role} {half.key_id[:8]} of {half.owner or 'you'}")


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
