"""`/v1/people`, `/v1/tokens`, `/v1/me`: who may use this hub."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from cloud_sync.errors import NotAllowedError, NotFoundError
from cloud_sync.hub import ReadDep, SessionDep
from cloud_sync.store.models import ApiToken
from cloud_sync.web import auth
from cloud_sync.web.accounts import TOKEN_DAYS, Role
from cloud_sync.web.auth import Admin, Identity, Viewer
from cloud_sync.web.made_tokens import Ended
from kits.core.section import Section

router = APIRouter(prefix="/v1", tags=["people"])


class PersonCreate(Section):
    """A new person; without password one who only uses tokens."""

    login: str
    password: SecretStr = SecretStr("")
    role: Role = "viewer"


class PersonUpdate(Section):
    """What to change; left out stays."""

    role: Role | None = None
    password: SecretStr | None = None
    disabled: bool = False
    keep_made: bool = Field(
        False, description="with `disabled`: tokens that they made for others stay good"
    )


class PersonPublic(BaseModel):
    """A person, without secrets."""

    model_config = ConfigDict(from_attributes=True)

    login: str
    role: str
    created_at: datetime
    disabled_at: datetime | None


class Me(BaseModel):
    """Who the request comes from."""

    login: str
    role: str
    via: str


class TokenCreate(Section):
    """A new API token."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    role: Role | None = Field(None, description="at most your own; left out: your own")
    login: str = Field("", description="for somebody else; admins only")
    days: Annotated[int, Field(ge=1, le=3650)] = TOKEN_DAYS


class TokenPublic(BaseModel):
    """A token, without its secret."""

    id: int
    login: str
    name: str
    role: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    made_by: str = Field(description="login, or `cli:` and an account; empty: not known")
    made_with: int | None = Field(description="the token that was used to make it")

    @classmethod
    def of(cls, token: ApiToken) -> TokenPublic:
        """As the tables have it."""
        return cls(
            id=token.id,
            login=token.person.login,
            name=token.name,
            role=token.role,
            created_at=token.created_at,
            expires_at=token.expires_at,
            last_used_at=token.last_used_at,
            made_by=token.made_by,
            made_with=token.made_with,
        )


class TokensEnded(BaseModel):
    """What a revocation ended, and what still lives because it was to be kept."""

    revoked: list[TokenPublic]
    kept: list[TokenPublic]

    @classmethod
    def of(cls, ended: Ended) -> TokensEnded:
        """As the tables have them."""
        return cls(
            revoked=[TokenPublic.of(token) for token in ended.revoked],
            kept=[TokenPublic.of(token) for token in ended.kept],
        )


class PersonChanged(PersonPublic):
    """A person as changed; `tokens` are those made for others, when the person was shut out."""

    tokens: TokensEnded


class TokenCreated(TokenPublic):
    """A token just made; `token` is shown this once."""

    token: str = Field(repr=False)


@router.get("/me", response_model=Me, summary="Who am I?")
def me(who: Viewer) -> Me:
    """Also a way to check a token."""
    return Me(login=who.login, role=who.role, via=who.via)


@router.get("/people", response_model=list[PersonPublic], summary="List people")
def list_people(_who: Admin, session: ReadDep) -> list[PersonPublic]:
    """By login."""
    return [PersonPublic.model_validate(person) for person in auth.list_people(session)]


@router.post("/people", response_model=PersonPublic, status_code=201, summary="Add a person")
def add_person(who: Admin, session: SessionDep, body: PersonCreate) -> PersonPublic:
    """Logins are lower-case and unique."""
    person = auth.create_person(
        session, body.login, body.password.get_secret_value(), body.role, by=who.traced
    )
    return PersonPublic.model_validate(person)


@router.patch("/people/{login}", response_model=PersonChanged, summary="Change a person")
def change_person(who: Admin, session: SessionDep, login: str, body: PersonUpdate) -> PersonChanged:
    """A new password or being disabled ends all sessions, being disabled also what they made for others; the last admin stays."""
    ended = Ended()
    if body.role is not None:
        auth.set_role(session, login, body.role, by=who.traced)
    if body.password is not None:
        auth.set_password(session, login, body.password.get_secret_value(), by=who.traced)
    if body.disabled:
        ended = auth.disable_person(session, login, by=who.traced, keep_made=body.keep_made)
    person = PersonPublic.model_validate(auth.find_person(session, login))
    return PersonChanged(**person.model_dump(), tokens=TokensEnded.of(ended))


@router.get("/tokens", response_model=list[TokenPublic], summary="List tokens")
def list_tokens(who: Viewer, session: ReadDep) -> list[TokenPublic]:
    """Your own; an admin sees everybody's."""
    owner = "" if who.may("admin") else who.login
    return [TokenPublic.of(token) for token in auth.list_tokens(session, owner)]


@router.post("/tokens", response_model=TokenCreated, status_code=201, summary="Make a token")
def add_token(who: Viewer, session: SessionDep, body: TokenCreate) -> TokenCreated:
    """The secret is in this answer and nowhere else."""
    login = _owner(who, body.login)
    role = body.role or (who.role if login == who.login else "")
    if role and login == who.login and not who.may(auth.check_role(role)):
        raise NotAllowedError("a token cannot make one that may do more than itself")
    token, secret = auth.issue_token(
        session, login, body.name, role, by=who.login, made_with=who.token, days=body.days
    )
    return TokenCreated(**TokenPublic.of(token).model_dump(), token=secret)


@router.delete("/tokens/{token_id}", response_model=TokensEnded, summary="Revoke a token")
def remove_token(
    who: Viewer,
    session: SessionDep,
    token_id: int,
    keep_made: Annotated[bool, Query(description="what it made stays good")] = False,
) -> TokensEnded:
    """At once, and for good, with what it made; also of one that is revoked already."""
    token = session.get(ApiToken, token_id)
    if token is None or not (who.may("admin") or token.person_id == who.person_id):
        raise NotFoundError(f"no token {token_id}", fix="GET /v1/tokens lists those you may revoke")
    if who.token not in (0, token.id) and not who.may(auth.check_role(token.role)):
        raise NotAllowedError("a token cannot revoke one that may do more than itself")
    ended = auth.revoke_token(session, token_id, by=who.traced, keep_made=keep_made)
    return TokensEnded.of(ended)


def _owner(who: Identity, login: str) -> str:
    wanted = login.strip().lower() or who.login
    if wanted != who.login and not who.may("admin"):
        raise NotAllowedError("only admins make tokens for others")
    return wanted
