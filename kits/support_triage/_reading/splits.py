"""Which split the name of a file, a sheet or a folder tells."""

from __future__ import annotations

import re

from kits.core.dataset import Split
from kits.core.spreadsheets.naming import file_and_sheet
from kits.support_triage._reading.fits import SPLITS_SAID
from kits.support_triage._reading.sidecar import Sidecar


def split_of(name: str, sidecar: Sidecar) -> tuple[Split | None, bool]:
    """The split that the name of a file, a sheet or a folder tells, and whether it is all that it tells (`train.csv`)."""
    file, sheet = file_and_sheet(name)
    for stated, split in sidecar.splits.items():
        if stated in (name, file, sheet) or stated in file.split("/"):
            return split, True
    parts = file.lower().split("/")
    stem, _, suffix = parts[-1].rpartition(".") if "." in parts[-1] else (parts[-1], "", "")
    for whole in (sheet.lower(), stem, *reversed(parts[:-1])):
        if whole in SPLITS_SAID:
            return SPLITS_SAID[whole], True
    for folder in reversed(parts[:-2]):
        # `20news-bydate-train/sci.space/…`; the innermost folder may be an intent
        if (last := re.split(r"[-_ ]", folder)[-1]) in SPLITS_SAID:
            return SPLITS_SAID[last], False
    told = re.split(r"[^a-z]+", f"{stem} {suffix} {sheet.lower()}")
    words = [word for word in told if word in SPLITS_SAID]
    return (SPLITS_SAID[words[-1]] if words else None), False
