"""The pictures of the fetch stage: those that articles name are asked for, kept as files, and noted.

    rows ─due, claimed─▶ [look ×N threads] ─bytes to a blob─▶ save (the writer)

The work comes from the rows, so a slow picture host delays no article and a crash loses nothing. Stored pictures that
new articles name are among it: they are looked at again, with their validators, at most once a day.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

from aggregator.fetch.guard import Trust
from aggregator.fetch.images import IMAGE_ACCEPT, TO_BE_TRIED_AGAIN, claimed_until, image_update
from aggregator.fetch.parts import FetchParts
from aggregator.fetch.request import HttpRequest
from aggregator.fetch.worklists import PoliteWorkList
from aggregator.ports import Flow
from aggregator.records import ImageToFetch, ImageUpdate, LoggedRequest, Reason
from aggregator.store_ports import StoreTransaction


def add_image_stage(
    flow: Flow[StoreTransaction], parts: FetchParts, more_may_come: Callable[[], bool]
) -> Callable[[], bool]:
    """Add the pictures to `flow`; return a function that tells whether all that were due are done and committed.

    `more_may_come` tells whether articles may still name more of them.
    """
    workers = parts.settings.image_workers
    due = images_due(parts, more_may_come)
    pictures = flow.pull("pictures due", due, look_ahead=2 * workers, done=due.done)
    looked = flow.threads("look", partial(_look, parts), pictures, workers=workers)
    flow.save("save pictures", _save_pictures, looked)
    return lambda: due.finished


def images_due(parts: FetchParts, more_may_come: Callable[[], bool]) -> PoliteWorkList[ImageToFetch]:
    """Return the pictures to be had, those included that articles name while the list is worked on."""

    def load(limit: int, excluding: Collection[int]) -> list[ImageToFetch]:
        with parts.read() as transaction:
            return transaction.images.due(parts.clock.now(), limit, excluding)

    def claim(images: Sequence[ImageToFetch]) -> None:
        now = parts.clock.now()
        until = [claimed_until(image, now) for image in images]
        parts.writer.call(lambda transaction: transaction.images.claim(images, until))

    return PoliteWorkList(
        load=load,
        claim=claim,
        id_of=lambda image: image.image_id,
        host_of=lambda image: image.host,
        gate=parts.gate,
        monotonic=parts.monotonic,
        more_may_come=more_may_come,
    )


def _look(parts: FetchParts, image: ImageToFetch) -> ImageUpdate:
    """Ask a server for a picture and keep it. Runs in a thread; the bytes go to a file and no further."""
    request = HttpRequest(
        url=image.url,
        trust=Trust.NETWORK,
        trusted_origin=image.trusted_origin,
        accept=IMAGE_ACCEPT,
        timeout_s=parts.settings.timeout_s,
        max_body_bytes=parts.settings.max_image_bytes,
        validators=image.validators,
    )
    download = parts.asker.ask(request, image.host)
    return image_update(image, download, parts.blobs, parts.clock.now())


def _save_pictures(transaction: StoreTransaction, updates: Sequence[ImageUpdate]) -> list[str]:
    """Commit what became of pictures, and one line of the ledger for each request. Runs in the writer."""
    for update in updates:
        transaction.images.record_download(update)
    transaction.log.add([_ledger_line(update) for update in updates])
    return [update.outcome for update in updates]


def _ledger_line(update: ImageUpdate) -> LoggedRequest:
    is_planned = update.outcome == TO_BE_TRIED_AGAIN
    return LoggedRequest(
        kind="image",
        reason=Reason.PICTURE,
        download=update.download,
        outcome=update.outcome,
        next_fetch_at=update.next_fetch_at if is_planned else None,
        decided_by="backoff after a failure" if is_planned else "",
    )
