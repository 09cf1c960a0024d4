"""The user's mails and tables → samples and findings; checks; pairs that say the same.

Which layout a folder has is found out in `_reading/layout.py`; readers and checks have modules of their own. Nothing
here trains or predicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

from pydantic import BaseModel

from kits.core.dataset import Dataset
from kits.core.errors import chosen
from kits.core.kit import Finding, RawSample
from kits.support_triage._checking import checks as _checks
from kits.support_triage._checking.duplicates import near_duplicates
from kits.support_triage._reading import mailboxes as _mailboxes
from kits.support_triage._reading import table_files as _tables
from kits.support_triage._reading.layout import detect_format, of_outlook
from kits.support_triage._reading.sidecar import Sidecar, load_sidecar

__all__ = ["check", "detect_format", "makes_sample", "near_duplicates", "read"]

Reader = Callable[[Path, Sidecar], Iterator[RawSample | Finding]]
_READERS: dict[str, Reader] = {
    "csv": _tables.read,
    "mbox": _mailboxes.read_mbox,
    "eml": _mailboxes.read_eml,
    "maildir": _mailboxes.read_maildir,
    "texts": _mailboxes.read_texts,
}


def read(path: Path, format: str) -> Iterator[RawSample | Finding]:
    """Samples and complaints, in a stable order; a bad row or mail is a Finding, never a crash.

    Raises:
        UsageError: an unknown format.
        DataError: the layout as a whole cannot be read.
        ConfigError: `mails.yaml` is wrong.
    """
    name = detect_format(path) if format == "auto" else format
    found = chosen(name, _READERS, "unknown format")(path, load_sidecar(path))
    return chain(found, of_outlook(path))


def makes_sample(path: Path) -> bool:
    """Mails that programs keep one by one in forms of their own."""
    suffix = path.suffix.lower()
    return suffix in _mailboxes.EML_SUFFIXES and suffix != ".eml"


def check(dataset: Dataset, config: BaseModel) -> Iterable[Finding]:
    """The kit's own checks of a dataset version."""
    return _checks.check(dataset, config)
