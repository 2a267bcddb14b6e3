"""What becomes of each answer to a request for a picture: one named outcome, and a sentence where there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from aggregator.errors import StorageError
from aggregator.fetch.images import RECHECK_AFTER, claimed_until, image_update
from aggregator.records import Download, ImageToFetch, ImageUpdate, Outcome, Validators
from aggregator.store.blobs import BlobFolder

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
URL = "https://cdn.test/1.jpg"
IMAGE = ImageToFetch(5, URL, "cdn.test")
OLD, NEW = Validators('W/"1"', "Mon, 02 Mar 2026 05:00:00 GMT"), Validators('"2"', None)


def picture(kind: str = "png", colour: str = "navy") -> bytes:
    file = BytesIO()
    Image.new("RGB", (8, 4), colour).save(file, kind)
    return file.getvalue()


def answer(body: bytes, content_type: str | None = "image/jpeg") -> Download:
    return Download(URL, URL, Outcome.OK, NOW, 0.1, 200, NEW, content_type=content_type, body=body)


def failure(outcome: Outcome, status: int | None = None, error: str = "cdn.test would not") -> Download:
    return Download(URL, URL, outcome, NOW, 0.1, status, error=error)


NOT_MODIFIED = Download(URL, URL, Outcome.NOT_MODIFIED, NOW, 0.1, 304, NEW, conditional=True)


def noted(image: ImageToFetch, download: Download, folder: Path) -> ImageUpdate:
    update = image_update(image, download, BlobFolder(folder), NOW)
    assert update.download.body == b""  # it is in its file, and not in the memory of whoever saves the row
    assert replace(update.download, body=download.body) == download
    return update


def stored(folder: Path, body: bytes) -> ImageToFetch:
    return replace(IMAGE, sha256=BlobFolder(folder).save(body, "png").sha256, validators=OLD)


def files(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp", "avif"])
def test_a_picture_is_stored_by_what_it_is_and_not_by_what_it_is_called(tmp_path: Path, kind: str) -> None:
    body = picture(kind)
    got = noted(IMAGE, answer(body, "text/html"), tmp_path)
    assert got.blob is not None
    assert (tmp_path / got.blob.path).read_bytes() == body
    assert (got.outcome, got.format, got.status, got.validators, got.error) == ("stored", kind, 200, NEW, None)
    assert got.blob.path.endswith(f".{kind}")


UNREAD = "only JPEG, PNG, GIF, WebP and AVIF pictures are read"


@pytest.mark.parametrize(
    ("body", "outcome", "error"),
    [
        (b"", "not a picture", "the file is empty"),
        (b"<html>", "not a picture", "not a picture but a web page"),
        (b"<!DOCTYPE html><body><svg></svg>", "not a picture", "not a picture but a web page"),
        (b"nonsense", "not a picture", "not a picture but text"),
        (b"\x07\x01\x02\x03", "not a picture", "not a picture, or one of an unknown format"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "format not read", f"an SVG drawing: {UNREAD}"),
        (b'<?xml version="1.0"?>\n<!-- x -->\n<svg>', "format not read", f"an SVG drawing: {UNREAD}"),
        (b"\x1f\x8b\x08\x00", "format not read", f"a compressed file: {UNREAD}"),
        (b"\x00\x00\x01\x00\x01\x00", "format not read", f"an icon: {UNREAD}"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "format not read", f"a HEIC picture: {UNREAD}"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1hevc", "format not read", f"a HEIC picture: {UNREAD}"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "format not read", f"a video: {UNREAD}"),
        (b"%PDF-1.7", "format not read", f"a PDF document: {UNREAD}"),
    ],
)
def test_what_is_no_picture_is_given_up_with_a_reason(tmp_path: Path, body: bytes, outcome: str, error: str) -> None:
    got = noted(IMAGE, answer(body), tmp_path)
    assert (got.outcome, got.error, got.gave_up, got.blob, got.status) == (outcome, error, True, None, 200)
    assert files(tmp_path) == 0


@pytest.mark.parametrize(
    ("download", "outcome"),
    [
        (failure(Outcome.HTTP_ERROR, 404), "http error"),
        (failure(Outcome.HTTP_ERROR, 403), "http error"),
        (failure(Outcome.REFUSED), "refused"),
        (failure(Outcome.TOO_LARGE), "too large"),
        (failure(Outcome.BAD_REDIRECT, 302), "bad redirect"),
        (failure(Outcome.BAD_RESPONSE, 200), "bad response"),
        (failure(Outcome.BAD_URL), "bad url"),
    ],
)
def test_what_will_not_pass_is_final_at_once(tmp_path: Path, download: Download, outcome: str) -> None:
    got = noted(IMAGE, download, tmp_path)
    assert (got.outcome, got.error, got.gave_up) == (outcome, "cdn.test would not", True)


@pytest.mark.parametrize(
    "download",
    [
        failure(Outcome.HTTP_ERROR, 503),
        failure(Outcome.HTTP_ERROR, 429),
        failure(Outcome.TIMEOUT),
        failure(Outcome.UNREACHABLE),
    ],
)
def test_what_may_pass_is_tried_three_times(tmp_path: Path, download: Download) -> None:
    first = noted(IMAGE, download, tmp_path)
    assert (first.outcome, first.error, first.gave_up) == ("to be tried again", "cdn.test would not", False)
    assert first.next_fetch_at >= NOW + HOUR
    second = noted(replace(IMAGE, failures=1), download, tmp_path)
    assert second.next_fetch_at >= NOW + 2 * HOUR
    third = noted(replace(IMAGE, failures=2), download, tmp_path)
    assert (third.outcome, third.gave_up) == ("given up", True)
    assert third.error == "cdn.test would not; given up after 3 tries"


def test_a_server_that_names_a_time_is_heard(tmp_path: Path) -> None:
    busy = replace(failure(Outcome.HTTP_ERROR, 429), retry_after="86400")
    assert noted(IMAGE, busy, tmp_path).next_fetch_at == NOW + DAY + SECOND


# --- one that is stored already --------------------------------------------------------------------------------------


def test_a_picture_that_was_not_modified_is_unchanged(tmp_path: Path) -> None:
    got = noted(stored(tmp_path, picture()), NOT_MODIFIED, tmp_path)
    assert (got.outcome, got.unchanged, got.blob, got.error) == ("unchanged", True, None, None)
    assert got.validators == Validators(NEW.etag, OLD.last_modified)
    assert got.next_fetch_at == NOW + DAY + SECOND


def test_the_same_bytes_are_unchanged_under_new_validators(tmp_path: Path) -> None:
    got = noted(stored(tmp_path, picture()), answer(picture()), tmp_path)
    assert (got.outcome, got.unchanged, got.blob, got.validators) == ("unchanged", True, None, NEW)
    assert files(tmp_path) == 1


def test_other_bytes_replace_it(tmp_path: Path) -> None:
    got = noted(stored(tmp_path, picture()), answer(picture(colour="red")), tmp_path)
    assert got.blob is not None
    assert (got.outcome, got.unchanged, got.format, got.validators) == ("replaced", False, "png", NEW)
    assert (tmp_path / got.blob.path).read_bytes() == picture(colour="red")


@pytest.mark.parametrize(
    "download",
    [
        failure(Outcome.HTTP_ERROR, 404),
        failure(Outcome.TIMEOUT),
        failure(Outcome.TOO_LARGE),
        answer(b"<html>gone</html>"),
        answer(b""),
    ],
)
def test_whatever_goes_wrong_a_stored_picture_is_kept(tmp_path: Path, download: Download) -> None:
    got = noted(replace(stored(tmp_path, picture()), failures=9), download, tmp_path)
    assert (got.outcome, got.unchanged, got.gave_up, got.error) == ("kept as it was", True, False, None)
    assert (got.validators, got.next_fetch_at) == (OLD, NOW + DAY + SECOND)
    assert got.download.error == download.error  # the ledger has it


def test_validators_belong_to_the_address_that_gave_them(tmp_path: Path) -> None:
    elsewhere = replace(answer(picture()), final_url="https://other.test/1.jpg")
    assert noted(IMAGE, elsewhere, tmp_path).validators == Validators()


@pytest.mark.parametrize(
    ("cache_control", "wait"),
    [("max-age=60", DAY), ("max-age=259200", 3 * DAY), ("max-age=31536000, immutable", 7 * DAY), (None, DAY)],
)
def test_a_picture_is_left_alone_for_a_day_or_while_it_is_fresh(
    tmp_path: Path, cache_control: str | None, wait: timedelta
) -> None:
    got = noted(IMAGE, replace(answer(picture()), cache_control=cache_control), tmp_path)
    assert got.next_fetch_at == NOW + wait + SECOND


def test_a_request_that_a_crash_cut_off_is_made_again_in_an_hour_and_a_look_in_a_day() -> None:
    assert claimed_until(IMAGE, NOW) == NOW + HOUR + SECOND
    assert claimed_until(replace(IMAGE, sha256="ab"), NOW) == NOW + RECHECK_AFTER + SECOND


def test_a_disk_that_fails_is_no_fault_of_the_picture(tmp_path: Path) -> None:
    (tmp_path / "images").touch()
    with pytest.raises(StorageError):
        image_update(IMAGE, answer(picture()), BlobFolder(tmp_path / "images"), NOW)
