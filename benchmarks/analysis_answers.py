"""What the program says about labelled articles that come to it through feeds, and what that costs."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.labelled_feeds import PlannedFeed, feeds_toml, number_of, published_at, rss, serving
from benchmarks.pipeline import run_json, tell

SETTINGS = "[fetch]\nper_host = 32\nhost_spacing = 0\nimages = false\n"
"""One host, this machine, needs no politeness. Everything else is the default."""

QUESTION = "SELECT url, topic, topic_score, unsure, story_id FROM articles"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said about an article."""

    topic: str | None = None
    score: float = 0.0
    is_unsure: bool = False
    story: int | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What it took: seconds for fetching and for analysing, and the largest resident sizes, in bytes."""

    fetch_s: float = 0.0
    analyze_s: float = 0.0
    peak_memory_bytes: float = 0.0
    peak_worker_bytes: float = 0.0


def ask_program(feeds: Sequence[PlannedFeed], language: str, runs: int) -> tuple[dict[int, Answer], Cost]:
    """Let `aggregator fetch` and `aggregator analyze` (`runs` times) work on feeds; return the answers by number."""
    now = max(published_at(one) for feed in feeds for one in feed.articles) + timedelta(hours=1)
    documents: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory(prefix="aggregator-bench-") as name, serving(documents) as site:
        folder = Path(name)
        documents |= {feed.name: rss(feed, site, language) for feed in feeds}
        (folder / "aggregator.toml").write_text(SETTINGS, encoding="utf-8")
        (folder / "feeds.toml").write_text(feeds_toml(feeds, site), encoding="utf-8")
        config = ["--config", str(folder / "aggregator.toml")]
        tell(f"{len(feeds)} feeds, fetch")
        fetch_s, fetched = run_json([*config, "fetch", "--json"], now)
        analyze_s, worker_bytes, memory_bytes = 0.0, 0.0, fetched["peak_memory_bytes"]
        for run in range(runs):
            tell(f"analyze, run {run + 1}")
            seconds, ran = run_json([*config, "analyze", "--json"], now + timedelta(hours=run))
            analyze_s += seconds
            memory_bytes = max(memory_bytes, ran["peak_memory_bytes"])
            worker_bytes = max(worker_bytes, ran["peak_worker_bytes"])
        answers = read_answers(folder / "data" / "news.db")
    return answers, Cost(fetch_s, analyze_s, memory_bytes, worker_bytes)


def read_answers(database: Path) -> dict[int, Answer]:
    """Read what the view `articles` says, by the number at the end of each address."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(QUESTION).fetchall()
    return {
        number_of(url): Answer(topic, score or 0.0, bool(unsure), story) for url, topic, score, unsure, story in rows
    }
