"""Silence for libraries that print: standard output belongs to the command's answer.

onnxruntime's tools print, log to the root logger and write to file descriptor 1 from C++. What
they said is kept for the error message when something fails; it never reaches the answer.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def stdout_kept_clean() -> Iterator[None]:
    """Sends what is written to standard output, from Python or C, to nowhere for a while."""
    sys.stdout.flush()
    saved = os.dup(1)
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with tempfile.TemporaryFile() as sink, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            os.dup2(sink.fileno(), 1)
            with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
                yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        logging.disable(before)
