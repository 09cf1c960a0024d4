"""What kind of spreadsheet a file is, by its bytes; and the parts of a ZIP, none of which unpacks to more than it may."""

from __future__ import annotations

import codecs
import copy
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, cast
from xml.parsers import expat

from kits.core.errors import DataError

Form = Literal["xlsx", "xls", "ods", "xml 2003"]
MAX_FILE_BYTES = 1 << 30
MAX_PART_BYTES = 4 << 30
"""Of one sheet unpacked. A full one of 40 columns has 2 GiB."""
MAX_TEXTS_BYTES = 1 << 30
"""Of a part that is held in memory whole: texts that cells share, styles."""
_ZIP, _EMPTY_ZIP = b"PK\x03\x04", b"PK\x05\x06"
_COMPOUND = b"\xd0\xcf\x11\xe0"
_PACKED = (b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_BOOKS = tuple(f"{name}\0".encode("utf-16-le") for name in ("Workbook", "Book"))
_XML = re.compile(
    r"<(?:\w{1,20}:)?Workbook\b[^>]{0,2000}urn:schemas-microsoft-com:office:spreadsheet"
)
BEGIN = 8 << 10
"""Of a file: what form it has, so many bytes tell."""
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_CHUNK = 1 << 18
_SAVE = "open it and save it as .xlsx or as CSV"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SECRET = 0x1
"""The bit of a part's flags that says it is encrypted."""

Start = Callable[[str, list[str]], bool]
"""Told of an element: its name without a prefix, and its attributes as name, value, name, value, …; returns whether the
text that follows is wanted."""


def form_of(path: Path) -> Form | None:
    """Which spreadsheet a file is, whatever its name says; None: none, it may be text.

    Raises:
        DataError: an archive, a spreadsheet in a form that is not read, protected by a password, or too large.
    """
    with path.open("rb") as stream:
        start = stream.read(BEGIN)
    if start.startswith(_PACKED):
        raise DataError("an archive, whatever its name says", where=path.name, fix="unpack it")
    packed = start.startswith((_ZIP, _EMPTY_ZIP, _COMPOUND))
    if not packed and not is_xml_workbook(start):
        return None
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise DataError(
            f"a spreadsheet of {size >> 20} MiB, at most {MAX_FILE_BYTES >> 20} are read",
            where=path.name,
            fix="save it as CSV, or split it",
        )
    if not packed:
        return "xml 2003"
    return _of_compound(path) if start.startswith(_COMPOUND) else _of_zip(path)


def is_xml_workbook(start: bytes) -> bool:
    """Whether a file's beginning is that of Excel 2003's XML."""
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = start.decode("utf-16" if wide else "ascii", errors="replace")
    return _XML.search(text) is not None


def _of_compound(path: Path) -> Form:
    content = path.read_bytes()
    if _ENCRYPTED in content:
        raise protected(path)
    if not any(name in content for name in _BOOKS):
        raise DataError("an Office file without a sheet", where=path.name, fix=_SAVE)
    return "xls"


def _of_zip(path: Path) -> Form:
    with Package(path) as package:
        names = package.names
        if "mimetype" in names and package.read("mimetype", 1 << 10).strip() == _ODS:
            if any("encryption-data" in c for c in package.texts("META-INF/manifest.xml")):
                raise protected(path)
            return "ods"
    if "xl/workbook.bin" in names:
        raise DataError("a binary workbook (.xlsb) is not read", where=path.name, fix=_SAVE)
    if "xl/workbook.xml" in names:
        return "xlsx"
    if any(name.startswith("Index/") and name.endswith(".iwa") for name in names):
        raise DataError(
            "a sheet of Numbers is not read", where=path.name, fix="export it as .xlsx or CSV"
        )
    raise DataError("an archive, whatever its name says", where=path.name, fix="unpack it")


def protected(path: Path) -> DataError:
    """What is said of a file that only opens with a password."""
    return DataError(
        "protected by a password",
        where=path.name,
        fix="save a copy without one (Excel: File, Info, Protect Workbook, Encrypt with Password, empty)",
    )


def damaged(path: Path, why: object) -> DataError:
    """What is said of a file whose insides are wrong."""
    told = str(why).splitlines()[0][:200] if str(why) else type(why).__name__
    return DataError(f"a damaged spreadsheet: {told}", where=path.name, fix=_SAVE)


class Package:
    """The parts of a ZIP file. Sizes are counted as it is unpacked: what its directory says may be forged.

    Raises:
        DataError: no ZIP, two parts of one name, encrypted, or packed by a method that spreadsheets do not use.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise damaged(path, error) from error
        self._parts = {info.filename: info for info in self._zip.infolist()}
        if len(self._parts) != len(self._zip.infolist()):
            self._zip.close()
            raise damaged(path, "it holds two parts of the same name")

    def __enter__(self) -> Package:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()

    @property
    def names(self) -> frozenset[str]:
        """Paths of the parts."""
        return frozenset(self._parts)

    def chunks(self, name: str, most: int) -> Iterator[bytes]:
        """A part's bytes, piece by piece.

        Raises:
            DataError: it is absent, damaged, or has more than `most` bytes.
        """
        info = self._parts.get(name)
        if info is None:
            raise damaged(self._path, f"it lacks {name}")
        if info.flag_bits & _SECRET:
            raise protected(self._path)
        if info.compress_type not in _METHODS:
            raise damaged(self._path, f"{name} is packed by method {info.compress_type}")
        # told that the part is longer than allowed, zipfile reads to its true end, which a forged size would hide
        true = copy.copy(info)
        # no checksum, which zipfile knows as None, though its types do not say so: a true end has another than was stated
        true.file_size, true.CRC = most + 1, None  # type: ignore[assignment]
        size = 0
        try:
            with self._zip.open(true) as stream:
                while chunk := stream.read(_CHUNK):
                    size += len(chunk)
                    if size > most:
                        raise DataError(
                            f"{name} unpacks to more than {most >> 20} MiB",
                            where=self._path.name,
                            fix="save it as CSV, or split it",
                        )
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
            raise damaged(self._path, error) from error
        if size != info.file_size:
            raise damaged(self._path, f"{name} has {size} bytes where {info.file_size} are stated")

    def read(self, name: str, most: int = MAX_TEXTS_BYTES) -> bytes:
        """A whole part."""
        return b"".join(self.chunks(name, most))

    def texts(self, name: str) -> Iterator[str]:
        """A part's pieces as text; nothing where it is absent."""
        if name in self._parts:
            for chunk in self.chunks(name, MAX_TEXTS_BYTES):
                yield chunk.decode("utf-8", errors="replace")

    def parse(
        self,
        name: str,
        start: Start,
        text: Callable[[str], None] | None = None,
        most: int = MAX_TEXTS_BYTES,
    ) -> None:
        """Parses a part as XML.

        Args:
            start: called for each element that begins.
            text: called with what stands between, where `start` wants it.

        Raises:
            DataError: no well-formed XML, or one that declares entities, as no spreadsheet does.
        """
        parser = expat.ParserCreate()
        parser.buffer_text = parser.ordered_attributes = True
        local = _Local()
        listening = False

        def begin(element: str, attributes: list[str]) -> None:
            nonlocal listening
            wanted = start(local[element], attributes)
            if wanted is not listening:
                # a call for each piece of text costs as much as one for each element
                parser.CharacterDataHandler = text if wanted else None
                listening = wanted

        def refuse(*_: object) -> None:
            raise damaged(self._path, f"{name} declares a document type")

        # the stubs know attributes as they come without `ordered_attributes`
        parser.StartElementHandler = cast("Callable[[str, dict[str, str]], None]", begin)
        parser.StartDoctypeDeclHandler = refuse
        try:
            for chunk in self.chunks(name, most):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            # an encoding that nobody knows is a LookupError
            raise damaged(self._path, f"{name}: {error}") from error


def pairs(attributes: list[str]) -> dict[str, str]:
    """Attributes by name."""
    return dict(zip(attributes[::2], attributes[1::2]))


class _Local(dict[str, str]):
    """Names without their prefix; each is cut once."""

    def __missing__(self, name: str) -> str:
        self[name] = name.rpartition(":")[2]
        return self[name]
