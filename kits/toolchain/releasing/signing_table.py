"""A bundle on the table before it is signed: fetched from the hub, checked, put into words.

What the bundle says is read from its own bytes; what only the hub says is marked as such.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from kits.core.bundle import Bundle, open_bytes
from kits.core.errors import BundleError
from kits.core.stats import Estimate
from kits.toolchain.hub_client import HubClient
from kits.toolchain.worth import figure_text

ON_THE_HUBS_WORD = 0.5
"""No larger share of changed verdicts is signed unless a person says so: it opens the devices' shadow."""


class Changes(BaseModel):
    """Share of verdicts that the hub's gate saw change, with its upper bound."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    value: float = Field(ge=0, le=1, allow_inf_nan=False)
    high: float = Field(ge=0, le=1, allow_inf_nan=False)

    @model_validator(mode="after")
    def _ordered(self) -> Changes:
        if self.value > self.high:
            raise ValueError("an upper bound is not below the value")
        return self


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
    def changes(self) -> Changes | None:
        """What the gate saw; None when the hub says nothing, or nothing that can be."""
        compared = self.said.get("comparison")
        stated = compared.get("disagreement") if isinstance(compared, dict) else None
        try:
            return Changes.model_validate(stated)
        except ValidationError:
            return None

    @property
    def outdated(self) -> str:
        """Why the hub will not release it, though it won; empty: nothing is against it."""
        return _plain(str(self.said.get("outdated") or ""))

    def expected(self, wanted: float | None = None) -> float | None:
        """The share of changed verdicts to sign: what a person `wanted`, else the hub's, bounded."""
        if wanted is not None:
            return wanted
        return min(self.changes.high, ON_THE_HUBS_WORD) if self.changes is not None else None

    def limit(self, wanted: float | None = None) -> str:
        """What devices will be told to let pass, in words."""
        expected, seen = self.expected(wanted), self.changes
        if expected is None:
            return "  signed with it: no change of verdicts; devices judge by their own limit"
        text = (
            f"  signed with it: up to {expected:.1%} of the verdicts may change in the shadow, "
            "and what devices add to it"
        )
        if seen is not None and seen.high > expected:
            text += f" (the hub saw up to {seen.high:.1%}: --expect-changes {seen.high:.2f})"
        return text

    def lines(self) -> list[str]:
        """What a person should know before signing."""
        manifest = self.bundle.manifest
        lines = [
            f"{self.title}, kit {manifest.kit}, {len(self.content) / 1e6:.1f} MB, made "
            f"{manifest.created_at:%Y-%m-%d %H:%M} UTC",
            f"  id      {self.bundle.id}",
            f"  dataset {manifest.dataset[:12] or 'unknown'}, seed {manifest.seed}",
        ]
        currency = self.bundle.operating_point.costs.currency
        lines += [
            f"  {name:18} {figure_text(name, value, currency)}"
            for name, value in manifest.metrics.items()
        ]
        return [_plain(line) for line in lines + self._compared()]

    def _compared(self) -> list[str]:
        compared = self.said.get("comparison")
        if not isinstance(compared, dict) or not compared:
            return ["  the hub knows no comparison with the champion"]
        verdict = "better" if compared.get("better") is True else "not better"
        lines = [f"  by the hub's gate it is {verdict}: {compared.get('reason', '')}"]
        try:
            cost = Estimate.model_validate(compared.get("cost_difference")).text()
            cost = f"{cost} {compared.get('currency', '')}".rstrip()
        except ValidationError:
            cost = "not stated"
        seen = self.changes
        changes = f"{seen.value:.1%}, at most {seen.high:.1%}" if seen is not None else "not stated"
        return [*lines, f"  {'cost difference':18} {cost}", f"  {'verdicts changed':18} {changes}"]


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
