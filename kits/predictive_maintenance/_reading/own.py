"""The format `windows`: our own `.cbor` windows in a folder, with what is known of them in a list.

The list (`annotations.jsonl`) is what `write` leaves; a folder without it is read all the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from kits.core.annotation import Annotation, annotation_from_json, annotation_to_json
from kits.core.dataset import Dataset
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.window import MAX_BYTES, MEDIA_TYPE, decode_window
from kits.predictive_maintenance._reading.files import WINDOWS, data_files, name_in, split_of
from kits.predictive_maintenance._reading.notes import refused
from kits.predictive_maintenance._reading.sidecar import Sidecar

LIST = "annotations.jsonl"


def read(path: Path, sidecar: Sidecar) -> Iterator[RawSample | Finding]:
    """Windows as samples.

    Raises:
        DataError: no window there, or a list that is damaged.
    """
    del sidecar  # a window states itself what it is
    files = data_files(path, WINDOWS)
    if not files:
        fix = "give the folder that kit data export wrote, or another --format"
        raise DataError("no .cbor windows here", where=str(path), fix=fix)
    listed = _read_list(path / LIST) if path.is_dir() else {}
    for file in files:
        name = name_in(file, path)
        try:
            if file.stat().st_size > MAX_BYTES:
                fix = "write the recording as several windows"
                raise DataError(f"more than {MAX_BYTES} bytes", where=name, fix=fix)
            content = file.read_bytes()
            window = decode_window(content)
        except OSError as error:
            what = f"cannot be read: {error.strerror}"
            yield refused(name, DataError(what, fix="give whoever imports the right to read it"))
            continue
        except DataError as error:
            yield refused(name, error)
            continue
        annotation, group = listed.get(name, (None, ""))
        asset = str(window.attributes.get("asset", "")) or Path(name).parent.as_posix()
        yield RawSample(
            content=content,
            media_type=MEDIA_TYPE,
            source=name,
            annotation=annotation,
            group=group or asset,
            split=split_of(file, path),
            meta={
                "asset": asset,
                "recording": name,
                "readings": max(c.readings.size for c in window.channels),
                "channels": len(window.channels),
                "rate_hz": window.rate_hz,
                **({"started_at": window.started_at.isoformat()} if window.started_at else {}),
            },
        )


def _read_list(file: Path) -> dict[str, tuple[Annotation | None, str]]:
    if not file.is_file():
        return {}
    found: dict[str, tuple[Annotation | None, str]] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            stated = row["annotation"]
            annotation = annotation_from_json(stated) if stated is not None else None
            found[str(row["file"])] = (annotation, str(row.get("group", "")))
        except (KeyError, TypeError, ValueError, DataError) as error:
            raise DataError(
                f"line {number} is no annotation: {error}",
                where=file.name,
                fix="export the windows again, or delete the line: its window is then without a label",
            ) from error
    return found


def write(dataset: Dataset, folder: Path) -> None:
    """`<split>/<sample>.cbor` and the list of annotations.

    Raises:
        DataError: a sample's bytes are absent or damaged.
    """
    lines = []
    for item in dataset.items:
        name = f"{item.split}/{item.sample.id}.cbor"
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(dataset.content(item))
        stated = annotation_to_json(item.annotation) if item.annotation is not None else None
        row = {"file": name, "group": item.sample.group, "annotation": stated}
        lines.append(json.dumps(row, ensure_ascii=False, sort_keys=True))
    (folder / LIST).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
