"""Labels by an image model of the user's own: the only module that knows ONNX Runtime.

    small upright pixels → the size, order and numbers that the model was trained on → the model → scores → labels

ONNX Runtime is the extra “vision”, imported when a model is loaded: once in each process, where it runs in the one
thread there is. How many processes there are is the pipeline's decision.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from aggregator.analyze.pixels import Scaled
from aggregator.analyze.vision_sidecar import Sidecar, files_of, load_sidecar, sidecar_path
from aggregator.errors import ConfigError
from aggregator.records import ModelId, PictureLabel

VISION_METHOD = "vision-1"
"""Changes when labels by this code would differ from stored ones: other pixels for the model, other arithmetic."""

_EXTRA = "onnxruntime"
_ELEMENT_TYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8"}
_GREY = (0.299, 0.587, 0.114)
_WIDEST = 4
"""A picture that is longer than this times its other side is squeezed first: most of it would be cut off anyway."""

_UNLIKELY = 700.0
"""The exponential function still has a number for it."""

_LOG_ERRORS_ONLY = 3

Levels = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]


class Tensor(Protocol):
    """What ONNX Runtime tells of an input or an output; a side that is not fixed is a name or None."""

    name: str
    type: str
    shape: list[int | str | None]


class Session(Protocol):
    """What is used of ONNX Runtime's session."""

    def run(self, outputs: list[str], feed: dict[str, Any]) -> list[Any]:
        """Compute the `outputs`."""
        ...

    def get_inputs(self) -> list[Tensor]:
        """Tell what the model takes."""
        ...

    def get_outputs(self) -> list[Tensor]:
        """Tell what it gives."""
        ...


@dataclass(frozen=True, slots=True)
class Form:
    """What the model takes: pixels, `channels` of them a colour (3) or grey (1), first or last, as `element_type`."""

    name: str
    element_type: str
    width: int
    height: int
    channels: int
    channels_first: bool


@dataclass(frozen=True, slots=True)
class ImageModel:
    """A loaded model, ready to label."""

    path: Path
    sidecar: Sidecar
    session: Session
    form: Form
    output: str

    @property
    def look_px(self) -> int:
        """To what bound, in pixels, a picture should be decoded for this model: twice its side where it is cropped."""
        return max(self.form.width, self.form.height) * (2 if self.sidecar.fit == "crop" else 1)

    def labels(self, scaled: Scaled) -> tuple[PictureLabel, ...]:
        """Return what the model sees, the likeliest first: at most `top` labels, none below `floor`.

        Raises MemoryError if the worker's memory is used up.
        """
        scores = _shares(self._scores(_levels(scaled, self.form, self.sidecar)), self.sidecar.scores)
        best = np.argsort(-scores, kind="stable")[: self.sidecar.top]
        return tuple(
            PictureLabel(self.sidecar.labels[index], round(float(scores[index]), 4))
            for index in best
            if scores[index] >= self.sidecar.floor
        )

    def _scores(self, levels: Levels) -> Scores:
        """Return what the model gives for a picture: a number for each label."""
        array = levels.transpose(2, 0, 1) if self.form.channels_first else levels
        feed = {self.form.name: np.ascontiguousarray(array[np.newaxis], dtype=self.form.element_type)}
        try:
            (found,) = self.session.run([self.output], feed)
        except Exception as error:
            if "alloc" in str(error).lower():  # its own exceptions tell it in words alone
                raise MemoryError(str(error)) from error
            raise
        return np.asarray(found, dtype=np.float64).ravel()


def vision_method(path: str | Path) -> ModelId:
    """Return what the labels of the model at `path` depend on: all bytes of its files, and this code.

    Raises:
        ConfigError: a file is missing or cannot be read.
    """
    model = Path(path)
    digest = hashlib.sha256(VISION_METHOD.encode())
    for file in files_of(_existing(model)):
        try:
            with file.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
        except OSError as error:
            raise ConfigError(f"[analyze] image_model: {file} cannot be read: {error.strerror}") from error
    return ModelId("vision", model.stem, digest.hexdigest()[:16])


@lru_cache(maxsize=1)
def load_image_model(path: str) -> ImageModel:
    """Load the model at `path`, and try it on a black picture; a process loads it once.

    Raises:
        ConfigError: the extra is missing, or the model or its sidecar cannot be used; the text says what to change.
    """
    model = _existing(Path(path))
    sidecar = load_sidecar(model)
    session = _session(model)
    outputs = [one.name for one in session.get_outputs()]
    output = sidecar.output or outputs[0]
    if output not in outputs:
        raise _wrong(model, f"there is no output {output}; it has {', '.join(outputs)}")
    loaded = ImageModel(model, sidecar, session, _form(model, session.get_inputs(), sidecar), output)
    _try(loaded)
    return loaded


def _existing(model: Path) -> Path:
    if model.is_dir():
        raise ConfigError(f"[analyze] image_model: {model} is a folder; name the .onnx file in it")
    if not model.is_file():
        raise ConfigError(f"[analyze] image_model: there is no file {model}; correct the path, or take it out")
    return model


def _session(model: Path) -> Session:
    if find_spec(_EXTRA) is None:
        raise ConfigError(
            f"image_model needs {_EXTRA}, which comes with the extra “vision”: "
            'pip install ".[vision]" in a checkout, or the wheel with [vision] behind it; '
            "or take image_model out of the settings"
        )
    import onnxruntime  # noqa: PLC0415 - only who has a model pays for it

    onnxruntime.set_default_logger_severity(_LOG_ERRORS_ONLY)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _LOG_ERRORS_ONLY
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # An arena keeps all that the largest picture ever needed, in every process.
    options.enable_cpu_mem_arena = False
    try:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # it has eleven kinds of exceptions without a common parent
        raise _wrong(model, f"ONNX Runtime cannot load it: {_first_line(error)}") from error
    return cast("Session", session)


def _form(model: Path, inputs: list[Tensor], sidecar: Sidecar) -> Form:
    """Put together what model and sidecar say about the input."""
    if len(inputs) != 1 or len(inputs[0].shape) != 4:  # noqa: PLR2004 - batch, channels, height, width
        shapes = ", ".join(f"{one.name} {one.shape}" for one in inputs)
        raise _wrong(
            model, f"it is no model of single pictures: its input is {shapes or 'nothing'}, not N×3×H×W or N×H×W×3"
        )
    taken = inputs[0]
    if taken.type not in _ELEMENT_TYPES:
        raise _wrong(model, f"its input is {taken.type}; only {', '.join(_ELEMENT_TYPES)} can be given")
    if taken.shape[0] not in (1, None) and not isinstance(taken.shape[0], str):
        raise _wrong(model, f"it takes {taken.shape[0]} pictures at once; export it for one, or for any number")
    channels_first = _is_channels_first(model, taken, sidecar)
    _, *rest = taken.shape
    depth, height, width = rest if channels_first else (rest[2], *rest[:2])
    channels = depth if isinstance(depth, int) else 1 if sidecar.colours == "grey" else 3
    if channels != (1 if sidecar.colours == "grey" else 3) and not (channels == 1 and sidecar.colours is None):
        raise _wrong(
            model, f"it takes {channels} channels, and colours = {sidecar.colours or 'RGB'!r} does not fit that"
        )
    if len({len(sidecar.mean), len(sidecar.std), channels} - {1}) > 1:
        raise _wrong(model, f"mean and std in {sidecar_path(model)} must have one number, or {channels}")
    width, height = _sides(model, (width, height), sidecar)
    return Form(taken.name, _ELEMENT_TYPES[taken.type], width, height, channels, channels_first)


def _is_channels_first(model: Path, taken: Tensor, sidecar: Sidecar) -> bool:
    first, last = (taken.shape[place] in (1, 3) for place in (1, 3))
    if sidecar.layout is not None:
        said, other, is_other = ("NCHW", "NHWC", last) if sidecar.layout == "NCHW" else ("NHWC", "NCHW", first)
        if is_other and first != last and isinstance(taken.shape[1 if said == "NCHW" else 3], int):
            raise _wrong(
                model, f"its input {taken.shape} is not {said}; {_say(model)} layout = '{other}', or leave it out"
            )
        return said == "NCHW"
    if first == last:
        raise _wrong(model, f"its input {taken.shape} may be read in two ways; {_say(model)} layout = 'NCHW' or 'NHWC'")
    return first


def _sides(model: Path, sides: tuple[int | str | None, int | str | None], sidecar: Sidecar) -> tuple[int, int]:
    width, height = sides
    if sidecar.size is None:
        if not isinstance(width, int) or not isinstance(height, int):
            raise _wrong(model, f"it takes pictures of any size; {_say(model)} size = 224, or what it was trained on")
        return width, height
    for fixed, said in zip(sides, sidecar.size, strict=True):
        if isinstance(fixed, int) and fixed != said:
            raise _wrong(
                model, f"it takes pictures of {width}×{height} only; {_say(model)} nothing else, or no size at all"
            )
    return sidecar.size


def _try(loaded: ImageModel) -> None:
    form = loaded.form
    try:
        found = loaded._scores(np.zeros((form.height, form.width, form.channels), np.float32))  # noqa: SLF001 - ours
    except MemoryError:
        raise
    except (TypeError, ValueError) as error:
        raise _wrong(loaded.path, f"what it gives as {loaded.output} are no numbers; name another output") from error
    except Exception as error:
        raise _wrong(loaded.path, f"it fails on a black picture: {_first_line(error)}") from error
    if len(found) != len(loaded.sidecar.labels):
        raise _wrong(
            loaded.path,
            f"it gives {len(found)} numbers, and {sidecar_path(loaded.path)} has {len(loaded.sidecar.labels)} labels; "
            "there must be one for each, in their order",
        )


def _levels(scaled: Scaled, form: Form, sidecar: Sidecar) -> Levels:
    """Return the picture as the model wants it, in rows, columns and channels."""
    width, height = form.width, form.height
    if sidecar.fit == "crop":
        factor = max(width / scaled.width, height / scaled.height)
        width = min(max(width, round(scaled.width * factor)), _WIDEST * form.width)
        height = min(max(height, round(scaled.height * factor)), _WIDEST * form.height)
    pixels = np.frombuffer(scaled.average_colours(width, height), np.uint8).reshape(height, width, 3)
    left, top = (width - form.width) // 2, (height - form.height) // 2
    levels = pixels[top : top + form.height, left : left + form.width].astype(np.float32)
    if form.channels == 1:
        levels = (levels @ np.array(_GREY, np.float32))[..., np.newaxis]
    elif sidecar.colours == "BGR":
        levels = levels[..., ::-1]
    scale = sidecar.scale if sidecar.scale is not None else 1.0 if form.element_type == "uint8" else 1 / 255
    mean, std = (np.array(one, np.float32) for one in (sidecar.mean, sidecar.std))
    numbers: Levels = (levels * np.float32(scale) - mean) / std
    return np.round(numbers).clip(0, 255) if form.element_type == "uint8" else numbers


def _shares(found: Scores, scores: str) -> Scores:
    """Return numbers of 0 to 1 for what a model gave; what is no number is 0."""
    if scores == "none":
        return np.nan_to_num(found).clip(0, 1)
    found = np.nan_to_num(found, nan=-_UNLIKELY).clip(-_UNLIKELY, _UNLIKELY)
    powers: Scores = np.exp(found - (found.max() if scores == "softmax" else 0))
    return powers / (powers.sum() if scores == "softmax" else 1 + powers)


def _wrong(model: Path, what: str) -> ConfigError:
    return ConfigError(f"[analyze] image_model: {model} cannot be used: {what}")


def _say(model: Path) -> str:
    return f"let {sidecar_path(model)} say"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
