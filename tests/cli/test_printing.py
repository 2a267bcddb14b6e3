"""What is printed: tables, CSV and JSON that no title can turn against whoever reads them."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess

import pytest

from aggregator.cli.terminal import safe, say
from cli.conftest import HOSTILE_TITLES, Cli
from cli.feed_server import FeedServer

BIDI_MARKS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
UNSEEN_SIGNS = "\u00ad\u034f\u180e\u200b\u2028\u2029\u2060\u2064\u206f\u115f\u3164\ufeff\ufff9\U000e0041"
OBEYED = [
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\x9d0;t\x9c",
    "\x1bP$q\x1b\\",
    "\x08",
    "\r",
    "\x7f",
    *BIDI_MARKS,
    *UNSEEN_SIGNS,
]
"""What a terminal acts upon, what turns the direction of the text around, and what is there and cannot be seen."""


def csv_rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def obeyed(text: str) -> list[str]:
    """Return what of `text` a terminal would obey, line ends aside."""
    return re.findall(f"[\x00-\x09\x0b-\x1f\x7f-\x9f{BIDI_MARKS}{UNSEEN_SIGNS}]", text.replace("\r\n", "\n"))


def test_titles_cannot_command_a_terminal(cli: Cli, server: FeedServer) -> None:
    titles = [f"Be{one}fore" for one in OBEYED]
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "\x1b[31mred\u202e",
        "items": [{"id": str(n), "title": title, "content_text": title} for n, title in enumerate(titles)],
    }
    cli.configure([server.serve("/feed", json.dumps(document), "application/feed+json")])
    assert cli.run("fetch").returncode == 0
    everything = (
        "SELECT a.title, a.summary, a.content, a.feed, s.title FROM articles a, sightings s ON s.article_id = a.id"
    )
    for option in ([], ["--csv"], ["--json"]):
        shown = cli.run("query", *option, everything)
        assert shown.returncode == 0
        assert "fore" in shown.stdout
        assert obeyed(shown.stdout) == []
    assert obeyed(cli.run("feeds", "list").stdout) == []


@pytest.mark.parametrize("option", [[], ["--csv"], ["--json"]], ids=["table", "csv", "json"])
def test_whatever_is_in_the_database_cannot_command_a_terminal(filled: Cli, option: list[str]) -> None:
    """The same, should something ever get past the reading of feeds."""
    texts = [f"char({', '.join(str(ord(one)) for one in text)}) AS c{n}" for n, text in enumerate(OBEYED)]
    shown = filled.run("query", *option, f"SELECT {', '.join(texts)}")
    assert shown.returncode == 0, shown.stderr
    assert obeyed(shown.stdout) == []


@pytest.mark.parametrize("one", OBEYED)
def test_a_message_cannot_command_a_terminal(one: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(f"Be{one}fore")
    say(f"Be{one}fore", err=True)
    for printed in capsys.readouterr():
        assert obeyed(printed) == []
        assert "fore" in printed


@pytest.mark.parametrize("text", ["Grüße", "ﷺ نه‌خیر", "👩\u200d🚀", "漢字", "é", "हिन्दी", "a\nb\tc"])
def test_honest_text_is_printed_as_it_is(text: str) -> None:
    assert safe(text) == text


def test_csv_holds_no_formulas(filled: Cli) -> None:
    rows = csv_rows(filled.run("query", "--csv", "SELECT title FROM articles ORDER BY id").stdout)
    assert rows == [["title"], *([f"'{title}" if title.startswith("=") else title] for title in HOSTILE_TITLES)]
    sql = "SELECT '=1+1', '+1', '-1', '@x', char(9) || '=1', -5, -0.5, 'a=1', NULL"
    assert csv_rows(filled.run("query", "--csv", sql).stdout)[1] == [
        *("'=1+1", "'+1", "'-1", "'@x", "'\t=1", "-5", "-0.5", "a=1", "")
    ]


def test_csv_comes_back_as_it_was(filled: Cli) -> None:
    text = 'commas, "quotes"' + "\nand lines"
    shown = filled.run(
        "query", "--csv", """SELECT 'commas, "quotes"' || char(10) || 'and lines' AS text, 1.25 AS number"""
    )
    assert csv_rows(shown.stdout) == [["text", "number"], [text, "1.25"]]


def test_json_lines_hold_every_type(filled: Cli) -> None:
    shown = filled.run("query", "--json", "SELECT 1 AS a, 1.5 AS b, NULL AS c, 'ä' AS d, x'00ff' AS e")
    assert [json.loads(line) for line in shown.stdout.splitlines()] == [
        {"a": 1, "b": 1.5, "c": None, "d": "ä", "e": "00FF"}
    ]


def test_a_row_of_a_table_is_a_line_of_the_terminal(filled: Cli) -> None:
    long = "replace(hex(zeroblob(500)), '00', 'word ')"
    sql = f"SELECT {long} AS long, 'a' || char(10) || 'b' AS lines, title FROM articles"  # noqa: S608 - from here
    lines = filled.run("query", sql, COLUMNS="80").stdout.splitlines()
    assert len(lines) == 2 + len(HOSTILE_TITLES)
    assert all(len(line) <= 80 for line in lines)
    assert "…" in lines[2]
    assert "a b" in lines[2]


def test_a_query_cannot_write(filled: Cli) -> None:
    before = filled.database.read_bytes()
    for sql in ("DELETE FROM article", "DROP VIEW articles", "ATTACH 'x.db' AS x", "VACUUM INTO 'x.db'",
                "PRAGMA journal_mode = DELETE", "CREATE TABLE x (y)", "SELECT 1; DELETE FROM article"):  # fmt: skip
        ended = filled.run("query", sql)
        assert (ended.returncode, ended.stdout) == (2, ""), sql
        assert len(ended.stderr.splitlines()) == 1
    assert filled.database.read_bytes() == before
    assert not (filled.folder / "x.db").exists()


@pytest.mark.parametrize("sql", ["", "SELEC 1", "SELECT x FROM articles", "SELECT * FROM nothing", "SELECT ?"])
def test_wrong_sql_is_explained(filled: Cli, sql: str) -> None:
    ended = filled.run("query", sql)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("aggregator: ")
    assert "Traceback" not in ended.stderr


def test_csv_and_json_at_once_is_refused(filled: Cli) -> None:
    ended = filled.run("query", "--csv", "--json", "SELECT 1")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "choose one of --csv and --json" in ended.stderr


MANY_ROWS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i, 'row' FROM n"


@pytest.mark.parametrize("option", [[], ["--csv"], ["--json"]], ids=["table", "csv", "json"])
def test_a_reader_that_has_seen_enough_is_no_failure(filled: Cli, option: list[str]) -> None:
    with filled.start("query", *option, MANY_ROWS) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (0, "")


def test_a_reader_that_reads_nothing_is_no_failure(filled: Cli) -> None:
    pipeline = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$@" | true', "-", *filled.command, "query", "--csv", "SELECT 1"],
        cwd=filled.folder,
        env=filled.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (pipeline.returncode, pipeline.stderr) == (0, "")


def test_a_terminal_without_the_letters_is_no_failure(filled: Cli) -> None:
    for option in ([], ["--csv"]):
        shown = filled.run_apart("query", *option, "SELECT title FROM articles", PYTHONIOENCODING="latin-1")
        assert (shown.returncode, shown.stderr) == (0, "")
        assert "Harbour" in shown.stdout


def test_status_and_feeds_as_json(filled: Cli) -> None:
    status = filled.run_json("status")
    assert status["counts"]["articles"] == len(HOSTILE_TITLES)
    assert status["counts"]["feeds subscribed"] == 1
    assert [run["command"] for run in status["runs"]] == ["fetch"]
    listed = filled.run_json("feeds", "list")
    assert (listed["title"], listed["state"], listed["articles"]) == ("The Harbour Post", "active", 3)
