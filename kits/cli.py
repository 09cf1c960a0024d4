"""The `kit` command: composes the verbs. What they do is in `kits/toolchain/commands/`."""

from __future__ import annotations
