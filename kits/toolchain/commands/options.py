"""Options that several verbs share, so that they look and mean the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ProjectOption = Annotated[
    Path,
    typer.Option(
        "-C",
        "--project",
        metavar="DIR",
        readable=False,  # who may not read it is told by us
        help="The project: this folder or the nearest one above it with a kit.yaml.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="Only the answer.")]
BundleOption = Annotated[
    str, typer.Option(metavar="PATH", help="A .kwb file; the newest one by default.")
]
ProviderOption = Annotated[
    str,
    typer.Option(help="cpu (onnxruntime), openvino or openvino-fp32.", metavar="NAME"),
]

HERE = Path()
"""Default of `ProjectOption`: the current folder."""
