"""An image model of one's own: what it is given, what becomes of its answers, and how what is wrong with it is told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from onnx_file import UINT8, write_averager
from PIL import Image

from aggregator.analyze import vision
from aggregator.analyze.picture import analyze_pictures
from aggregator.analyze.pixels import Scaled, read_scaled
from aggregator.analyze.vision import ImageModel, load_image_model, vision_method
from aggregator.errors import ConfigError
from aggregator.records import PictureJob

pytest.importorskip("onnxruntime", reason="the extra “vision” is not installed")

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
Colour = tuple[int, int, int]
LABELS = 'labels = ["red", "green", "blue"]\n'


def write_model(folder: Path, card: str = "", labels: str = LABELS, **model: Any) -> Path:
    (folder / "mine.toml").write_text(labels + card, encoding="utf-8")
    path = folder / "mine.onnx"
    write_averager(path, **model)
    return path


def loaded(folder: Path, card: str = "", labels: str = LABELS, **model: Any) -> ImageModel:
    return load_image_model(str(write_model(folder, card, labels, **model)))


def plain(colour: Colour, size: tuple[int, int] = (30, 20), middle: Colour | None = None, parts: int = 3) -> Scaled:
    """Return a picture of one colour, the middle of so many parts of its width perhaps of another."""
    picture = Image.new("RGB", size, colour)
    if middle is not None:
        part = size[0] // parts
        picture.paste(middle, ((size[0] - part) // 2, 0, (size[0] + part) // 2, size[1]))
    content = BytesIO()
    picture.save(content, "png")
    return read_scaled(content.getvalue(), "png", max(size))


def seen(model: ImageModel, picture: Scaled) -> dict[str, float]:
    return {one.label: one.score for one in model.labels(picture)}


# --- what it is given, and what it answers ---------------------------------------------------------------------------


def test_labels_come_by_their_scores_and_small_ones_are_left_out(tmp_path: Path) -> None:
    model = loaded(tmp_path, "floor = 0.2\n", gain=2.0)
    assert seen(model, plain((255, 128, 0))) == {"red": 0.6646, "green": 0.2455}
    assert [one.label for one in model.labels(plain((0, 128, 255)))] == ["blue", "green"]


def test_only_the_best_are_kept(tmp_path: Path) -> None:
    model = loaded(tmp_path, "top = 1\nfloor = 0\n")
    assert list(seen(model, plain(BLUE))) == ["blue"]


@pytest.mark.parametrize(
    ("scores", "red", "green"), [("softmax", 0.859, 0.0705), ("sigmoid", 0.8808, 0.3775), ("none", 1.0, 0.0)]
)
def test_scores_are_brought_to_0_to_1(scores: str, red: float, green: float, tmp_path: Path) -> None:
    # (255 / 255 − 0.2) / 0.4 = 2, and (0 − 0.2) / 0.4 = −0.5
    model = loaded(tmp_path, f'scores = "{scores}"\nmean = 0.2\nstd = 0.4\nfloor = 0\n')
    found = seen(model, plain(RED))
    assert (found["red"], found["green"]) == (red, green)


def test_levels_are_scaled_and_shifted_for_each_colour(tmp_path: Path) -> None:
    numbers = "scale = 0.01\nmean = [2.0, 0.0, -1.0]\nstd = [1.1, 1.0, 4.0]\n"
    model = loaded(tmp_path, f'{numbers}scores = "none"\nfloor = 0\n')
    assert seen(model, plain((255, 50, 100))) == {"red": 0.5, "green": 0.5, "blue": 0.5}


@pytest.mark.parametrize("layout", ["", 'layout = "NHWC"\n'])
def test_channels_may_come_last(layout: str, tmp_path: Path) -> None:
    model = loaded(tmp_path, f'{layout}scores = "none"\n', shape=(1, 8, 12, 3), axes=(1, 2))
    assert (model.form.width, model.form.height, model.form.channels_first) == (12, 8, False)
    assert seen(model, plain(GREEN)) == {"green": 1.0}


def test_blue_may_come_first(tmp_path: Path) -> None:
    assert seen(loaded(tmp_path, 'colours = "BGR"\nscores = "none"\n'), plain(RED)) == {"blue": 1.0}


@pytest.mark.parametrize("card", ["", 'colours = "grey"\n'])
def test_a_model_may_take_grey_pictures(card: str, tmp_path: Path) -> None:
    model = loaded(tmp_path, f'{card}scores = "none"\n', shape=(1, 1, 8, 8), channels=1)
    assert seen(model, plain(GREEN)) == {"red": 0.587}


def test_whole_levels_are_given_to_a_model_that_takes_bytes(tmp_path: Path) -> None:
    model = loaded(tmp_path, 'scores = "none"\n', element_type=UINT8, gain=1 / 255)
    assert seen(model, plain((255, 51, 0))) == {"red": 1.0, "green": 0.2}
    other = tmp_path / "other"
    other.mkdir()
    shifted = loaded(other, 'scores = "none"\nmean = 60\nstd = 0.6\n', element_type=UINT8, gain=1 / 255)
    assert seen(shifted, plain((255, 51, 120))) == {"red": 1.0, "blue": 0.3922}  # 325 is 255, −15 is 0, 100 is 100


def test_a_model_for_any_size_and_number_gets_the_size_of_its_sidecar(tmp_path: Path) -> None:
    model = loaded(tmp_path, 'size = [24, 16]\nscores = "none"\n', shape=("n", 3, "h", "w"))
    assert (model.form.width, model.form.height, model.look_px) == (24, 16, 48)
    assert seen(model, plain(RED)) == {"red": 1.0}


def test_the_middle_is_cut_out_unless_the_picture_is_to_be_squeezed(tmp_path: Path) -> None:
    picture = plain(BLUE, (96, 32), RED)
    answers = {}
    for fit in ("crop", "stretch"):
        folder = tmp_path / fit
        folder.mkdir()
        answers[fit] = seen(loaded(folder, f'fit = "{fit}"\nscores = "none"\n', shape=(1, 3, 30, 30)), picture)
    assert answers["crop"] == {"red": 1.0}
    assert answers["stretch"] == {"blue": pytest.approx(2 / 3, abs=0.01), "red": pytest.approx(1 / 3, abs=0.01)}


@pytest.mark.parametrize("size", [(5000, 1), (1, 5000), (1, 1)])
def test_pictures_of_any_shape_are_taken(size: tuple[int, int], tmp_path: Path) -> None:
    assert seen(loaded(tmp_path, 'scores = "none"\n'), plain(GREEN, size)) == {"green": 1.0}


def test_of_a_very_long_picture_a_quarter_is_seen(tmp_path: Path) -> None:
    picture = plain(BLUE, (3200, 2), RED, parts=8)
    assert seen(loaded(tmp_path, 'scores = "none"\n'), picture) == {"red": 0.5, "blue": 0.5}


def test_a_model_is_loaded_once_and_makes_no_threads(tmp_path: Path) -> None:
    path = str(write_model(tmp_path))
    assert load_image_model(path) is load_image_model(path)
    question = (
        "import sys; from pathlib import Path; from aggregator.analyze.vision import load_image_model\n"
        f"count = lambda: len(list(Path('/proc/self/task').iterdir())); import numpy, onnxruntime; before = count()\n"
        f"load_image_model({path!r}); print(count() - before)"
    )
    if sys.platform == "linux":
        answer = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, check=True)
        assert (answer.stdout, answer.stderr) == ("0\n", "")


def test_labels_may_stand_in_a_file_and_more_than_once(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("rouge\nvert\nvert\n", encoding="utf-8")
    model = loaded(tmp_path, 'scores = "none"\n', 'labels_file = "names.txt"\n')
    assert [one.label for one in model.labels(plain((255, 255, 255)))] == ["rouge", "vert", "vert"]


# --- which model it was ----------------------------------------------------------------------------------------------


def test_the_version_changes_with_every_file_that_the_answers_depend_on(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("a\nb\nc\n", encoding="utf-8")
    path = write_model(tmp_path, labels='labels_file = "names.txt"\n')
    first = vision_method(path)
    assert (first.kind, first.name, vision_method(str(path))) == ("vision", "mine", first)
    versions = {first.version}
    for change in (
        lambda: (tmp_path / "names.txt").write_text("a\nb\nd\n", encoding="utf-8"),
        lambda: (tmp_path / "mine.toml").write_text('labels_file = "names.txt"\ntop = 4\n', encoding="utf-8"),
        lambda: write_averager(path, gain=2.0),
        lambda: (tmp_path / "mine.onnx.data").write_bytes(b"weights"),
    ):
        change()
        versions.add(vision_method(path).version)
    assert len(versions) == 5


# --- what is wrong with it -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("card", "model", "said"),
    [
        ("", {"classes": 4}, r"gives 4 numbers, and .*mine\.toml has 3 labels"),
        ("", {"shape": (1, 3, "h", "w")}, r"any size; let .*mine\.toml say size = 224"),
        ("size = 9", {}, r"pictures of 8×8 only; let .*mine\.toml say nothing else"),
        ("", {"shape": (4, 3, 8, 8)}, "takes 4 pictures at once"),
        ("", {"shape": (1, 3, 8), "axes": (2,)}, "no model of single pictures"),
        ("", {"shape": (1, 7, 8, 8), "channels": 7}, "may be read in two ways"),
        ('layout = "NCHW"', {"shape": (1, 7, 8, 8), "channels": 7}, "it takes 7 channels"),
        ('colours = "grey"', {}, "it takes 3 channels, and colours = 'grey'"),
        ('output = "odds"', {}, "there is no output odds; it has scores, means"),
        ("", {"element_type": 7}, r"its input is tensor\(int64\)"),
        ('layout = "NHWC"', {}, r"input \[1, 3, 8, 8\] is not NHWC; let .*mine\.toml say layout = 'NCHW', or leave it"),
        ('layout = "NCHW"', {"shape": (1, 8, 12, 3), "axes": (1, 2)}, "say layout = 'NHWC'"),
        ("colour = 1", {}, r"mine\.toml: there is no key colour; did you mean colours\?"),
        ("Lables = 1", {}, r"mine\.toml: there is no key Lables; did you mean labels\?"),
        ("zoom = 1", {}, r"mine\.toml: there is no key zoom; the keys are colours, "),
        ("top = 0", {}, "top must be a whole number from 1 to 100"),
        ("floor = 2", {}, "floor must be a number from 0 to 1"),
        ("std = [1, 0, 1]", {}, "std must not be 0"),
        ("mean = [1, 2]", {}, "mean must be one number, or three"),
        ("scale = nan", {}, "scale must be a number"),
        ("size = [8, 8, 8]", {}, "size must be the side of a square"),
        ('layout = "CHWN"', {}, "layout must be one of NCHW, NHWC"),
        ("=", {}, r"mine\.toml is not valid TOML"),
        ('labels_file = "x"', {}, "give either labels, a list, or labels_file"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_runs(
    card: str, model: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=said):
        loaded(tmp_path, card, **model)


def test_another_output_may_be_chosen(tmp_path: Path) -> None:
    assert seen(loaded(tmp_path, 'output = "means"\nscores = "none"\n', classes=9), plain(RED)) == {"red": 1.0}


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("", "give either labels, a list, or labels_file"),
        ('labels = ["a", ""]\n', "labels must be a text that is not empty"),
        ("labels = []\n", "labels must be a list of texts"),
        ('labels = ["a", "b", "a "]\n', r"mine\.toml: “a” is the label of 2 numbers; give each its own, such as “a 2”"),
        ('lables = ["a", "b", "c"]\n', "there is no key lables; did you mean labels?"),
        ('labels_file = "none.txt"\n', r"none\.txt, which .*mine\.toml names, cannot be read: No such file"),
        ('labels_file = "blank.txt"\n', r"blank\.txt must have a label on each line"),
    ],
)
def test_labels_must_be_there(labels: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "blank.txt").write_text("a\n\nb\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        loaded(tmp_path, labels=labels)


def remove(path: Path) -> None:
    path.unlink()


def garble(path: Path) -> None:
    path.write_bytes(b"no model")


@pytest.mark.parametrize(
    ("harm", "name", "said"),
    [
        (remove, "mine.onnx", r"there is no file .*mine\.onnx; correct the path"),
        (remove, "mine.toml", r"there is no .*mine\.toml: an image model needs"),
        (garble, "mine.onnx", r"mine\.onnx cannot be used: ONNX Runtime cannot load it: "),
    ],
)
def test_files_must_be_there_and_whole(harm: Callable[[Path], None], name: str, said: str, tmp_path: Path) -> None:
    path = write_model(tmp_path)
    harm(tmp_path / name)
    with pytest.raises(ConfigError, match=said):
        load_image_model(str(path))
    if harm is remove:
        with pytest.raises(ConfigError, match=said):
            vision_method(path)


def test_a_folder_is_not_a_model(tmp_path: Path) -> None:
    for refuse in (lambda: load_image_model(str(tmp_path)), lambda: vision_method(tmp_path)):
        with pytest.raises(ConfigError, match=r"is a folder; name the \.onnx file in it"):
            refuse()


def test_who_has_not_the_extra_is_told_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r'onnxruntime, .* pip install "\.\[vision\]"'):
        loaded(tmp_path)


# --- in the analysis of pictures -------------------------------------------------------------------------------------


def test_pictures_are_labelled_with_the_rest_and_junk_is_not(tmp_path: Path) -> None:
    path = write_model(tmp_path, 'scores = "none"\nfloor = 0.01\n', shape=(1, 3, 600, 600))
    picture = Image.effect_mandelbrot((900, 600), (-2, -1.5, 1, 1.5), 50).convert("RGB")
    for name, one in (
        ("photo", Image.merge("RGB", [picture.getchannel(0)] + [Image.new("L", picture.size)] * 2)),
        ("pixel", Image.new("RGB", (1, 1), RED)),
    ):
        one.save(tmp_path / name, "png")
    jobs = [PictureJob(number, name * 13, name) for number, name in enumerate(("photo", "pixel"))]
    photo, pixel = analyze_pictures(jobs, images_dir=str(tmp_path), thumbnail_sizes=(96,), image_model=str(path))
    assert [one.label for one in photo.labels] == ["red"]
    assert (pixel.labels, pixel.junk is None) == ((), False)
    without = analyze_pictures(jobs, images_dir=str(tmp_path), thumbnail_sizes=(96,))
    assert without[0].labels == ()
