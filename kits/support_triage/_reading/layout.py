"""Which of the kit's formats a folder or file has, from its files and their first bytes.

What a person states in `mails.yaml` comes first. Nothing is read completely here.
"""

from __future__ import annotations

from pathlib import Path

from kits.core.errors import DataError
from kits.core.row_sources import SUFFIXES
from kits.support_triage._reading.mailboxes import eml_files, is_mbox, mbox_files
from kits.support_triage._reading.maildir import is_maildir
from kits.support_triage._reading.sidecar import load_sidecar
from kits.support_triage._reading.table_files import table_paths

_FIX = (
    "csv (tables: .csv .tsv .jsonl .xlsx .xls .ods), mbox, eml (a mail per file) and maildir are read; convert "
    ".msg and .pst to EML or mbox"
)


def detect_format(path: Path) -> str:
    """The format of the user's folder or file.

    Raises:
        DataError: nothing there, or no layout we know.
        ConfigError: `mails.yaml` is wrong.
    """
    if not path.exists():
        raise DataError("no such file or folder", where=str(path), fix="check the path")
    sidecar = load_sidecar(path)
    if sidecar.format:
        return sidecar.format
    found = _of_file(path) if path.is_file() else _of_folder(path)
    if not found:
        raise DataError("no mails that can be read", where=str(path), fix=_FIX)
    return found


def _of_file(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix in (".eml", ".emlx", ".mail"):
        return "eml"
    if is_mbox(path):
        return "mbox"
    return "csv" if suffix in SUFFIXES else ""


def _of_folder(path: Path) -> str:
    if is_maildir(path):
        return "maildir"
    if mbox_files(path):
        return "mbox"
    if eml_files(path):
        return "eml"
    return "csv" if table_paths(path, load_sidecar(path)) else ""
