"""Which tables a file or folder holds: put together where one table lies in several files, and joined to the one of the leads.

They are opened in `files/opening.py`; how they hang together is found in `joining/tables.py`.
"""

from __future__ import annotations

from pathlib import Path

from kits.core.errors import DataError
from kits.lead_scoring._reading.columns.learned import Learned
from kits.lead_scoring._reading.columns.stated import columns_spoken_of
from kits.lead_scoring._reading.files.opening import Opened, open_tables
from kits.lead_scoring._reading.joining.answers_beside import with_answers
from kits.lead_scoring._reading.joining.tables import Tables, join
from kits.lead_scoring._reading.tables.example_answers import without_examples
from kits.lead_scoring._reading.tables.listed_choices import without_choices
from kits.lead_scoring._reading.tables.own_scores import without_own_scores
from kits.lead_scoring._reading.tables.renamed import as_known
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.tables.stacking import stacked
from kits.lead_scoring._reading.tables.stated_tables import refuse_absent, role_of, stated_of
from kits.lead_scoring._reading.tables.subsets import without_subsets
from kits.lead_scoring.config import Config


def find_tables(path: Path, config: Config, learned: Learned | None = None) -> Tables:
    """Reads every table, finds the one that lists the leads and joins the others to it.

    Args:
        learned: what is known of such tables; None: nothing.

    Raises:
        DataError: there is none.
        ConfigError: the configuration names a file or column that is not there.
    """
    learned = learned or Learned()
    opened = open_tables(path, config, learned)
    if path.is_dir() or any(one.sheet for one in config.source.tables):
        refuse_absent(config, opened.sheets, path)

    def role(sheet: Sheet) -> str:
        return role_of(sheet, config)

    known, stated, asked = learned.columns, columns_spoken_of(config), config.source.mapping
    sheets, scores = without_own_scores(opened.sheets, role, stated)
    findings = [*opened.findings, *scores]
    if not sheets:
        raise _no_table(path, Opened(sheets, findings, opened.fixes))

    sheets = [as_known(sheet, known, asked, stated) for sheet in sheets]
    sheets, choices = without_choices(sheets, role)
    sheets, subsets = without_subsets(sheets, role)
    whole, said = stacked(sheets, role, config.source, known | stated)
    whole, examples = without_examples(whole, role)
    whole, answers = with_answers(whole, role)
    findings.extend([*choices, *subsets, *said, *examples, *answers])
    return join(whole, config, lambda name: stated_of(name, config), findings, learned)


def _no_table(path: Path, opened: Opened) -> DataError:
    told = "; ".join(one.text for one in opened.findings[:3])
    return DataError(
        f"no table of leads here{': ' + told if told else ''}",
        where=str(path),
        fix=next(filter(None, opened.fixes), "")
        or "a CSV, spreadsheet, JSON or parquet file with a line of column names and a row each lead",
    )
