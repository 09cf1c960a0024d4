"""Pictures in folders, or with a verdict in their names; masks beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.pictures.made import Part
from benchmarks.pictures.writing import Collection, put

layout = Collection()
_PLACE = ("boxes", "split")


@layout("a folder per class", without=_PLACE)
def per_class(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        put(folder / part.kind / f"{part.stem}.jpg", part.encoded())


@layout("casting: train and test, ok_front and def_front", without=("boxes", "kind"))
def casting(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        kind = "ok_front" if part.good else "def_front"
        split = {"train": "train", "val": "val", "test": "test"}[part.split]
        put(folder / "casting_data" / split / kind / f"cast_{part.stem}.jpeg", part.encoded(".jpg"))


@layout("MVTec AD: train/good, test/defect, ground_truth", without=("split",))
def mvtec(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        split = "train" if part.good and part.split == "train" else "test"
        put(folder / "plate" / split / part.kind / f"{part.stem}.png", part.encoded(".png"))
        if not part.good:
            truth = folder / "plate/ground_truth" / part.kind / f"{part.stem}_mask.png"
            put(truth, part.encoded(".png", mask=True))


@layout("MVTec LOCO: a folder of masks per picture", without=("split",))
def mvtec_loco(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        split = "train" if part.good and part.split == "train" else "test"
        put(folder / split / part.kind / f"{part.stem}.png", part.encoded(".png"))
        if not part.good:
            for number in range(2):
                truth = folder / "ground_truth" / part.kind / part.stem / f"{number:03d}.png"
                put(truth, part.encoded(".png", mask=True))


@layout(
    "Real-IAD: OK and NG with kinds below, a png mask beside a jpg of NG", without=("kind", "split")
)
def real_iad(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        place = f"OK/S{part.stem}" if part.good else f"NG/{part.kind[:2].upper()}/S{part.stem}"
        stem = folder / "plate" / place / f"plate_{part.stem}_C1_2025"
        put(stem.with_suffix(".jpg"), part.encoded())
        if not part.good:
            put(stem.with_suffix(".png"), part.encoded(".png", mask=True))


@layout("BTAD: ok and ko", without=("kind", "split"))
def btad(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        split = "train" if part.good and part.split == "train" else "test"
        put(
            folder / split / ("ok" if part.good else "ko") / f"{part.stem}.png",
            part.encoded(".png"),
        )
        if not part.good:
            put(folder / "ground_truth/ko" / f"{part.stem}.png", part.encoded(".png", mask=True))


@layout("VisA: Data/Images, Data/Masks", without=("kind", "split"))
def visa(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        kind = "Normal" if part.good else "Anomaly"
        put(folder / "plate/Data/Images" / kind / f"{part.stem}.JPG", part.encoded())
        if not part.good:
            put(
                folder / "plate/Data/Masks/Anomaly" / f"{part.stem}.png",
                part.encoded(".png", mask=True),
            )


@layout("DAGM: Label folder of masks for the defective ones", without=("kind", "good"), rest="test")
def dagm(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        split = "Train" if part.split == "train" else "Test"
        put(folder / "Class1" / split / f"{part.stem}.PNG", part.encoded(".png"))
        if not part.good:
            label = folder / "Class1" / split / "Label" / f"{part.stem}_label.PNG"
            put(label, part.encoded(".png", mask=True))


@layout("KolektorSDD: a folder per part, a mask per picture", without=("kind", "split"))
def kolektor(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        stem = folder / f"kos{part.number // 4:02d}" / f"Part{part.number % 4}"
        put(stem.with_suffix(".jpg"), part.encoded())
        put(stem.with_name(f"{stem.name}_label.bmp"), part.encoded(".bmp", mask=True))


@layout("KolektorSDD2: a mask per picture, train and test", without=("kind",), rest="test")
def kolektor_2(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        split = folder / ("train" if part.split == "train" else "test")
        put(split / f"2{part.stem}.png", part.encoded(".png"))
        put(split / f"2{part.stem}_GT.png", part.encoded(".png", mask=True))


@layout("magnetic tiles: MT_Free, a png mask beside each jpg", without=("split",),
        words={"scratch": "MT_Scratch", "dent": "MT_Dent"})  # fmt: skip
def magnetic_tiles(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        kind = {"good": "MT_Free", "scratch": "MT_Scratch", "dent": "MT_Dent"}[part.kind]
        stem = folder / kind / "Imgs" / f"exp1_num_{part.stem}"
        put(stem.with_suffix(".jpg"), part.encoded())
        put(stem.with_suffix(".png"), part.encoded(".png", mask=True))


@layout("AITEX: Defect_images, Mask_images, NODefect_images", without=("kind", "split"))
def aitex(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        if part.good:
            lot = "2306881-210020u" if part.number % 8 < 4 else "2311517-195063u"
            put(folder / "NODefect_images" / lot / f"{part.stem}_000_04.png", part.encoded(".png"))
        else:
            put(folder / "Defect_images" / f"{part.stem}_002_00.png", part.encoded(".png"))
            put(
                folder / "Mask_images" / f"{part.stem}_002_00_mask.png",
                part.encoded(".png", mask=True),
            )


@layout("images and masks, one for each", without=("kind", "split"))
def images_and_masks(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        put(folder / "images" / f"{part.stem}.jpg", part.encoded())
        put(folder / "masks" / f"{part.stem}.png", part.encoded(".png", mask=True))


@layout("concrete: Positive and Negative", without=("boxes", "kind", "split"))
def concrete(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        put(folder / ("Negative" if part.good else "Positive") / f"{part.stem}.jpg", part.encoded())


@layout("a camera: a folder per day, OK and NG in it", without=("boxes", "kind", "split"))
def days(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        day, verdict = f"2025-03-{part.number % 5 + 1:02d}", "OK" if part.good else "NG"
        put(folder / day / verdict / f"{part.stem}.bmp", part.encoded(".bmp"))


@layout("two cameras: OK and NG, a folder per camera in each", without=("boxes", "kind", "split"))
def cameras(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        verdict, camera = "OK" if part.good else "NG", f"Cam{part.number % 2 + 1}"
        put(folder / verdict / camera / f"{part.stem}.bmp", part.encoded(".bmp"))


@layout("a class folder with train and test in it", without=("boxes",))
def split_below(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        split = {"train": "train", "val": "valid", "test": "test"}[part.split]
        put(folder / part.kind / split / f"{part.stem}.jpg", part.encoded())


@layout("verdict at the end of the name", without=("boxes", "kind", "split"))
def named_at_end(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        verdict = "OK" if part.good else "NG"
        put(folder / f"20250301_08{part.stem}_Cam1_{verdict}.jpg", part.encoded())


@layout("verdict at the start of the name", without=("boxes", "kind", "split"))
def named_at_start(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        put(
            folder / "Bilder" / f"{'io' if part.good else 'nio'}-{part.stem}.png",
            part.encoded(".png"),
        )


@layout("verdict in some names only", refused="NG")
def named_in_part(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        put(folder / f"{part.stem}{'' if part.good else '_NG'}.jpg", part.encoded())


@layout("kinds at the start of names", without=("boxes", "split"))
def kinds_in_names(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        put(folder / f"{part.kind}_{part.number}.jpg", part.encoded())


@layout("NEU-CLS: kinds at the start of names, none good", refused="begin with")
def kinds_alone(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        put(folder / f"{'Cr' if part.number % 2 else 'Pa'}_{part.number}.bmp", part.encoded(".bmp"))


_FOLDERS = (
    ("Gutteile", "Ausschuss"),
    ("i.O.", "n.i.O."),
    ("Fehlerfrei", "Fehlerhaft"),
    ("良品", "不良品"),
    ("合格", "不合格"),
    ("양품", "불량"),
    ("годные", "брак"),
    ("Conformes", "Non conformes"),
    ("Buoni", "Scarti"),
    ("Buenas", "Malas"),
    ("Boas", "Defeituosas"),
    ("dobre", "wadliwe"),
    ("dobré", "vadné"),
    ("goedgekeurd", "afgekeurd"),
    ("godkänd", "underkänd"),
    ("sağlam", "hatalı"),
    ("no_crack", "crack"),
    ("Uncracked", "Cracked"),
    ("undamaged", "damaged"),
    ("PASS", "FAIL"),
    ("accepted", "rejected"),
    ("1_good", "2_bad"),
)


def _worded(good: str, bad: str) -> None:
    @layout(f"folders {good} and {bad}", without=("boxes", "kind", "split"))
    def write(folder: Path, parts: Sequence[Part]) -> None:
        for part in parts:
            put(folder / (good if part.good else bad) / f"{part.stem}.jpg", part.encoded())


for _good, _bad in _FOLDERS:
    _worded(_good, _bad)
LAYOUTS = tuple(layout.layouts)
