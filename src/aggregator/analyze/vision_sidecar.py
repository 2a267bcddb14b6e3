"""What stands beside an image model of the user's own: `mine.toml` tells how `mine.onnx` is fed and what it answers.

See docs/vision.md. Whatever is wrong with it is a ConfigError that names the file and the remedy.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from aggregator.errors import ConfigError

LAYOUTS = ("NCHW", "NHWC")
COLOURS = ("RGB", "BGR", "grey")
FITS = ("crop", "stretch")
SCORES = ("softmax", "sigmoid", "none")

LARGEST_SIDE_PX = 2048
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What a sidecar says; None is what the model itself may tell. Sides are pixels, `size` is width and height.

    A level of 0 to 255 becomes (level × scale − mean) / std; `mean` and `std` have one number, or one for each colour.
    """

    labels: tuple[str, ...]
    size: tuple[int, int] | None = None
    layout: str | None = None
    colours: str | None = None
    fit: str = "crop"
    scale: float | None = None
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    scores: str = "softmax"
    top: int = 5
    floor: float = 0.1
    output: str | None = None


def sidecar_path(model: Path) -> Path:
    """Return where the sidecar of a model is."""
    return model.with_suffix(".toml")


def files_of(model: Path) -> list[Path]:
    """Return all files on which the answers of a model depend: its weights may lie beside it, its labels anywhere.

    Raises:
        ConfigError: the sidecar cannot be read.
    """
    sidecar = sidecar_path(model)
    labels_file = _read(sidecar).get("labels_file")
    beside = [one for one in (Path(f"{model}.data"), Path(f"{model}_data")) if one.is_file()]
    return [model, *beside, sidecar, *([sidecar.parent / labels_file] if isinstance(labels_file, str) else [])]


def load_sidecar(model: Path) -> Sidecar:
    """Read the sidecar of the model at `model`.

    Raises:
        ConfigError: there is none, or it says what cannot be.
    """
    path = sidecar_path(model)
    document = _read(path)
    known = {one.name for one in fields(Sidecar)}
    unknown = sorted(document.keys() - known - {"labels_file"})
    if unknown:
        raise ConfigError(f"{path}: {_unknown_key(unknown[0], sorted({*known, 'labels_file'}))}")
    labels = _labels(path, document)
    values = {key: _value(path, key, value) for key, value in document.items() if not key.startswith("labels")}
    return Sidecar(labels=labels, **values)


def _unknown_key(key: str, known: Sequence[str]) -> str:
    near = get_close_matches(key.casefold(), known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(known)}"
    return f"there is no key {key}; {hint}"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no {path}: an image model needs a file of its name beside it that has at least its labels, "
            'such as labels = ["harbour", "street"]; see docs/vision.md'
        ) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not text in UTF-8; save it so") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def _labels(path: Path, document: dict[str, Any]) -> tuple[str, ...]:
    if ("labels" in document) == ("labels_file" in document):
        raise ConfigError(
            f"{path}: give either labels, a list, or labels_file, the name of a file with one on each line"
        )
    if "labels" in document:
        return _distinct(path, _value(path, "labels", document["labels"]))
    file = path.parent / _value(path, "labels_file", document["labels_file"])
    try:
        lines = file.read_text(encoding="utf-8").strip().splitlines()
    except OSError as error:
        raise ConfigError(f"{file}, which {path} names, cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{file} is not text in UTF-8; save it so") from error
    labels = tuple(line.strip() for line in lines)
    if not all(labels) or not labels:
        raise ConfigError(f"{file} must have a label on each line")
    # Not refused if one stands there twice: published lists do that (of ImageNet's thousand, two are “crane”).
    return labels


def _distinct(path: Path, labels: Sequence[str]) -> tuple[str, ...]:
    label, count = Counter(labels).most_common(1)[0]
    if count > 1:
        raise ConfigError(f"{path}: “{label}” is the label of {count} numbers; give each its own, such as “{label} 2”")
    return tuple(labels)


def _value(path: Path, key: str, value: object) -> Any:
    try:
        return _READERS[key](value)
    except ValueError as error:
        raise ConfigError(f"{path}: {key} {error}") from error


def _one_of(choices: tuple[str, ...]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return str(value)

    return read


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text that is not empty")
    return value.strip()


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not value:
        raise ValueError("must be a list of texts")
    return [_text(one) for one in value]


def _count(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value

    return read


def _size(value: object) -> tuple[int, int]:
    side = _count(1, LARGEST_SIDE_PX)
    sides = value if isinstance(value, list) else [value, value]
    if len(sides) != 2:  # noqa: PLR2004 - width and height
        raise ValueError("must be the side of a square in pixels, or [width, height]")
    return side(sides[0]), side(sides[1])


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e9:  # noqa: PLR2004 - or NaN
        raise ValueError("must be a number")
    return float(value)


def _numbers(value: object) -> tuple[float, ...]:
    numbers = value if isinstance(value, list) else [value]
    if len(numbers) not in (1, 3):
        raise ValueError("must be one number, or three for red, green and blue in the order that the model takes")
    return tuple(_number(one) for one in numbers)


def _divisors(value: object) -> tuple[float, ...]:
    numbers = _numbers(value)
    if 0.0 in numbers:
        raise ValueError("must not be 0")
    return numbers


def _share(value: object) -> float:
    number = _number(value)
    if not 0 <= number <= 1:
        raise ValueError("must be a number from 0 to 1")
    return number


_READERS: dict[str, Callable[[object], Any]] = {
    "labels": _texts,
    "labels_file": _text,
    "size": _size,
    "layout": _one_of(LAYOUTS),
    "colours": _one_of(COLOURS),
    "fit": _one_of(FITS),
    "scale": _number,
    "mean": _numbers,
    "std": _divisors,
    "scores": _one_of(SCORES),
    "top": _count(1, MOST_SHOWN),
    "floor": _share,
    "output": _text,
}
