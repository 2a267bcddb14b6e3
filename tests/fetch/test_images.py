from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from aggregator.errors import StorageError
from aggregator.fetch.images import image_update
from aggregator.records import Download, ImageToFetch, ImageUpdate, Outcome
from aggregator.store.blobs import BlobFolder

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
URL = "https://cdn.test/1.jpg"
IMAGE = ImageToFetch(5, URL, "cdn.test")


def picture(kind: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (8, 4), "navy").save(file, kind)
    return file.getvalue()


def answer(body: bytes, content_type: str | None = "image/jpeg") -> Download:
    return Download(URL, URL, Outcome.OK, NOW, 0.1, 200, content_type=content_type, body=body)


def failure(outcome: Outcome, status: int | None = None) -> Download:
    return Download(URL, URL, outcome, NOW, 0.1, status, error="it failed")


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp"])
def test_a_picture_is_stored_by_what_it_is_and_not_by_what_it_is_called(tmp_path: Path, kind: str) -> None:
    body = picture(kind)
    got = image_update(IMAGE, answer(body, "text/html"), BlobFolder(tmp_path), NOW)
    assert got.blob is not None
    assert (tmp_path / got.blob.path).read_bytes() == body
    assert got == ImageUpdate(5, NOW, NOW, 200, got.blob, kind)
    assert got.blob.path.endswith(f".{kind}")


@pytest.mark.parametrize(
    ("download", "error"),
    [
        (answer(b""), "the file is empty"),
        (answer(b"<html>", "text/html"), "not a picture but a web page"),
        (answer(b"nonsense", None), "not a picture but text"),
        (answer(b'<svg xmlns="http://www.w3.org/2000/svg"/>'), "an SVG drawing: only JPEG, PNG"),
        (answer(b"\x00\x00\x01\x00\x01\x00"), "an icon"),
        (answer(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), "a HEIC picture"),
    ],
)
def test_what_is_no_picture_is_given_up_with_a_reason(tmp_path: Path, download: Download, error: str) -> None:
    got = image_update(IMAGE, download, BlobFolder(tmp_path), NOW)
    assert got.error is not None
    assert got.error.startswith(error)
    assert (got.gave_up, got.blob, got.status) == (True, None, 200)
    assert list(tmp_path.iterdir()) == []


def test_what_may_pass_is_tried_again_later(tmp_path: Path) -> None:
    got = image_update(IMAGE, failure(Outcome.HTTP_ERROR, 503), BlobFolder(tmp_path), NOW)
    assert got == ImageUpdate(5, NOW, NOW + timedelta(hours=1), 503, error="it failed")


def test_after_the_third_failure_a_picture_is_given_up(tmp_path: Path) -> None:
    third = replace(IMAGE, failures=2)
    got = image_update(third, failure(Outcome.TIMEOUT), BlobFolder(tmp_path), NOW)
    assert (got.gave_up, got.error, got.blob) == (True, "it failed", None)


def test_a_refusal_is_final(tmp_path: Path) -> None:
    got = image_update(IMAGE, failure(Outcome.HTTP_ERROR, 404), BlobFolder(tmp_path), NOW)
    assert (got.gave_up, got.status) == (True, 404)


def test_a_disk_that_fails_is_no_fault_of_the_picture(tmp_path: Path) -> None:
    (tmp_path / "images").touch()
    with pytest.raises(StorageError):
        image_update(IMAGE, answer(picture("png")), BlobFolder(tmp_path / "images"), NOW)
