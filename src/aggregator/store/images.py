"""Pictures in the database: which are still to be fetched, which to be analysed, and what became of them.

A picture waits to be fetched, is given up, or is stored; a stored one may be looked at again (`recheck_at`), may turn
out to have lost its file, and may be pruned (`pruned_at`), which is for ever. Of the pictures that an article names
only the first that can be had is fetched; the others stand by, so that nobody steps over them again and again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Row, and_, bindparam, case, false, insert, not_, select, true, update
from sqlalchemy.engine import Connection

from aggregator.records import ImageToFetch, ImageUpdate, PictureJob, PictureResult
from aggregator.store.conditions import image_is_sound, image_is_wanted
from aggregator.store.image_sights import UNSEEN, forget_sight, mark_repeated, save_sight, wake_next
from aggregator.store.image_turns import images_due, is_harmless, is_needed
from aggregator.store.schema import image
from aggregator.store.selecting import MAX_PARAMETERS, one_of_many, select_in

MOST_LOSSES = 3
"""How often a picture whose stored file has vanished is fetched once more."""


class ImageRows:
    """Pictures, through one connection."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through `connection`."""
        self._connection = connection

    def ensure(self, urls: Sequence[str], trusted_origin: str | None, now: datetime) -> dict[str, int]:
        """Return the id of the picture at each URL, making rows for those that are new.

        New articles name them: one that stands by is worth another look, and a stored one may have changed, so it is
        asked for again, if the time has come when it may be.
        """
        rows = select_in(self._connection, _AT_URL, urls)
        ids = {row.url: row.id for row in rows}
        self._trust([row for row in rows if row.trusted_origin is None], trusted_origin)
        known = [{"row": number, "at": now} for number in ids.values()]
        if known:
            self._connection.execute(_LOOK_AGAIN, known)
            self._connection.execute(_WAKE, known)
        new = [_new_row(url, trusted_origin, now) for url in urls if url not in ids]
        if new:
            added = insert(image).returning(image.c.id, sort_by_parameter_order=True)
            numbers = self._connection.execute(added, new).scalars()
            ids |= {row["url"]: number for row, number in zip(new, numbers, strict=True)}
        return ids

    def _trust(self, strangers: Sequence[Row[Any]], trusted_origin: str | None) -> None:
        """Trust pictures of a feed's own origin which another feed had named first, and could not be allowed to."""
        own = [{"row": row.id, "origin": trusted_origin} for row in strangers if _is_below(row.url, trusted_origin)]
        if own:
            self._connection.execute(_TRUST, own)

    def stand_by(self, among: Sequence[int] | None = None) -> None:
        """Let those pictures `among` these, or all, wait that no article needs while it may have a better one.

        Nothing is lost if this is left out, and `due` is slower.
        """
        if among is None:
            self._connection.execute(_STAND_BY)
            return
        for start in range(0, len(among), MAX_PARAMETERS):
            part = among[start : start + MAX_PARAMETERS]
            self._connection.execute(_STAND_BY.where(image.c.id.in_(part)))

    def give_way(self, image_id: int) -> None:
        """Wake the pictures that stand by in case this one fails, as it did."""
        wake_next(self._connection, [image_id])

    def mark_repeated(self) -> int:
        """Say of pictures that feeds repeat over their articles that they are junk (see `image_sights`)."""
        return mark_repeated(self._connection)

    def due(self, cutoff: datetime, limit: int, excluding: Collection[int] = ()) -> list[ImageToFetch]:
        """Return at most `limit` pictures that may be asked for, hosts interleaved (see `image_turns`)."""
        return images_due(self._connection, cutoff, limit, excluding)

    def claim(self, images: Sequence[ImageToFetch], next_fetch_at: Sequence[datetime]) -> None:
        """Promise not to ask for `images` again before the given times. To be committed before the requests."""
        if images:
            rows = [{"row": one.image_id, "next": at} for one, at in zip(images, next_fetch_at, strict=True)]
            self._connection.execute(_CLAIM, rows)

    def record_download(self, change: ImageUpdate) -> None:
        """Keep what a request brought."""
        values: dict[str, Any] = {
            "next_fetch_at": change.next_fetch_at,
            "last_status": change.status,
            "recheck_at": None,
        }
        if change.unchanged:
            values |= {"attempts": 0, **_validators(change)}
        elif change.blob is not None:
            values |= {
                **UNSEEN,
                **_validators(change),
                "attempts": 0,
                "gave_up": False,
                "error": None,
                "fetched_at": change.fetched_at,
                "sha256": change.blob.sha256,
                "path": change.blob.path,
                "size_bytes": change.blob.size_bytes,
                "format": change.format,
            }
            forget_sight(self._connection, change.image_id)
        else:
            values |= {"error": change.error, "gave_up": change.gave_up}
        self._update(change.image_id, values)
        if change.gave_up:
            self.give_way(change.image_id)

    def pending_pictures(self, model_id: int, limit: int, excluding: Collection[int] = ()) -> list[PictureJob]:
        """Return at most `limit` stored pictures that the method `model_id` has not analysed and that harmed nobody."""
        jobs: list[PictureJob] = []
        analyzed_by = image.c.picture_model_id
        # Three questions, because each has its own range of the index.
        for question in (analyzed_by.is_(None), analyzed_by < model_id, analyzed_by > model_id):
            if len(jobs) < limit:
                statement = (
                    select(image.c.id, image.c.sha256, image.c.path)
                    .where(image_is_sound(image), question, image.c.id.not_in(excluding), is_harmless(image))
                    .order_by(analyzed_by, image.c.id)
                    .limit(limit - len(jobs))
                )
                jobs += [PictureJob(*row) for row in self._connection.execute(statement)]
        return jobs

    def record_picture(self, result: PictureResult, model_id: int, vision_model_id: int | None = None) -> None:
        """Keep what the pixels told. A picture that cannot be decoded, or is junk, gives way to the article's next one.

        One whose file has vanished is fetched again, a few times. One that was pruned meanwhile stays as it is.
        `vision_model_id` is the row of the image model that gave the labels, if there is one.
        """
        state = select(image.c.losses, image.c.pruned_at).where(image.c.id == result.image_id)
        found = self._connection.execute(state).one()
        if found.pruned_at is not None:
            return
        if result.missing:
            self._lose(result, found.losses + 1)
            return
        save_sight(self._connection, result, model_id, vision_model_id)
        if result.problem is not None or result.junk is not None:
            self.give_way(result.image_id)

    def _lose(self, result: PictureResult, losses: int) -> None:
        """Note that a stored file is gone: the picture is as it was before it was fetched."""
        gave_up = losses > MOST_LOSSES
        vanished = dict.fromkeys(("sha256", "path", "size_bytes", "etag", "last_modified", "recheck_at"))
        self._update(
            result.image_id,
            {
                **UNSEEN,
                **vanished,
                "next_fetch_at": image.c.fetched_at,
                "attempts": 0,
                "losses": losses,
                "gave_up": gave_up,
                "stands_by": False,
                "error": f"{result.problem}; {'it vanished again and again' if gave_up else 'it is fetched again'}",
            },
        )
        forget_sight(self._connection, result.image_id)
        if gave_up:
            self.give_way(result.image_id)

    def _update(self, image_id: int, values: dict[str, Any]) -> None:
        self._connection.execute(update(image).where(image.c.id == image_id).values(values))


_TRUST = (
    update(image)
    .where(image.c.id == bindparam("row"))
    .values(
        trusted_origin=bindparam("origin"),
        # Nobody had answered: it was refused for want of this trust.
        gave_up=and_(image.c.gave_up, image.c.last_status.is_not(None)),
    )
)

_AT_URL = select(image.c.url, image.c.id, image.c.trusted_origin).where(image.c.url.in_(one_of_many()))

_LOOK_AGAIN = (
    update(image)
    .where(image.c.id == bindparam("row"), image_is_sound(image), image.c.next_fetch_at <= bindparam("at"))
    .values(recheck_at=bindparam("at"))
)

_WAKE = update(image).where(image.c.id == bindparam("row"), image.c.stands_by).values(stands_by=false())

_STAND_BY = update(image).where(image_is_wanted(image), not_(is_needed(image))).values(stands_by=true())

_CLAIM = (
    update(image)
    .where(image.c.id == bindparam("row"))
    .values(
        next_fetch_at=bindparam("next"),
        attempts=image.c.attempts + 1,
        # A look at a stored picture is promised once, and a crash does not repeat it.
        recheck_at=case((image.c.sha256.is_(None), image.c.recheck_at), else_=None),
    )
)


def _validators(change: ImageUpdate) -> dict[str, str | None]:
    return {"etag": change.validators.etag, "last_modified": change.validators.last_modified}


def _is_below(url: str, trusted_origin: str | None) -> bool:
    return trusted_origin is not None and url.startswith(trusted_origin + "/")


def _new_row(url: str, trusted_origin: str | None, now: datetime) -> dict[str, Any]:
    return {
        "url": url,
        "host": urlsplit(url).hostname or "",
        "trusted_origin": trusted_origin if _is_below(url, trusted_origin) else None,
        "first_seen_at": now,
        "next_fetch_at": now,
        "attempts": 0,
        "gave_up": False,
    }
