"""Replacing a file: whole or not at all, never over another program's change."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aggregator.errors import ConfigError, StorageError, UsageError
from aggregator.subscriptions.changes import add_feeds, present_subscriptions, remove_feeds, require_editable
from aggregator.subscriptions.document import NewFeed
from aggregator.subscriptions.editing import edit_file
from aggregator.topics import TOPICS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "feeds.toml"
    path.write_text("# old\n")
    return path


def only(path: Path) -> bool:
    return list(path.parent.iterdir()) == [path]


def test_a_file_is_replaced_and_keeps_its_mode(path: Path) -> None:
    path.chmod(0o640)
    edit_file(path, lambda text: text + "# new\n")
    assert path.read_text() == "# old\n# new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert only(path)


def test_a_missing_file_is_made_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "config" / "feeds.toml"
    edit_file(path, lambda text: text + "# new\n")
    assert path.read_text() == "# new\n"
    assert only(path)


def test_an_edit_that_changes_nothing_writes_nothing(path: Path) -> None:
    before = path.stat()
    edit_file(path, lambda text: text)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    missing = path.with_name("other.toml")
    edit_file(missing, lambda text: text)
    assert not missing.exists()


def test_a_link_goes_on_leading_to_the_file(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.toml"
    link.parent.mkdir()
    link.symlink_to("../feeds.toml")
    edit_file(link, str.upper)
    assert link.is_symlink()
    assert path.read_text() == "# OLD\n"


def test_a_byte_order_mark_and_line_ends_are_kept(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf# old\r\n")
    edit_file(path, lambda text: text + "# new\r\n")
    assert path.read_bytes() == b"\xef\xbb\xbf# old\r\n# new\r\n"


def test_what_another_program_wrote_meanwhile_stays(path: Path) -> None:
    def edit(text: str) -> str:
        path.write_text("# theirs\n")
        return text + "# mine\n"

    with pytest.raises(UsageError, match="changed by another program"):
        edit_file(path, edit)
    assert path.read_text() == "# theirs\n"
    assert only(path)


def test_a_file_that_appeared_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "feeds.toml"

    def edit(text: str) -> str:
        path.write_text("# theirs\n")
        return text + "# mine\n"

    with pytest.raises(UsageError, match="changed by another program"):
        edit_file(path, edit)
    assert path.read_text() == "# theirs\n"


def test_an_edit_that_fails_leaves_everything_as_it_was(path: Path) -> None:
    def fail(text: str) -> str:
        raise ConfigError(text)

    with pytest.raises(ConfigError):
        edit_file(path, fail)
    assert path.read_text() == "# old\n"
    assert only(path)


def test_what_is_not_text_is_not_edited(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        edit_file(path, str.upper)
    assert path.read_bytes() == b"\xff\xfe\x00"


def test_a_folder_in_its_place_is_a_failure_of_storage(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be edited"):
        edit_file(tmp_path, str.upper)
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be edited"):
        edit_file(tmp_path / "file" / "feeds.toml", str.upper)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_found_before_anything_else(path: Path) -> None:
    path.parent.chmod(0o555)
    try:
        with pytest.raises(StorageError, match="cannot be written"):
            require_editable(path)
    finally:
        path.parent.chmod(0o755)


def test_edits_of_several_processes_wait_for_each_other(tmp_path: Path) -> None:
    """Each adds a feed of its own, all at once, and none is lost."""
    path = tmp_path / "feeds.toml"
    program = (
        "import sys; from pathlib import Path\n"
        "from aggregator.subscriptions.changes import add_feeds\n"
        "from aggregator.subscriptions.document import NewFeed\n"
        "sys.stdin.readline()\n"
        "add_feeds(Path(sys.argv[1]), [NewFeed(sys.argv[2])], ())\n"
    )
    urls = [f"https://{number}.example/" for number in range(6)]
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(path), url], stdin=subprocess.PIPE, text=True)
        for url in urls
    ]
    for one in running:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.close()
    assert [one.wait(120) for one in running] == [0] * len(urls)
    assert sorted(line.split('"')[1] for line in path.read_text().splitlines() if line.startswith("url")) == urls


# --- feeds in it -----------------------------------------------------------------------------------------------------


def test_feeds_are_added_once_in_whatever_spelling(path: Path) -> None:
    path.write_text('[[feeds]]\nurl = "HTTPS://A.example:443"\nauth = "me:${PASSWORD}"\n')
    feeds = [NewFeed("https://a.example/"), NewFeed("https://b.example/"), NewFeed("https://b.example/")]
    assert add_feeds(path, feeds, TOPICS) == [NewFeed("https://b.example/")]
    assert path.read_text().count("[[feeds]]") == 2
    assert "${PASSWORD}" in path.read_text()
    assert add_feeds(path, feeds, TOPICS) == []


def test_a_file_that_cannot_be_used_is_not_edited(path: Path) -> None:
    path.write_text('[[feeds]]\nurl = "https://a.example/"\ntitel = "A"\n')
    for change in (
        lambda: add_feeds(path, [NewFeed("https://b.example/")], TOPICS),
        lambda: remove_feeds(path, ["x"], TOPICS),
    ):
        with pytest.raises(ConfigError, match="did you mean “title”"):
            change()


def test_feeds_are_taken_out(path: Path) -> None:
    path.write_text('# mine\n\n[[feeds]]\nurl = "https://a.example"\n\n[[feeds]]\nurl = "https://b.example"\n')
    assert [one.url for one in remove_feeds(path, ["https://a.example/"], TOPICS)] == ["https://a.example/"]
    assert path.read_text() == '# mine\n\n[[feeds]]\nurl = "https://b.example"\n'


def test_a_category_is_one_of_the_users_topics_before_and_after(path: Path) -> None:
    path.write_text('[[feeds]]\nurl = "https://a.example/"\ncategory = "football"\n')
    football, sport = (
        NewFeed("https://b.example/", category="football"),
        NewFeed("https://c.example/", category="sport"),
    )
    for change in (
        lambda: add_feeds(path, [football], TOPICS),
        lambda: add_feeds(path, [sport], ["football"]),
        lambda: remove_feeds(path, ["https://a.example/"], TOPICS),
        lambda: present_subscriptions(path, TOPICS),
    ):
        with pytest.raises(ConfigError, match="unknown topic"):
            change()
    assert add_feeds(path, [football], ["football"]) == [football]
    assert [one.category for one in present_subscriptions(path, ["football"])] == ["football", "football"]
    remove_feeds(path, ["https://a.example/"], ["football"])
    assert path.read_text() == '[[feeds]]\nurl = "https://b.example/"\ncategory = "football"\n'


# --- who may read a new file -----------------------------------------------------------------------------------------


@pytest.fixture
def umask() -> Iterator[Callable[[int], object]]:
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077, 0o002])
def test_a_new_file_has_the_mode_that_the_umask_gives(
    tmp_path: Path, umask: Callable[[int], object], mask: int
) -> None:
    umask(mask)
    add_feeds(tmp_path / "feeds.toml", [NewFeed("https://a.example/", auth="me:${PASSWORD}")], TOPICS)
    assert mode(tmp_path / "feeds.toml") == 0o666 & ~mask
    assert os.umask(mask) == mask


@pytest.mark.parametrize("auth", ["me:pa55", "${NAME}:pa55", "k3y:"])
def test_a_new_file_with_a_password_is_its_owners_alone(
    tmp_path: Path, umask: Callable[[int], object], auth: str
) -> None:
    umask(0o022)
    feeds = [NewFeed("https://a.example/"), NewFeed("https://b.example/", auth=auth)]
    add_feeds(tmp_path / "feeds.toml", feeds, TOPICS)
    assert mode(tmp_path / "feeds.toml") == 0o600


def test_a_file_that_is_there_keeps_its_mode_whatever_is_added(path: Path) -> None:
    path.chmod(0o640)
    add_feeds(path, [NewFeed("https://b.example/", auth="me:pa55")], TOPICS)
    assert mode(path) == 0o640


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must start with https"):
        add_feeds(tmp_path / "feeds.toml", [NewFeed("ftp://a.example/")], TOPICS)
    assert not (tmp_path / "feeds.toml").exists()


def test_a_password_is_not_shown_with_its_feed() -> None:
    assert "pa55" not in repr(NewFeed("https://a.example/", auth="me:pa55"))
