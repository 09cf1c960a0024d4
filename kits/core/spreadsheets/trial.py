"""An old XLS is read in a process of its own first: what its bytes claim is bounded by nothing, and a damaged one can ask
for more memory than there is, which ends the process that reads it.

XLSX and ODS need no such trial: their XML is gone through before, within bounds.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kits.core.spreadsheets.package import damaged

MAX_BYTES = 8 << 30
"""Of memory. A full sheet of an XLS has 0.5 GiB."""
MAX_S = 600
_READ = f"""
import sys
sys.path[:] = sys.argv[2:]
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, ({MAX_BYTES}, {MAX_BYTES}))
except (ImportError, ValueError, OSError):
    pass  # no such bound on this system
import python_calamine as calamine
try:
    with calamine.CalamineWorkbook.from_path(sys.argv[1]) as book:
        for name in book.sheet_names:
            book.get_sheet_by_name(name)
except (calamine.CalamineError, OSError, ValueError):
    pass  # whoever reads it next says what is wrong
"""


def try_out(path: Path) -> None:
    """Reads a whole file, and forgets it.

    Raises:
        DataError: whoever reads it comes to an end, or to none.
    """
    # what this process imports from, but not the folder that somebody happens to be in
    words = [sys.executable, "-I", "-c", _READ, str(path), *filter(None, sys.path)]
    try:
        ended = subprocess.run(words, capture_output=True, timeout=MAX_S, check=False)  # noqa: S603  # our own words
    except subprocess.TimeoutExpired:
        raise damaged(path, "it cannot be read to its end") from None
    if ended.returncode:
        raise damaged(path, "it contradicts itself")
