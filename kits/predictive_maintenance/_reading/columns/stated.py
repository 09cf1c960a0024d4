"""Columns that `machines.yaml` names."""

from __future__ import annotations

from kits.core.errors import DataError, did_you_mean
from kits.predictive_maintenance._reading.formats.table import Column, Table
from kits.predictive_maintenance._reading.sidecar import Sidecar


def require(table: Table, name: str, where: str) -> Column:
    """A column that must be there.

    Raises:
        DataError: it is not.
    """
    column = table.column(name)
    if column is None:
        raise DataError(
            f"no column {name!r}, which machines.yaml names",
            where=where,
            fix=did_you_mean(name, table.names),
        )
    return column


def ignored(table: Table, sidecar: Sidecar) -> set[str]:
    """Columns of a table that are stated to be none of the machine's."""
    found = (table.column(name) for name in sidecar.ignore)
    return {column.name for column in found if column is not None}
