"""Mails as Outlook saves them one by one: properties in a compound file ([MS-OXMSG], [MS-CFB])."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Final, TypeAlias, Union

Folder: TypeAlias = Mapping[str, Union[bytes, "Folder"]]
Value: TypeAlias = str | bytes | int | datetime
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SECTOR, _SMALL, _SMALL_UP_TO = 512, 64, 4096
_SUBJECT, _BODY, _HTML, _HEADER, _CLASS, _SENT = 0x0037, 0x1000, 0x1013, 0x007D, 0x001A, 0x0039
_SENDER, _ADDRESS, _PAGE, _ID, _ANSWERED = 0x0C1A, 0x5D01, 0x3FDE, 0x1035, 0x1042
_RTF: Final = 0x1009
_FILE, _TYPE, _CONTENT, _METHOD, _NAME, _SMTP = 0x3707, 0x370E, 0x3701, 0x3705, 0x3001, 0x39FE
_BY_VALUE, _EMBEDDED = 1, 5
_UTF8 = 65_001


@dataclass(frozen=True)
class Letter:
    """What is in a mail; what is empty is left out.

    Attributes:
        header: as it came over the net.
        files: name → type and content; a mail in the mail has none.
    """

    subject: str = ""
    text: str = ""
    html: str = ""
    header: str = ""
    sender: tuple[str, str] = ("", "")
    to: tuple[tuple[str, str], ...] = ()
    sent: datetime | None = None
    message_id: str = ""
    answers: str = ""
    rtf: bytes = b""
    files: Mapping[str, tuple[str, bytes | None]] = field(default_factory=dict)
    kind: str = "IPM.Note"
    categories: Sequence[str] = ()


def msg_file(letter: Letter) -> bytes:
    """The file of a mail."""
    told: dict[int, Value | None] = {
        _CLASS: letter.kind, _SUBJECT: letter.subject, _BODY: letter.text, _HTML: letter.html.encode(), _HEADER: letter.header,
        _SENDER: letter.sender[0], _ADDRESS: letter.sender[1], _SENT: letter.sent, _ID: letter.message_id,
        _ANSWERED: letter.answers, _RTF: letter.rtf, _PAGE: _UTF8,
    }  # fmt: skip
    head = struct.pack("<8x4I8x", len(letter.to), len(letter.files), len(letter.to), len(letter.files))  # fmt: skip
    root: dict[str, bytes | Folder] = {**_item(told, head)}
    for number, (name, address) in enumerate(letter.to):
        root[f"__recip_version1.0_#{number:08X}"] = _item({_NAME: name, _SMTP: address}, bytes(8))
    for number, (name, (kind, content)) in enumerate(letter.files.items()):
        own: dict[int, Value | None] = {_NAME: name, _METHOD: _EMBEDDED}
        if content is not None:
            own = {_FILE: name, _TYPE: kind, _CONTENT: content, _METHOD: _BY_VALUE}
        root[f"__attach_version1.0_#{number:08X}"] = _item(own, bytes(8))
    if letter.categories:
        root["__nameid_version1.0"], words = _named(letter.categories)
        root |= words
    return compound(root)


def _named(categories: Sequence[str]) -> tuple[Folder, Folder]:
    """Names that programs gave, and what stands under the second of them."""
    names, entries = b"", b""
    for place, name in enumerate(("x-other", "Keywords")):
        word = name.encode("utf-16-le")
        entries += struct.pack("<IHH", len(names), 2 << 1 | 1, place)
        names += struct.pack("<I", len(word)) + word + bytes(-len(word) % 4)
    words = {f"__substg1.0_8001101F-{n:08X}": f"{c}\0".encode("utf-16-le") for n, c in enumerate(categories)}  # fmt: skip
    folder = {"__substg1.0_00020102": b"", "__substg1.0_00030102": entries, "__substg1.0_00040102": names}  # fmt: skip
    return folder, {"__substg1.0_8001101F": bytes(4 * len(categories)), **words}


def _item(told: Mapping[int, Value | None], head: bytes) -> Folder:
    """Properties: those of one size in one stream, each of the others in its own."""
    streams: dict[str, bytes] = {}
    entries = [head]
    for number, value in told.items():
        if value is None or value in ("", b""):
            continue
        kind, fixed, own = _stored(value)
        entries.append(struct.pack("<HHI", kind, number, 6) + fixed)
        if own is not None:
            streams[f"__substg1.0_{number:04X}{kind:04X}"] = own
    return {"__properties_version1.0": b"".join(entries), **streams}


def _stored(value: Value) -> tuple[int, bytes, bytes | None]:
    if isinstance(value, int):
        return 0x0003, struct.pack("<Ixxxx", value), None
    if isinstance(value, datetime):
        since = value - datetime(1601, 1, 1, tzinfo=timezone.utc)
        return 0x0040, struct.pack("<Q", int(since.total_seconds()) * 10**7), None
    if isinstance(value, str):
        own = value.encode("utf-16-le", "surrogatepass")
        return 0x001F, struct.pack("<Ixxxx", len(own) + 2), own
    return 0x0102, struct.pack("<Ixxxx", len(value)), value


# -- compound files --------------------------------------------------------------------------------


@dataclass
class _Entry:
    name: str
    kind: int
    content: bytes = b""
    inside: list[int] = field(default_factory=list)
    start: int = _END


def compound(root: Folder) -> bytes:
    """A compound file with these streams and storages."""
    entries = [_Entry("Root Entry", 5)]
    _enter(entries, 0, root)
    small, table = bytearray(), list[int]()
    for entry in entries[1:]:
        if entry.kind == 2 and 0 < len(entry.content) < _SMALL_UP_TO:
            entry.start = _chained(table, len(entry.content), _SMALL)
            small += _filled(entry.content, _SMALL)
    entries[0].content = bytes(small)
    chains: list[int] = []
    sectors = bytearray()

    def put(content: bytes) -> int:
        sectors.extend(_filled(content, _SECTOR))
        return _chained(chains, len(content), _SECTOR) if content else _END

    for entry in entries:
        if entry.kind == 5 or len(entry.content) >= _SMALL_UP_TO:
            entry.start = put(entry.content)
    small_table = put(b"".join(struct.pack("<I", one) for one in table))
    directory = put(b"".join(_directory(entries)))
    fats = 1
    while fats * _SECTOR // 4 < len(chains) + fats:
        fats += 1
    first = len(chains)
    chains += [_FAT] * fats
    chains += [_FREE] * (-len(chains) % (_SECTOR // 4))
    fat = b"".join(struct.pack("<I", one) for one in chains)
    head = struct.pack(
        "<8s16xHHHHH6xIIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0, fats, directory, 0,
        _SMALL_UP_TO, small_table, (4 * len(table) + _SECTOR - 1) // _SECTOR, _END, 0, first,
    )  # fmt: skip
    further = range(first + 1, first + fats)
    places = b"".join(struct.pack("<I", one) for one in further)
    return (head + places).ljust(_SECTOR, b"\xff") + bytes(sectors) + fat


def _enter(entries: list[_Entry], place: int, folder: Folder) -> None:
    for name, value in folder.items():
        own = len(entries)
        entries[place].inside.append(own)
        if isinstance(value, bytes):
            entries.append(_Entry(name, 2, value))
        else:
            entries.append(_Entry(name, 1))
            _enter(entries, own, value)


def _chained(table: list[int], size: int, unit: int) -> int:
    """Takes room for so many bytes; where it begins."""
    start, count = len(table), -(-size // unit)
    table += [*range(start + 1, start + count), _END]
    return start


def _filled(content: bytes, unit: int) -> bytes:
    return content + bytes(-len(content) % unit)


def _directory(entries: Sequence[_Entry]) -> Iterator[bytes]:
    """Entries of a storage hang on each other to the right."""
    after = {a: b for entry in entries for a, b in zip(entry.inside, entry.inside[1:])}
    for number, entry in enumerate(entries):
        name = entry.name.encode("utf-16-le") + b"\0\0"
        yield struct.pack(
            "<64sHBBIII36xIQ", name, len(name), entry.kind, 1, _FREE, after.get(number, _FREE),
            entry.inside[0] if entry.inside else _FREE, entry.start if entry.content else _END,
            len(entry.content),
        )  # fmt: skip
    blank = struct.pack("<68xIII48x", _FREE, _FREE, _FREE)
    yield blank * (-len(entries) % (_SECTOR // 128))
