"""Labels of all pictures in one file, by the tool that wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.visual_inspection._reading import cvat, json_lists, label_studio, manifests, via
from kits.visual_inspection._reading.documents import document, files_under
from kits.visual_inspection._reading.files import pictures_under
from kits.visual_inspection._reading.stated import Stated, samples_of

_JSON = (".json", ".labels")
_SUFFIXES = (".xml", *_JSON, *manifests.SUFFIXES)
_OF_JSON: Mapping[str, Callable[[JsonValue, Path], Sequence[Stated] | None]] = {
    "via": via.stated,
    "label-studio": label_studio.stated,
    "createml": json_lists.create_ml,
    "datumaro": json_lists.datumaro,
    "edge-impulse": json_lists.edge_impulse,
    "classes": json_lists.classes,
}
TOOLS = ("cvat", "manifest", *_OF_JSON)


def find_list(path: Path) -> str:
    """The format of the first file below a folder that is one of them; empty if none is."""
    return next((tool for _, tool, _ in _lists(path)), "")


def _lists(path: Path) -> Iterator[tuple[Path, str, Sequence[Stated]]]:
    """Files that are called as no picture, with their format and what they state."""
    names = {
        name for file in pictures_under(path) for name in (file.stem.lower(), file.name.lower())
    }
    for file in files_under(path, _SUFFIXES):
        if file.stem.lower() not in names:
            yield from ((file, tool, stated) for tool, stated in _read(file))


def _read(file: Path) -> Iterator[tuple[str, Sequence[Stated]]]:
    """The first format that fits, and what the file states."""
    found: list[tuple[str, Sequence[Stated] | None]]
    if file.suffix.lower() == ".xml":
        found = [("cvat", cvat.stated(file))]
    elif file.suffix.lower() in manifests.SUFFIXES:
        found = [("manifest", manifests.stated(file))]
    else:
        content = document(file)
        found = [(tool, stated(content, file)) for tool, stated in _OF_JSON.items()]
    yield from [(tool, stated) for tool, stated in found if stated][:1]


def reader_of(tool: str) -> Callable[[Path], Iterator[RawSample | Finding]]:
    """The reader of one of the formats."""

    def read(path: Path) -> Iterator[RawSample | Finding]:
        """Pictures with what the files of the tool state; of those in folders of splits all.

        Raises:
            DataError: no such file, or no pictures.
        """
        used = {file: stated for file, name, stated in _lists(path) if name == tool}
        if not used:
            raise DataError(
                f"no labels of {tool} here",
                where=str(path),
                fix="export them once more, or leave --format out",
            )
        names = ", ".join(str(file.relative_to(path)) for file in used)
        yield from samples_of(path, names, [one for stated in used.values() for one in stated])

    return read
