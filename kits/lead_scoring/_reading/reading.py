"""A file or folder of tables → samples and findings: which tables there are, what was taken for what, what was refused.

Composition only; each step has a file of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path

from kits.core.kit import Finding, RawSample
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.columns.learned import Learned
from kits.lead_scoring._reading.files.uncollected import kept_aside, uncollected
from kits.lead_scoring._reading.leads.columns_before import columns_gone
from kits.lead_scoring._reading.leads.ids_before import ids_as_before
from kits.lead_scoring._reading.leads.repeated import newest_of_each
from kits.lead_scoring._reading.leads.trials import without_trials
from kits.lead_scoring._reading.leads.versions import without_versions
from kits.lead_scoring._reading.samples import samples_of
from kits.lead_scoring._reading.tables.folder import find_tables
from kits.lead_scoring._reading.telling.columns import tell
from kits.lead_scoring._reading.understanding import understand
from kits.lead_scoring._reading.values.other_units import several_currencies, without_other_units
from kits.lead_scoring.config import Config

_STATED, _REPLACE = "model.source", "--replace"


def read_leads(
    path: Path,
    config: Config,
    learned: Learned | None = None,
    *,
    all_wanted: bool = False,
) -> Iterator[RawSample | Finding]:
    """Every lead of a file or folder.

    Args:
        learned: what the bundle knows that they are for; None: there is none.
        all_wanted: leads are only scored, so none is left out, whatever the settings leave out of those to learn from.

    Raises:
        ConfigError: the configuration names a column or file that is not there.
        DataError: no table of leads, or it is unclear what tells their outcome.
    """
    with uncollected():
        learned = learned or Learned()
        config, found, known, trials = _understood(path, config, learned, all_wanted)
    heard = learned.objecting if all_wanted else frozenset()
    with kept_aside():
        for one in chain(
            found, samples_of(known, config, trials, heard, learned.before, scored=all_wanted)
        ):
            yield one if all_wanted or isinstance(one, RawSample) else _with_next_step(one)


def _understood(
    path: Path, config: Config, learned: Learned, all_wanted: bool
) -> tuple[Config, list[Finding], Known, Mapping[int, str]]:
    """The settings with what the tables add to them, what is told, the leads, and which of them are hardly leads."""
    tables = find_tables(path, config, learned)
    if tables.source is not None:
        config = config.model_copy(update={"source": tables.source})
    known = understand(tables.leads, config, tables.extend, tables.joined, learned)
    known, ids = ids_as_before(known, learned.before)
    known, repeated = newest_of_each(known, stated=bool(config.source.id))
    known, versions = without_versions(known, config.source, all_wanted=all_wanted)
    known, trials, tried = without_trials(known, config.source, all_wanted=all_wanted)
    known, other = without_other_units(known, learned.units)
    gone = columns_gone(known, learned.before)
    told = [one for one in (ids, gone, *repeated) if one is not None]
    found = [
        *tables.findings, *other, *tried, *versions, *told, *tell(known, config), *several_currencies(known),
    ]  # fmt: skip
    return config, found, known, trials


def _with_next_step(finding: Finding) -> Finding:
    """What is stated of columns and tables counts from the next import on, and leads without ids would stand beside themselves."""
    if _STATED not in finding.fix or _REPLACE in finding.fix:
        return finding
    return replace(finding, fix=f"{finding.fix}; then import again with {_REPLACE}")
