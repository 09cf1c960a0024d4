"""What a person states of files and sheets in `model.source.tables`: which table each statement means."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from kits.core.errors import ConfigError
from kits.core.spreadsheets.naming import file_and_sheet, where_of
from kits.lead_scoring._reading.files.loading import Wanted
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring.config import Config, TableConfig

_NEEDS_QUOTES = re.compile(r"[^\w./ -]|^[- ]| $")
"""Signs that mean something else in YAML."""


def stating(name: str, role: str, at: str = "") -> str:
    """What a person may write for a table below `model.source.tables`: `{file: crm.xlsx, sheet: "Neu", role: leads}`."""
    file, sheet = file_and_sheet(name)
    title = f"sheet: {json.dumps(sheet, ensure_ascii=False)}, " if sheet else ""
    return f"{{file: {json.dumps(file, ensure_ascii=False) if _NEEDS_QUOTES.search(file) else file}, {title}role: {role}{at and f', at: {at}'}}}"


def stated_of(name: str, config: Config) -> TableConfig | None:
    """What is stated of a file or of a sheet; a sheet's own statement comes before that of its file."""
    file, sheet = file_and_sheet(name)
    found = [one for one in config.source.tables if _is_meant(one, file)]
    own = (one for one in found if one.sheet and sheet and _alike_named(sheet, one.sheet))
    return next(own, None) or next((one for one in found if not one.sheet), None)


def _alike_named(sheet: str, stated: str) -> bool:
    return sheet == stated or fnmatch.fnmatchcase(sheet, stated)


def _is_meant(one: TableConfig, file: str) -> bool:
    return fnmatch.fnmatch(file, one.file) or fnmatch.fnmatch(PurePosixPath(file).name, one.file)


def is_ignored(file: str, config: Config) -> bool:
    """Whether nothing of a file is to be read."""
    found = [one for one in config.source.tables if _is_meant(one, file)]
    return bool(found) and all(one.role == "ignore" and not one.sheet for one in found)


def wanted_sheets(file: str, config: Config) -> Wanted:
    """Which sheets of a file are stated: those that are not, are read where nothing is hidden."""

    def wanted(sheet: str) -> bool | None:
        stated = stated_of(where_of(file, sheet), config)
        return None if stated is None else stated.role != "ignore"

    return wanted


def refuse_absent(config: Config, sheets: Sequence[Sheet], path: Path) -> None:
    """Raises ConfigError where a file or sheet that is stated is not there."""
    for one in config.source.tables:
        if one.role != "ignore" and not any(stated_of(s.name, config) is one for s in sheets):
            named = where_of(one.file, one.sheet) if one.sheet else one.file
            raise ConfigError(
                f"no readable table {named!r} in {path.name}",
                where="kit.yaml: model.source.tables",
                fix=f"tables here: {', '.join(s.name for s in sheets[:10])}",
            )


def role_of(sheet: Sheet, config: Config) -> str:
    """What a table is stated to be; empty: nothing is."""
    stated = stated_of(sheet.name, config)
    return stated.role if stated is not None else ""
