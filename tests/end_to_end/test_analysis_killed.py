"""An analysis that is killed, time and again, is completed by the next, with the same result."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.store.database import Database
from aggregator.store.digest import content_digest
from cli.conftest import TIME_LIMIT_S, Cli
from cli.feed_server import feed_server
from cli.topical_news import ARTICLES_OF_FEED, FEEDS, Readers, copied

MOMENTS = {
    "while articles are labelled": "SELECT COUNT(*) FROM labels",
    "while topics are learnt": "SELECT COUNT(*) >= :all FROM articles WHERE language IS NOT NULL",
    "while they are labelled again": "SELECT COUNT(*) FROM trainings",
    "once stories are told": "SELECT COUNT(*) FROM stories",
}
"""A kill comes as soon as the question has another answer than none."""


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[Readers]:
    with feed_server() as server:
        yield Readers(tmp_path, server)


@pytest.mark.slow
def test_an_analysis_that_is_killed_time_and_again_is_completed_by_the_next(readers: Readers, tmp_path: Path) -> None:
    (tmp_path / "killed").mkdir()
    killed = copied(readers.fetched, tmp_path / "killed")
    for question in MOMENTS.values():
        kill_when(killed, question)
    last = killed.run_json("analyze")
    undisturbed, _ = readers.learnt
    assert told(killed) == told(undisturbed)
    assert killed.rows("SELECT COUNT(*) FROM quarantine") == [(0,)]
    assert last["counts"].get("adopt models", {}) == {}, "it was learnt, and not again"
    assert killed.rows("SELECT adopted FROM trainings") == [(1,)]
    assert not any(killed.run_json("analyze")["counts"].values())


def told(cli: Cli) -> tuple[str, object]:
    """Return the digest, and the keywords, which it leaves out."""
    database = Database(f"sqlite:///{cli.database}")
    try:
        with database.read() as connection:
            digest = content_digest(connection)
    finally:
        database.close()
    keywords = (
        "SELECT a.url, k.term, k.rank, k.score FROM keywords k JOIN articles a ON a.id = k.article_id ORDER BY 1, 3"
    )
    return digest, cli.rows(keywords)


def kill_when(cli: Cli, question: str) -> None:
    """Start an analysis and kill it, with no chance to say goodbye, once `question` has an answer above zero."""
    values = {"all": ARTICLES_OF_FEED * len(FEEDS)} if ":all" in question else {}
    deadline = time.monotonic() + TIME_LIMIT_S
    with cli.start("analyze") as process, closing(sqlite3.connect(cli.database)) as connection:
        while not connection.execute(question, values).fetchone()[0]:
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.kill()
        process.communicate()
