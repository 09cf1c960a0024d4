"""The verbs about people and their tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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
from kits.core.console import Console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloud_sync.store.models import ApiToken

RoleOption = Annotated[str, typer.Option(help="viewer, reviewer, engineer or admin.")]


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    user = family(app, "user", "People who sign in.")
    user.command("add")(user_add)
    user.command("list")(user_list)
    user.command("disable")(user_disable)
    token = family(app, "token", "API tokens, for example for `kit publish`.")
    token.command("add")(token_add)
    token.command("list")(token_list)
    token.command("revoke")(token_revoke)


def user_add(
    login: Annotated[str, typer.Argument(help="Login of the new person.")],
    role: RoleOption = "reviewer",
    password: Annotated[str, typer.Option(help="Drawn and shown once when not given.")] = "",
    print_password: Annotated[
        bool, typer.Option("--print-password", help="Answer with login and password only.")
    ] = False,
    data: DataOption = DATA,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Add a person."""
    import secrets

    from cloud_sync.web.accounts import create_person

    console = Console(as_json, quiet or print_password)
    given = password or secrets.token_urlsafe(12)
    with opened(data) as hub, hub.database.transaction() as session:
        person = create_person(session, login, given, role, by=operator())
        answer = {"login": person.login, "role": person.role}
    shown = "" if password else given
    text = f"added {answer['login']} ({role})" + (f", password {shown}" if shown else "")
    if print_password:
        text = f"login {answer['login']}, password {given}"
    console.answer(text, {**answer, "password": shown})
    if shown:
        console.note("the password is shown this once")


def user_list(data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """List people."""
    from cloud_sync.web.accounts import list_people

    with opened(data) as hub, hub.database.session() as session:
        people = list_people(session)
    rows = [(p.login, p.role, "disabled" if p.disabled_at else "") for p in people]
    Console(as_json).answer(
        table(rows, ("login", "role", "")),
        [{"login": p.login, "role": p.role, "disabled": p.disabled_at is not None} for p in people],
    )


def user_disable(
    login: Annotated[str, typer.Argument(help="Login of the person.")],
    keep_made: Annotated[
        bool, typer.Option("--keep-made", help="Tokens they made for others stay good.")
    ] = False,
    data: DataOption = DATA,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Shut a person out: sign-in, sessions, tokens, and what they made for others or for devices to come."""
    from cloud_sync.api.people import TokensEnded
    from cloud_sync.fleet.devices import awaited
    from cloud_sync.web.accounts import disable_person, find_person

    console = Console(as_json, quiet)
    with opened(data) as hub, hub.database.transaction() as session:
        known = find_person(session, login).login
        coming = [token.device for token in awaited(session) if token.created_by == known]
        ended = disable_person(session, login, by=operator(), keep_made=keep_made)
        tokens = TokensEnded.of(ended).model_dump(mode="json")
        told = _told(ended.revoked, ended.kept, f"made for others by {login}")
    if coming:
        what = "still good" if keep_made else "ended too"
        told.append(f"{what}, enrolments prepared by {known}: {', '.join(coming)}")
    console.answer(f"disabled {login}", {"login": login, "disabled": True, "tokens": tokens})
    for line in told:
        console.note(line)


def token_add(
    name: Annotated[str, typer.Argument(help="What the token is for.")],
    login: Annotated[str, typer.Option(help="The person it acts for.")] = "admin",
    role: RoleOption = "engineer",
    days: Annotated[int, typer.Option(help="Days it is valid.")] = 365,
    data: DataOption = DATA,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make an API token; it is shown this once."""
    from cloud_sync.web.accounts import issue_token

    console = Console(as_json, quiet)
    with opened(data) as hub, hub.database.transaction() as session:
        _row, secret = issue_token(session, login, name, role, by=operator(), days=days)
        url = hub.config.url
    console.answer(secret, {"token": secret, "name": name, "login": login, "role": role})
    console.note(f"acts for {login} as {role}, {days} days; it is shown this once")
    console.next(f"kit publish --hub {url} --token {secret[:8]}…")


def token_list(
    login: Annotated[str, typer.Option(help="Only of this person.")] = "",
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """List tokens that are not revoked, and who made them with which token."""
    from cloud_sync.api.people import TokenPublic
    from cloud_sync.web.accounts import list_tokens

    with opened(data) as hub, hub.database.session() as session:
        found = [TokenPublic.of(token) for token in list_tokens(session, login)]
    rows = [
        (
            t.id, t.name, t.login, t.role,
            (t.made_by or "not known") + (f", with token {t.made_with}" if t.made_with else ""),
            f"{t.last_used_at:%Y-%m-%d %H:%M}" if t.last_used_at else "never",
            f"{t.expires_at:%Y-%m-%d}" if t.expires_at else "never",
        )
        for t in found
    ]  # fmt: skip
    Console(as_json).answer(
        table(rows, ("token", "name", "person", "role", "made by", "last used", "expires")),
        [t.model_dump(mode="json") for t in found],
    )


def token_revoke(
    token: Annotated[int, typer.Argument(help="Its number, from `token list`.")],
    keep_made: Annotated[
        bool, typer.Option("--keep-made", help="Tokens that it made stay good.")
    ] = False,
    data: DataOption = DATA,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """End a token at once, and what it made."""
    from cloud_sync.api.people import TokensEnded
    from cloud_sync.web.accounts import revoke_token

    console = Console(as_json, quiet)
    with opened(data) as hub, hub.database.transaction() as session:
        ended = revoke_token(session, token, by=operator(), keep_made=keep_made)
        answer = TokensEnded.of(ended).model_dump(mode="json")
        also = [made for made in ended.revoked if made.id != token]
        told = _told(also, ended.kept, f"made with token {token}")
    console.answer(f"revoked token {token}", answer)
    for line in told:
        console.note(line)


def _told(also: Sequence[ApiToken], kept: Sequence[ApiToken], how: str) -> list[str]:
    """Other tokens that ended, and those that would have, in words."""
    lines = [f"ended too, {how}: {_named(also)}"] if also else []
    return [*lines, f"still good, {how}: {_named(kept)}"] if kept else lines


def _named(tokens: Sequence[ApiToken]) -> str:
    from kits.core.harmless import printable

    return printable(", ".join(f"{t.name} (token {t.id} of {t.person.login})" for t in tokens))
