"""Columns that a person names in `kit.yaml`: found in the data, or an error that says what is there."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from kits.core.column_names import squeezed
from kits.core.errors import ConfigError, did_you_mean
from kits.lead_scoring.config import Config, SourceConfig


def column_named(
    columns: Sequence[str], stated: str, key: str, *, missing_is_fine: bool = False
) -> str:
    """The column that a person means; case, accents and signs may differ.

    Args:
        key: where it is stated, below `model.source`.
        missing_is_fine: new leads have no outcome yet: then it is empty, unless a name is nearly the same.

    Raises:
        ConfigError: there is no such column.
    """
    if stated in columns:
        return stated
    alike = [name for name in columns if squeezed(name) == squeezed(stated)]
    if len(alike) == 1:
        return alike[0]
    if missing_is_fine and not difflib.get_close_matches(stated, columns, n=1, cutoff=0.75):
        return ""
    raise ConfigError(
        f"the data has no column {stated!r}",
        where=f"kit.yaml: model.source.{key}",
        fix=did_you_mean(stated, columns),
    )


def columns_stated(source: SourceConfig) -> set[str]:
    """The columns of which a person says what they are for."""
    named = (source.id, source.outcome, source.decided_at, source.outcome_at, source.order, source.group, source.split)  # fmt: skip
    return set(filter(None, named))


def columns_spoken_of(config: Config) -> set[str]:
    """All columns that a person names, whatever for."""
    own = config.columns
    optional = (own.exclude, own.keep, own.numeric, own.categorical, own.protected, own.opt_out, own.actionable)  # fmt: skip
    return columns_stated(config.source).union(*optional)
