"""`mails.yaml`: what a person states about a folder of mails or rows, instead of a guess.

One checked model, every key optional. It says what columns mean; it reads no data and takes no decision of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from kits.core.kit import Finding
from kits.core.section import Section
from kits.core.settings import read_beside

NAMES = ("mails.yaml", "mails.yml")


class Columns(Section):
    """Which column of a table means what; empty: found by its name and its cells."""

    text: str = Field("", description="the mail's text")
    subject: str = Field("", description="its subject")
    label: tuple[str, ...] = Field((), description="the intent; several columns are joined by `/`")
    flags: tuple[str, ...] = Field((), description="columns of 0 and 1, one for each intent")
    urgency: str = Field("", description="how urgent it is, a number or a word")
    sentiment: str = Field("", description="its tone, a number or a word")
    language: str = Field("", description="ISO 639-1 code of its language")
    id: str = Field("", description="the row's own identifier")
    date: str = Field("", description="when it came")
    group: str = Field("", description="what must stay in one split: thread, ticket, customer")
    sender: str = Field("", description="who wrote it")
    author: str = Field(
        "", description="whether the customer or the firm wrote it; what the firm wrote is left out"
    )
    split: str = Field("", description="train, val or test")
    source: str = Field("", description="where it came from; figures are told apart by it")
    entities: str = Field("", description="JSON with named pieces of the text")
    entity_type: str = Field("", description="name of the one entity a row states")
    entity_start: str = Field("", description="its first character in the text, from 0")
    entity_end: str = Field("", description="the character after its last one")


class Sidecar(Section):
    """The whole of `mails.yaml`."""

    format: Literal["", "csv", "mbox", "eml", "maildir", "texts"] = Field(
        "", description="what the folder is; empty: found out"
    )
    columns: Columns = Field(Columns(), description="which column of a table means what")
    ignore: tuple[str, ...] = Field((), description="files (by glob) or columns that are left out")
    sheets: tuple[str, ...] = Field(
        (),
        description="titles (by glob) of the sheets of a spreadsheet that are read; empty: each that is not hidden",
    )
    separator: str = Field(
        "|;", description="characters that separate several intents of one mail in a cell"
    )
    urgency: dict[str, float] = Field(
        {}, description="word → level, larger is more urgent; empty: known words and numbers"
    )
    sentiment: dict[str, float] = Field(
        {}, description="word or number → 0 negative, 1 neutral, 2 positive; empty: known ones"
    )
    labels: dict[str, str] = Field(
        {}, description="folder, keyword or cell → intent; an empty intent means: no label"
    )
    labels_from: Literal["", "folders", "keywords", "nothing"] = Field(
        "",
        description="what names a mail's intent in a mailbox; empty: keywords where there are any, else folders",
    )
    group: Literal["thread", "sender"] = Field(
        "thread", description="what stays in one split: a thread, or all mails of one sender"
    )
    own_addresses: tuple[str, ...] = Field(
        (),
        description="the firm's own addresses, in a table also its people's names: what they wrote is left out",
    )
    splits: dict[str, Literal["train", "val", "test"]] = Field(
        {}, description="file or folder name → split"
    )


def sidecar_for(path: Path, project: Path | None) -> tuple[Sidecar, Finding | None]:
    """What is stated beside the data, else what the project states; and a word on which counts, where both could.

    Args:
        project: its folder, where a `mails.yaml` lies from the beginning.

    Raises:
        ConfigError: see `load_sidecar`.
    """
    beside = _file_in(path if path.is_dir() else path.parent)
    own = _file_in(project) if project is not None else None
    if own is None or (beside is not None and beside.resolve() == own.resolve()):
        return load_sidecar(path), None
    ours = load_sidecar(own)
    if beside is None:
        told = Finding(
            "stated", "pass", f"{own.name} of the project counts: none lies beside the data"
        )
        return ours, told if ours != Sidecar() else None
    stated = load_sidecar(path)
    if ours in (stated, Sidecar()):
        return stated, None
    return stated, Finding(
        "stated",
        "warn",
        "the mails.yaml beside the data counts, and says something else than the project's",
        (str(beside), str(own)),
        "put what is to count into the one beside the data, or take that one away",
    )


def _file_in(folder: Path) -> Path | None:
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def load_sidecar(path: Path) -> Sidecar:
    """What is stated beside the data; an empty statement when there is no `mails.yaml`.

    Args:
        path: the folder, or one file in it.

    Raises:
        ConfigError: not YAML, an unknown key, or a value of the wrong kind.
    """
    return read_beside(path, NAMES, Sidecar)
