"""Which of the kit's formats a folder or file has, from its files and their first bytes.

What a person states in `mails.yaml` comes first. Nothing is read completely here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from kits.core.errors import DataError
from kits.core.kit import Finding
from kits.support_triage._reading.listed_labels import listed_labels
from kits.support_triage._reading.mail_files import EML_SUFFIXES, eml_files
from kits.support_triage._reading.mailboxes import is_mbox, mbox_files
from kits.support_triage._reading.maildir import is_maildir
from kits.support_triage._reading.opening import is_table, table_paths
from kits.support_triage._reading.sidecar import load_sidecar
from kits.support_triage._reading.text_files import loose_texts, text_files

_FIX = (
    "csv (tables: .csv .tsv .jsonl .json .parquet .xlsx .xls .ods), mbox, eml (a mail per file, also Outlook's .msg), maildir and texts (a text per "
    "file in folders) are read"
)
_OF_OUTLOOK = {
    ".pst": "convert it to mbox, with readpst of pst-utils",
    ".ost": "export it from Outlook as .pst and convert that to mbox, with readpst of pst-utils",
}
"""Files that Outlook alone can read → what to do."""


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
        raise _unread(path)
    return found


def _unread(path: Path) -> DataError:
    files = (path,) if path.is_file() else path.rglob("*")
    suffix = next((s for file in files if (s := file.suffix.lower()) in _OF_OUTLOOK), "")
    if not suffix:
        return DataError("no mails that can be read", where=str(path), fix=_FIX)
    what = f"{suffix} is a file of Outlook's own, which is not read"
    return DataError(what, where=str(path), fix=_OF_OUTLOOK[suffix])


def of_outlook(path: Path) -> Iterator[Finding]:
    """What is said of files of Outlook's own that lie among those that are read."""
    if not path.is_dir():
        return
    counts = Counter(file.suffix.lower() for file in path.rglob("*"))
    for suffix, fix in _OF_OUTLOOK.items():
        if counts[suffix]:
            told = f"{counts[suffix]} {suffix} files are of Outlook's own and were not read"
            yield Finding("mails-passed-over", "warn", told, (str(path),), fix)


def _of_file(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix in EML_SUFFIXES:
        return "eml"
    if is_mbox(path):
        return "mbox"
    return "csv" if is_table(path) else ""


def _of_folder(path: Path) -> str:
    if is_maildir(path):
        return "maildir"
    if mbox_files(path):
        return "mbox"
    if eml_files(path):
        return "eml"
    sidecar = load_sidecar(path)
    if listed_labels(path, loose_texts(path), sidecar) is not None:
        return "texts"
    tables = table_paths(path, sidecar)
    if all(table.suffix.lower() in (".txt", "") for table in tables) and text_files(path):
        return "texts"
    return "csv" if tables else ""
