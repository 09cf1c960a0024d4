"""A file or folder of tables → samples and findings: which tables there are, what was taken for what, what was refused.

Composition only; each step has a file of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from kits.core.kit import Finding, RawSample
from kits.lead_scoring._reading.folder import find_tables
from kits.lead_scoring._reading.known import understand
from kits.lead_scoring._reading.learned import Learned
from kits.lead_scoring._reading.other_units import several_currencies, without_other_units
from kits.lead_scoring._reading.repeated import newest_of_each
from kits.lead_scoring._reading.samples import samples_of
from kits.lead_scoring._reading.telling import tell
from kits.lead_scoring._reading.trials import without_trials
from kits.lead_scoring._reading.versions import without_versions
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
    learned = learned or Learned()
    tables = find_tables(path, config, learned)
    if tables.source is not None:
        config = config.model_copy(update={"source": tables.source})
    known, repeated = newest_of_each(
        understand(tables.leads, config, tables.extend, tables.joined, learned)
    )
    known, versions = without_versions(known, config.source, all_wanted=all_wanted)
    known, trials, tried = without_trials(known, config.source, all_wanted=all_wanted)
    known, other = without_other_units(known, learned.units)
    found = chain(
        tables.findings, other, tried, versions, [repeated] if repeated is not None else [], tell(known, config),
        several_currencies(known), samples_of(known, config, trials),
    )  # fmt: skip
    for one in found:
        yield one if all_wanted or isinstance(one, RawSample) else _with_next_step(one)


def _with_next_step(finding: Finding) -> Finding:
    """What is stated of columns and tables counts from the next import on, and leads without ids would stand beside themselves."""
    if _STATED not in finding.fix or _REPLACE in finding.fix:
        return finding
    return replace(finding, fix=f"{finding.fix}; then import again with {_REPLACE}")
