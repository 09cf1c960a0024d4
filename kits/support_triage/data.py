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
from kits.support_triage._reading.mail_files import EML_SUFFIXES
from kits.support_triage._reading.sidecar import Sidecar, load_sidecar, sidecar_for
from kits.support_triage.config import Config

__all__ = ["check", "detect_format", "makes_sample", "near_duplicates", "read", "read_as"]

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
    return _read(path, format, load_sidecar(path))


def read_as(path: Path, format: str, config: BaseModel) -> Iterator[RawSample | Finding]:
    """As `read`; where no `mails.yaml` lies beside the data, the project's counts.

    Raises:
        UsageError, DataError, ConfigError: as `read`.
    """
    stated, told = sidecar_for(path, config.root if isinstance(config, Config) else None)
    return chain(_read(path, format, stated), () if told is None else (told,))


def _read(path: Path, format: str, stated: Sidecar) -> Iterator[RawSample | Finding]:
    name = detect_format(path) if format == "auto" else format
    return chain(chosen(name, _READERS, "unknown format")(path, stated), of_outlook(path))


def makes_sample(path: Path) -> bool:
    """Mails that programs keep one by one in forms of their own."""
    suffix = path.suffix.lower()
    return suffix in EML_SUFFIXES and suffix != ".eml"


def check(dataset: Dataset, config: BaseModel) -> Iterable[Finding]:
    """The kit's own checks of a dataset version."""
    return _checks.check(dataset, config)
