"""Texts that list pictures with their masks, as DAGM's `Labels.txt`: a picture that stands there without one shows a good part."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from kits.core.kit import Finding
from kits.core.tables import encoding_of
from kits.visual_inspection._reading.documents import files_under

_MAX_BYTES = 16 << 20
_WORD = re.compile(r"[^\s,;\"']+")
_SHOWN = 20


@dataclass
class MaskLists:
    """What lists say: the pictures that they name without a mask, and the lists."""

    without: set[Path] = field(default_factory=set)
    files: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls, root: Path, masked: Iterable[Path], plain: Iterable[Path], masks: Iterable[Path]
    ) -> MaskLists:
        """Lists below a folder that agree with the masks: each picture that they name has its mask on its line, or has none.

        Args:
            masked: pictures with a mask.
            plain: those without one.
        """
        pictures = {(one.parent, one.name.lower()): True for one in masked}
        own = {(one.parent, one.name.lower()): one for one in plain}
        pictures |= dict.fromkeys(own, False)
        names = {one.name.lower() for one in masks}
        found = cls()
        for file in files_under(root, (".txt",)):
            said = _said(file, pictures, names)
            if True in said.values() and all(pictures[one] == shown for one, shown in said.items()):
                found.without |= {own[one] for one, shown in said.items() if not shown}
                found.files.append(str(file.relative_to(root)))
        return found

    def findings(self) -> list[Finding]:
        """What a person should know of it."""
        if not self.without:
            return []
        text = f"{len(self.without)} pictures are listed without a mask in {', '.join(self.files[:_SHOWN])}: these are good parts"
        return [Finding("good-by-list", "pass", text, tuple(self.files))]


def _said(
    file: Path, pictures: Iterable[tuple[Path, str]], masks: set[str]
) -> dict[tuple[Path, str], bool]:
    """Each picture that a text names, of its folder or the one above, and whether a mask stands beside it."""
    content = file.read_bytes() if file.stat().st_size <= _MAX_BYTES else b""
    said: dict[tuple[Path, str], bool] = {}
    for line in content.decode(encoding_of(content), errors="replace").splitlines():
        words = [word.lower() for word in _WORD.findall(line)]
        for folder in (file.parent, file.parent.parent):
            named = [(folder, word) for word in words if (folder, word) in pictures]
            if len(named) == 1:
                said[named[0]] = not masks.isdisjoint(words)
    return said
