"""What a scheme may be, as data: a signature over parts of the message, or a secret that is shown.

A scheme of one's own is a few options of a connection (`scheme.signed`, `scheme.header`, …). Nothing is computed here.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from kits.core.section import Section

PARTS = frozenset({"secret", "method", "url", "id", "timestamp", "body"})
"""What a signed text may be made of."""
_PART = re.compile(r"\{([a-z]+)\}")
_HEADER = re.compile(r"[a-z0-9!#$&'*+.^_`|~-]{1,100}")


class Signed(Section):
    """The body, and what else is said, is signed with a secret that is never shown."""

    way: Literal["signed"] = "signed"
    signed: str = Field(
        "{body}",
        max_length=200,
        description="the text that is signed: {method}, {url}, {id}, {timestamp}, {body}, and {secret} where no HMAC is"
        " used",
    )
    header: str = Field(description="header of the signature, in small letters")
    digest: Literal["sha1", "sha256", "sha512"] = Field("sha256", description="the hash")
    keyed: bool = Field(True, description="HMAC; false: the hash of a text that has the secret in it")  # fmt: skip
    encoding: Literal["hex", "base64"] = Field("hex", description="how the signature is written")
    form: Literal["one", "list", "pairs"] = Field(
        "one",
        description="the header holds one signature; several with spaces between; or pairs like t=1,v1=abc",
    )
    prefix: str = Field(
        "", max_length=20, description="stands before a signature; with pairs: the key of one"
    )
    timestamp: str = Field(
        "",
        description="header of the time it was signed at; with pairs: the key of it; empty: none",
    )
    unit: Literal["s", "ms"] = Field("s", description="of that time: seconds or milliseconds since 1970")  # fmt: skip
    id: str = Field("", description="header of the message's id; empty: none")
    key: Literal["text", "whsec"] = Field(
        "text", description="a secret is its text; or base64 after whsec_"
    )
    escapes: bool = Field(
        False, description="the address may be signed with HubSpot's escapes decoded"
    )
    public_keys: bool = Field(
        False, description="a secret whpk_… is an Ed25519 key, its signatures begin with v1a,"
    )

    @field_validator("header", "id")
    @classmethod
    def _header(cls, value: str) -> str:
        if value and not _HEADER.fullmatch(value):
            raise ValueError("must be the name of a header, in small letters")
        return value

    @field_validator("signed")
    @classmethod
    def _text(cls, value: str) -> str:
        unknown = set(_PART.findall(value)) - PARTS
        if unknown:
            raise ValueError(f"{{{sorted(unknown)[0]}}} is no part: {', '.join(sorted(PARTS))}")
        if "{body}" not in value:
            raise ValueError("must sign the {body}")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Signed:
        parts = set(_PART.findall(self.signed))
        if self.keyed == ("secret" in parts):
            raise ValueError("{secret} is a part of the text where keyed is false, and only there")
        # a time that is not signed proves nothing: whoever repeats a message writes another one
        for name in ("timestamp", "id"):
            if bool(getattr(self, name)) != (name in parts):
                raise ValueError(f"{name} and {{{name}}} go together")
        return self

    @property
    def pieces(self) -> tuple[tuple[bool, str], ...]:
        """The signed text in order: (is a part, its name or the literal text)."""
        split = _PART.split(self.signed)
        return tuple((bool(n % 2), piece) for n, piece in enumerate(split) if piece)


class Shown(Section):
    """Each message shows the secret itself: only as good as its HTTPS, and no message is like another."""

    way: Literal["shown"] = "shown"
    place: Literal["path", "query", "header", "basic", "bearer"] = Field(
        description="the end of the path; a field of the query; a header; HTTP Basic (USER:PASSWORD); HTTP Bearer"
    )
    name: str = Field("", description="of the header in small letters, or of the query's field")
    or_networks: bool = Field(
        False,
        description="option networks may stand for the secret: the sender is known by its address",
    )

    @model_validator(mode="after")
    def _whole(self) -> Shown:
        if (self.place in ("query", "header")) != bool(self.name):
            raise ValueError("name is that of the header or of the query's field, and needed there")
        if self.place == "header" and not _HEADER.fullmatch(self.name):
            raise ValueError("name must be that of a header, in small letters")
        return self


Scheme = Annotated[Signed | Shown, Field(discriminator="way")]
