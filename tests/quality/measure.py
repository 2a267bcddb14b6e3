"""What the program says of the newsroom's articles, beside what is true."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from aggregator.newsroom.gold import Gold, gold_by_path
from aggregator.newsroom.material import ARTICLES_FOLDER
from aggregator.pipeline.companion import companion
from benchmarks.measures import accuracy, b_cubed
from end_to_end.installation import OPENED_AT, Installation, make_installation


@dataclass(frozen=True, slots=True)
class Answer:
    """What the view `articles` says of one article, and the truth."""

    language: str | None
    topic: str | None
    topic_score: float
    story_id: int
    gold: Gold


VISITS = (24, 48, 72, 96)
"""Hours at which the newsroom is read: some feeds have no dates, and an article is then as old as its first sight."""


def analysed_newsroom(folder: Path) -> Installation:
    """Fetch and analyse the whole newsroom once a day, as a daily cron job would, without its pictures."""
    installation: Installation | None = None
    port = "0"
    for hours in VISITS:
        now = OPENED_AT + timedelta(hours=hours)
        arguments = ["--opened-at", OPENED_AT.isoformat(), "--latency", "0", "--port", port]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AGGREGATOR_CLOCK", now.isoformat())
            patch.setenv("AGGREGATOR_FETCH__IMAGES", "false")
            with companion("aggregator.newsroom", arguments) as url:
                port = url.rstrip("/").rpartition(":")[2]
                installation = installation or make_installation(folder, url.rstrip("/"))
                installation.run("run", now=now)
    assert installation is not None
    return installation


def answers(installation: Installation) -> list[Answer]:
    """Return what was found out about every article whose truth is known."""
    gold = gold_by_path()
    question = "SELECT url, language, topic, topic_score, story_id FROM articles ORDER BY id"
    with closing(sqlite3.connect(installation.folder / "data" / "news.db")) as connection:
        rows = connection.execute(question).fetchall()
    found = [
        Answer(language, topic, score or 0.0, story_id, gold[urlsplit(url).path])
        for url, language, topic, score, story_id in rows
    ]
    assert len(found) == len(gold), "an article is missing, or is there twice"
    return found


def measured(found: list[Answer]) -> dict[str, dict[str, float]]:
    """Return for each language the share of right topics and languages, and B-cubed F1 of the stories."""
    reached = {}
    for language in sorted({one.gold.language for one in found}):
        those = [one for one in found if one.gold.language == language]
        reached[language] = {
            "language": accuracy([one.language for one in those], [one.gold.language for one in those]),
            "topics": accuracy([one.topic for one in those], [one.gold.topic for one in those]),
            "stories": b_cubed([one.story_id for one in those], [one.gold.story for one in those]).f1,
        }
    return reached


def material_digest() -> str:
    """Return a word for the articles that are measured on."""
    digest = hashlib.sha256()
    for file in sorted(ARTICLES_FOLDER.glob("*.toml")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
