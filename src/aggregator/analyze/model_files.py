"""Which files in the folder of models nobody needs: what a killed run left there, and what runs wrote for themselves.

A model's file is written before its row, so there may be files without a row; see also `text_models`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

from aggregator.analyze.atomic_file import UNFINISHED

LEFT_AFTER = timedelta(days=1)
"""A younger file may belong to a run that goes on: another database may share the folder."""

_OURS = re.compile(rf"{re.escape(UNFINISHED)}[0-9a-f]+|text-[0-9a-f]+\.json", re.ASCII)
"""Not the models themselves: one without a row here may label in another database that shares the folder."""


def remove_model(folder: Path, file: str) -> None:
    """Remove the file of a model, and the one beside it that is for people."""
    for path in (folder / file, (folder / file).with_suffix(".json")):
        _remove(path)


def sweep_models(folder: Path, kept: Collection[str], now: datetime) -> None:
    """Remove from `folder` what is named as our files are, is more than a day old, and does not belong to `kept`.

    To be called when no training goes on. Other files are let be, and so is what cannot be removed now.
    """
    stems = {Path(file).stem for file in kept}
    for path in folder.glob("*"):
        if _OURS.fullmatch(path.name) and path.stem not in stems and _is_older(path, now - LEFT_AFTER):
            _remove(path)


def _is_older(path: Path, than: datetime) -> bool:
    try:
        return path.stat().st_mtime < than.timestamp()
    except OSError:  # it is gone, or not ours to look at
        return False


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
