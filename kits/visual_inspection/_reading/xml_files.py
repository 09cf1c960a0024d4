"""XML files of labels: bounded, and without a document type, since entities can explode."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat


def root_of(file: Path, most: int) -> ElementTree.Element | str:
    """The root element of an XML file, or why there is none.

    Args:
        file: in any encoding that its first line names.
        most: bytes; a larger file is not parsed.
    """
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        if file.stat().st_size > most:
            return "too large"
        parser.Parse(file.read_bytes(), True)
        return builder.close()
    except (OSError, expat.ExpatError, _DocumentTypeError, LookupError, ValueError) as error:
        # an encoding that nobody knows is a LookupError
        return str(error)


class _DocumentTypeError(Exception):
    """A file declares a document type."""


def _refuse(*_: object) -> None:
    raise _DocumentTypeError("declares entities")
