"""Cases in words and as JSON, for the command line, the status page and `/status.json`. Reads nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from edge_agent.alarms.memory import Asset
from kits.core.alarm import LEVELS


def worst_first(assets: Mapping[str, Asset]) -> dict[str, Asset]:
    """Open cases before others, higher levels before lower ones, then by name."""

    def rank(item: tuple[str, Asset]) -> tuple[bool, int, str]:
        name, asset = item
        return asset.case is None, -LEVELS.index(asset.alarm.level), name

    return dict(sorted(assets.items(), key=rank))


def lines(assets: Mapping[str, Asset]) -> Iterator[str]:
    """One line per asset."""
    for name, asset in assets.items():
        score = "–" if asset.score is None else f"{asset.score:.4g}"
        words = [f"  {name}", asset.alarm.level, f"score {score}"]
        case, shelf = asset.case, asset.shelf
        if case is not None:
            words += [case.state, f"since {case.since:%Y-%m-%d %H:%M} UTC", case.label, case.reason]
        if shelf is not None:
            words.append(f"shelved until {shelf.until:%Y-%m-%d %H:%M} UTC: {shelf.reason}")
        yield " · ".join(word for word in words if word)


def as_json(assets: Mapping[str, Asset]) -> list[JsonValue]:
    """The same for programs."""
    return [
        {
            "asset": name,
            "level": asset.alarm.level,
            "score": asset.score,
            "label": asset.label,
            "seen_at": asset.seen_at.isoformat() if asset.seen_at is not None else "",
            "case": None if asset.case is None else {
                **asset.case.model_dump(mode="json"), "state": asset.case.state,
            },
            "shelf": None if asset.shelf is None else asset.shelf.model_dump(mode="json"),
        }
        for name, asset in assets.items()
    ]  # fmt: skip
