from __future__ import annotations

import hashlib
import os
import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aggregator.errors import StorageError
from aggregator.store.blobs import BlobFolder


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_a_blob_is_a_file_named_by_its_content(tmp_path: Path) -> None:
    blob = BlobFolder(tmp_path / "images").save(b"pixels", "jpeg")
    sha256 = hashlib.sha256(b"pixels").hexdigest()
    assert (blob.sha256, blob.size_bytes) == (sha256, 6)
    assert blob.path == f"{sha256[:2]}/{sha256[2:4]}/{sha256}.jpeg"
    assert (tmp_path / "images" / blob.path).read_bytes() == b"pixels"
    assert files(tmp_path / "images") == [blob.path]


def test_the_same_content_is_stored_once(tmp_path: Path) -> None:
    folder = BlobFolder(tmp_path)
    first = folder.save(b"pixels", "jpeg")
    written = (tmp_path / first.path).stat()
    assert folder.save(b"pixels", "jpeg") == first
    again = (tmp_path / first.path).stat()
    assert (again.st_ino, again.st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
    assert folder.save(b"other pixels", "jpeg") != first
    assert len(files(tmp_path)) == 2


def test_many_threads_may_store_the_same_content_at_once(tmp_path: Path) -> None:
    folder, content = BlobFolder(tmp_path), b"pixels" * 50_000
    together = threading.Barrier(8)

    def save(_: int) -> str:
        together.wait(timeout=60)
        return folder.save(content, "png").path

    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(save, range(8)))
    assert files(tmp_path) == [*paths]
    assert (tmp_path / paths.pop()).read_bytes() == content


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    folder = BlobFolder(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(StorageError, match=r"a picture cannot be stored in .*Free some space"):
            folder.save(b"x" * 10_000, "jpeg")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(tmp_path) == []
    folder.save(b"x" * 10_000, "jpeg")
    assert len(files(tmp_path)) == 1


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "images").touch()
    with pytest.raises(StorageError, match=r"a picture cannot be stored in .*images"):
        BlobFolder(tmp_path / "images").save(b"pixels", "jpeg")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no such rights")
def test_a_blob_may_be_read_by_whoever_may_read_an_ordinary_file(tmp_path: Path) -> None:
    (tmp_path / "ordinary").touch()
    path = tmp_path / BlobFolder(tmp_path).save(b"pixels", "jpeg").path
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "ordinary").stat().st_mode)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows opens no folders")
def test_a_new_file_and_every_new_folder_are_flushed_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []

    def note(descriptor: int) -> None:
        inode = os.fstat(descriptor).st_ino
        known = [tmp_path, *tmp_path.rglob("*")]
        flushed.extend(path.relative_to(tmp_path).as_posix() for path in known if path.stat().st_ino == inode)

    monkeypatch.setattr(os, "fsync", note)
    blob = BlobFolder(tmp_path / "images").save(b"pixels", "jpeg")
    inner = f"images/{blob.path}".split("/")
    folders = ["/".join(inner[:depth]) for depth in range(1, 4)]
    # Each folder where something new got its name; the file before it got its own; the last one once it had.
    assert flushed[:3] == [".", *folders[:2]]
    assert Path(flushed[3]).name.startswith(".new-")
    assert flushed[4:] == [folders[2]]
    flushed.clear()
    assert BlobFolder(tmp_path / "images").save(b"pixels", "jpeg") == blob
    assert flushed == []
