"""A bundle on the table before it is signed: fetched from the hub, checked, put into words.

What the bundle says is read from its own bytes; what only the hub says is marked as such.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue, ValidationError

from kits.core.bundle import Bundle, open_bytes
from kits.core.errors import BundleError
from kits.core.stats import Estimate
from kits.toolchain.hub_client import HubClient


@dataclass(frozen=True)
class Offer:
    """A bundle somebody is asked to sign.

    Attributes:
        content: the file's bytes, those of the id that was asked for.
        said: what the hub says about it.
    """

    bundle: Bundle
    content: bytes
    said: dict[str, JsonValue]

    @property
    def title(self) -> str:
        """Project, version, id."""
        manifest = self.bundle.manifest
        return f"{manifest.project} {manifest.version} ({self.bundle.id[:12]})"

    @property
    def expected_disagreement(self) -> float | None:
        """Upper bound of the share of verdicts the gate saw change."""
        compared = self.said.get("comparison")
        stated = compared.get("disagreement") if isinstance(compared, dict) else None
        high = stated.get("high") if isinstance(stated, dict) else None
        return float(high) if isinstance(high, int | float) and 0 <= high <= 1 else None

    def lines(self) -> list[str]:
        """What a person should know before signing."""
        manifest = self.bundle.manifest
        lines = [
            f"{self.title}, kit {manifest.kit}, {len(self.content) / 1e6:.1f} MB, made "
            f"{manifest.created_at:%Y-%m-%d %H:%M} UTC",
            f"  id      {self.bundle.id}",
            f"  dataset {manifest.dataset[:12] or 'unknown'}, seed {manifest.seed}",
        ]
        lines += [f"  {name:18} {value.text()}" for name, value in manifest.metrics.items()]
        return [_plain(line) for line in lines + self._compared()]

    def _compared(self) -> list[str]:
        compared = self.said.get("comparison")
        if not isinstance(compared, dict) or not compared:
            return ["  the hub knows no comparison with the champion"]
        verdict = "better" if compared.get("better") is True else "not better"
        lines = [f"  by the hub's gate it is {verdict}: {compared.get('reason', '')}"]
        for name in ("cost_difference", "disagreement"):
            try:
                shown = Estimate.model_validate(compared.get(name)).text()
            except ValidationError:
                continue
            lines.append(f"  {name.replace('_', ' '):18} {shown}")
        return lines


def fetch(client: HubClient, prefix: str) -> Offer:
    """Downloads a bundle and checks that its bytes have the id that was asked for.

    Raises:
        BundleError: damaged, or another bundle.
        DataError, UnreachableError: see `HubClient`.
    """
    said = client.bundle(prefix)
    identity = str(said["id"])
    content = client.bundle_content(identity)
    bundle = open_bytes(content, where=identity[:12])
    if bundle.id != identity or not bundle.id.startswith(prefix):
        raise BundleError(
            f"the hub sends the bundle {bundle.id[:12]} for {prefix[:12]}", where=client.address
        )
    return Offer(bundle, content, said)


def _plain(line: str) -> str:
    """Text of others without what could move the cursor of a terminal."""
    return "".join(c for c in line[:500] if c.isprintable())
