from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from aggregator.newsroom.pictures.scenes import SCENES, drawn_picture


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_a_scene_is_a_photo_sized_picture_with_something_on_it(scene: str) -> None:
    with Image.open(BytesIO(drawn_picture(scene, 3))) as picture:
        assert (picture.format, picture.size, picture.mode) == ("JPEG", (960, 540), "RGB")
        assert min(ImageStat.Stat(picture.convert("L")).stddev) > 12


def test_every_part_of_a_scene_is_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    loud = (255, 0, 255)
    new = Image.new
    monkeypatch.setattr(Image, "new", lambda mode, size: new(mode, size, loud if mode == "RGB" else 0))
    for scene in SCENES:
        for seed in range(2):
            with Image.open(BytesIO(drawn_picture(scene, seed))) as picture:
                flat = picture.resize((96, 54), Image.Resampling.BOX).tobytes()
            pixels = zip(flat[0::3], flat[1::3], flat[2::3], strict=True)
            left_bare = [pixel for pixel in pixels if pixel[0] > 220 and pixel[1] < 40 and pixel[2] > 220]
            assert not left_bare, (scene, seed)


@pytest.mark.parametrize("scene", ["harbour", "mountains", "stage"])
def test_seeds_vary_a_scene_and_repeat_it(scene: str) -> None:
    assert drawn_picture(scene, 1) == drawn_picture(scene, 1)
    assert len({drawn_picture(scene, seed) for seed in range(4)}) == 4


def test_another_process_draws_the_same_bytes() -> None:
    code = (
        "from hashlib import sha256; from aggregator.newsroom.pictures.scenes import drawn_picture; "
        "print(sha256(drawn_picture('harbour', 5)).hexdigest())"
    )
    source = str(Path(__file__).parents[2] / "src")
    there = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": source}
    )
    assert there.stdout.strip() == sha256(drawn_picture("harbour", 5)).hexdigest()
