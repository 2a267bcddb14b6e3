"""Why a picture is no article's picture, told by its size and its pixels alone.

What can only be told by looking at other pictures of the same feed, such as a logo under every article, is not here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aggregator.analyze.colour import Counted
    from aggregator.analyze.pixels import Steps

_TRACKER_PX = 4
"""Pictures that only count visitors are 1×1, some 2×2 or 3×3."""

_ICON_PX = 48
"""The largest size of which icons are commonly made for rows of text and buttons; no news photo is as small."""

_LINE_PX = 12
"""Rulers and spacers between paragraphs are no thicker."""

_STRIP_RATIO = 6
_STRIP_PX = 160
"""Advertisements across a page are 728×90 to 970×90 and 320×50 (IAB); a panorama is higher than that."""

_STILL_STEP = 3
_BLANK_SHARE = 0.9995
"""Compression leaves steps of a few levels in an empty picture, and one or two larger ones at a border."""

_CLEAR_SHARE = 0.9995


def junk_reason(
    width: int, height: int, see_through: float, exact: Sequence[Counted], steps: Steps | None
) -> str | None:
    """Return in plain words what a picture is if not an article's: "tracking pixel", "blank" …; None if it may be one.

    Width and height are those of the whole picture; `see_through` is its transparent share, `exact` a sample of its
    colours, `steps` how its grey levels change.
    """
    if max(width, height) <= _TRACKER_PX:
        return "tracking pixel"
    if see_through > _CLEAR_SHARE:
        return "all transparent"
    return "blank" if _is_blank(exact, steps) else _odd_shape(width, height)


def _odd_shape(width: int, height: int) -> str | None:
    longer, shorter = max(width, height), min(width, height)
    if longer <= _ICON_PX:
        return "icon"
    if shorter <= _LINE_PX:
        return "line"
    if longer >= _STRIP_RATIO * shorter and shorter <= _STRIP_PX:
        return "banner"
    return None


def _is_blank(exact: Sequence[Counted], steps: Steps | None) -> bool:
    """Tell whether every pixel is much like the next, and all are of one colour."""
    if steps is not None and sum(steps.counts[: _STILL_STEP + 1]) < _BLANK_SHARE * sum(steps.counts):
        return False
    bands = list(zip(*(colour for _, colour in exact), strict=True))
    return all(max(band) - min(band) <= 2 * _STILL_STEP for band in bands)
