"""The verbs about people and their tokens."""

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
from kits.core.console import Console

RoleOption = Annotated[str, typer.Option(help="viewer, reviewer, engineer or admin.")]


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    user = family(app, "user", "People who sign in.")
    user.command("add")(user_add)
    user.command("list")(user_list)
    token = family(app, "token", "API tokens, for example for `kit publish`.")
    token.command("add")(token_add)


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
