"""`feeds import` and `feeds export`, with files as other readers leave them."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Cli
from cli.feed_server import FeedServer, rss

MINE = '# Mine\n\n[[feeds]]\nurl = "https://present.example" # kept so\nauth = "me:${NOT_SET}"\n'

BROKEN = """<?xml version="1.0" encoding="ISO-8859-1"?>
<opml version="1.0"><head><title>Feeds of somebody</title></head><body>
<outline text="Sports">
  <outline text="Caf\xe9 & more" xmlUrl="https://a.example/f?x=1&y=2"/>
  <outline text="Nowhere"/>
</outline>
<outline text="Present" xmlUrl="HTTPS://present.example/"/>
<outline text="Broken" xmlUrl="htp:/b.example"/>
<outline text="Again" xmlUrl="https://a.example/f?x=1&amp;y=2"/>
</body>
"""


@pytest.fixture
def opml(cli: Cli) -> Path:
    cli.configure(MINE)
    path = cli.folder / "theirs.opml"
    path.write_bytes(BROKEN.encode("latin-1"))
    return path


def text(cli: Cli) -> str:
    return (cli.folder / "config" / "feeds.toml").read_text(encoding="utf-8")


def written(cli: Cli) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(text(cli))["feeds"]
    return found


def test_a_broken_file_is_imported_and_each_line_is_accounted_for(cli: Cli, opml: Path) -> None:
    ended = cli.run("feeds", "import", str(opml))
    assert (ended.returncode, ended.stderr) == (0, "")
    table = ended.stdout.splitlines()
    assert [line.split()[0] for line in table[2:8]] == ["3", "4", "5", "7", "8", "9"]
    assert "left out       it has no xmlUrl, so there is no feed to ask" in table[4]
    assert "already there  the same as in line 4" in table[7]
    assert table[-1] == "6 outlines: 1 imported, 2 already there, 2 left out, 1 folder"
    assert text(cli).startswith(MINE)
    assert written(cli)[1:] == [{"url": "https://a.example/f?x=1&y=2", "title": "Café & more", "category": "sport"}]


def test_a_dry_run_tells_the_same_and_writes_nothing(cli: Cli, opml: Path) -> None:
    ended = cli.run("feeds", "import", "--dry-run", str(opml))
    assert ended.returncode == 0
    assert ended.stdout.endswith("1 imported, 2 already there, 2 left out, 1 folder; nothing was written\n")
    assert text(cli) == MINE


def test_standard_input_and_json_lines(cli: Cli, opml: Path) -> None:
    ended = cli.run("feeds", "import", "-", "--json", stdin=opml.read_bytes())
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [line["result"] for line in lines] == [
        "folder", "imported", "left out", "already there", "left out", "already there"
    ]  # fmt: skip
    assert (lines[1]["line"], lines[1]["url"], lines[1]["category"]) == (4, "https://a.example/f?x=1&y=2", "sport")
    assert len(written(cli)) == 2
    # A second time there is nothing left to do, which is no failure.
    assert cli.run("feeds", "import", str(opml)).returncode == 0
    assert len(written(cli)) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_encodings(cli: Cli, encoding: str) -> None:
    cli.configure("")
    declared = "windows-1252" if encoding == "cp1252" else "UTF-8"
    file = cli.folder / "theirs.opml"
    outline = '<outline text="Größe" xmlUrl="https://a.example/"/>'
    file.write_bytes(f'<?xml version="1.0" encoding="{declared}"?><opml><body>{outline}'.encode(encoding))
    assert cli.run("feeds", "import", str(file)).returncode == 0
    assert written(cli)[0]["title"] == "Größe"


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "it has no outline"), (b"<rss/>", "it has no outline"), (b"<outline text='x'/>", "none of its outlines")],
)
def test_a_file_that_holds_nothing_is_a_mistake(cli: Cli, content: bytes, why: str) -> None:
    cli.configure(MINE)
    (cli.folder / "theirs.opml").write_bytes(content)
    ended = cli.run("feeds", "import", str(cli.folder / "theirs.opml"))
    assert ended.returncode == 2
    assert why in ended.stderr
    assert text(cli) == MINE


def test_a_file_that_is_not_there(cli: Cli) -> None:
    cli.configure(MINE)
    assert cli.run("feeds", "import", str(cli.folder / "none.opml")).returncode == 2
    assert cli.run("feeds", "import", str(cli.folder)).returncode == 74


def test_an_import_makes_a_missing_feeds_toml(cli: Cli, opml: Path) -> None:
    (cli.folder / "config" / "feeds.toml").unlink()
    assert cli.run("feeds", "import", str(opml)).returncode == 0
    assert [one["url"] for one in written(cli)] == ["https://a.example/f?x=1&y=2", "https://present.example/"]


def test_an_export_goes_out_and_comes_back(cli: Cli, server: FeedServer) -> None:
    url = server.serve("/a", rss("One", name="Its own name"))
    feeds = (
        f'[[feeds]]\nurl = "{url}"\ntags = ["uk", "Sport"]\n\n[[feeds]]\nurl = "https://b.example/"\ntitle = "B & co"\n'
        'category = "health"\nenabled = false\nauth = "me:pa55"\nheaders = { X-Key = "k3y" }\n'
    )
    cli.configure(feeds)
    assert cli.run("fetch").returncode == 0
    shown = cli.run("feeds", "export").stdout
    assert "pa55" not in shown
    assert "k3y" not in shown
    assert 'title="Its own name"' in shown
    file = cli.folder / "mine.opml"
    assert cli.run("feeds", "export", str(file)).stdout == f"wrote 2 feeds to {file}\n"
    assert cli.run("feeds", "export", str(file)).returncode == 0  # over an OPML file it may be written
    (cli.folder / "config" / "feeds.toml").unlink()
    assert cli.run("feeds", "import", str(file)).returncode == 0
    assert written(cli) == [
        {"url": url, "title": "Its own name", "tags": ["uk", "Sport"]},
        {"url": "https://b.example/", "title": "B & co", "category": "health", "enabled": False},
    ]


def test_topics_of_ones_own_go_out_and_come_back(cli: Cli) -> None:
    topics = {"AGGREGATOR_TOPICS__NAMES": '["football", "one, two/three", "health"]'}
    feeds = "".join(
        f'[[feeds]]\nurl = "https://{name}.example/"\ncategory = "{category}"\n'
        for name, category in (("a", "football"), ("b", "one, two/three"), ("c", "health"))
    )
    feeds += '[[feeds]]\nurl = "https://d.example/"\ntags = ["football"]\n'
    cli.configure(feeds)
    file = cli.folder / "mine.opml"
    assert cli.run("feeds", "export", str(file), **topics).stdout == f"wrote 4 feeds to {file}\n"
    cli.configure("")
    assert cli.run("feeds", "import", str(file), **topics).returncode == 0
    back = sorted(written(cli), key=lambda one: str(one["url"]))
    assert back == tomllib.loads(feeds)["feeds"]
    assert "0 imported, 4 already there" in cli.run("feeds", "import", str(file), **topics).stdout
    # To others, who have the 17 topics, they are words.
    cli.configure("")
    assert cli.run("feeds", "import", str(file)).returncode == 0
    assert [(one.get("category"), one.get("tags")) for one in written(cli)] == [
        (None, ["football"]),
        (None, ["football"]),
        (None, ["one, two/three"]),
        ("health", None),
    ]


def test_an_export_writes_over_nothing_that_is_no_opml(cli: Cli) -> None:
    cli.configure(MINE)
    ended = cli.run("feeds", "export", str(cli.folder / "config" / "feeds.toml"))
    assert ended.returncode == 2
    assert "is no OPML file" in ended.stderr
    assert text(cli) == MINE
    assert cli.run("feeds", "export", str(cli.folder)).returncode == 74
