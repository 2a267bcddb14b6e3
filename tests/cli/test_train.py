"""Topics that are learnt from one's own articles: by `analyze` itself, and by hand with `train`.

A training costs some seconds, most of them for importing scikit-learn, so each of the tests that learn proves a lot.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aggregator import training
from aggregator.pipeline.lock import StageLock
from aggregator.records import Confusion, Evaluation
from cli.conftest import TIME_LIMIT_S, Cli
from cli.feed_server import feed_server
from cli.topical_news import (
    ARTICLES_OF_FEED,
    DAY,
    FEEDS,
    HEALTH,
    SPORT,
    Readers,
    at,
    copied,
    publish,
    rewrite_settings,
)

ARTICLES = ARTICLES_OF_FEED * len(FEEDS)
TOMORROW = DAY + timedelta(days=1, hours=1)


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Readers]:
    with feed_server() as server:
        yield Readers(tmp_path_factory.mktemp("readers"), server)


@pytest.fixture
def learnt(readers: Readers, tmp_path: Path) -> Cli:
    return copied(readers.learnt[0], tmp_path)


def topic_of(cli: Cli, number: int) -> tuple[Any, ...]:
    rows = cli.rows("SELECT id, topic, topic_from FROM articles")
    return {row[0]: row[1:] for row in rows}[number]


def labels_by(cli: Cli) -> dict[str | None, int]:
    return dict(cli.rows("SELECT topic_from, COUNT(*) FROM articles GROUP BY 1"))


def labels_by_model(cli: Cli) -> dict[str, int]:
    return dict(cli.rows("SELECT file, articles FROM models WHERE file IS NOT NULL AND articles > 0"))


def model_in_use(cli: Cli) -> str:
    [(file,)] = cli.rows("SELECT file FROM models WHERE file IS NOT NULL AND retired_at IS NULL")
    return str(file)


def models_there(cli: Cli) -> set[str]:
    return {path.name for path in (cli.folder / "data" / "models").glob("topics-*.npz")}


def accuracy(cli: Cli) -> float:
    """Return the share of articles with the topic of the feed that they were written for."""
    truth = {feed.name: feed.topic for feed in FEEDS}
    told = [truth[feed] == topic for feed, topic in cli.rows("SELECT feed, topic FROM articles")]
    return told.count(True) / len(told)


def trainings(cli: Cli) -> list[tuple[Any, ...]]:
    return cli.rows("SELECT language, articles, adopted, reason FROM trainings ORDER BY id")


# --- analyze learns --------------------------------------------------------------------------------------------------


def test_the_first_analysis_labels_learns_and_labels_again(readers: Readers, learnt: Cli) -> None:
    counts = readers.learnt[1]["counts"]
    assert sum(counts["save labels"].values()) == 2 * ARTICLES
    assert (counts["adopt models"], counts["save stories"]) == ({"adopted": 1}, {"told": 1})
    assert labels_by(learnt) == {"self-trained": ARTICLES}
    assert accuracy(learnt) > 0.95

    [(language, articles, adopted, reason)] = trainings(learnt)
    assert (language, articles, adopted) == ("en", ARTICLES, 1)
    assert reason.startswith("it is the first model")
    assert labels_by_model(learnt) == {model_in_use(learnt): ARTICLES}
    assert models_there(learnt) == {model_in_use(learnt)}
    told = "SELECT COUNT(DISTINCT article_id), MIN(current) FROM labels WHERE model = 'self-trained'"
    assert learnt.rows(told) == [(ARTICLES, 1)]
    assert learnt.rows("SELECT COUNT(*) FROM labels WHERE model <> 'self-trained'") == [(0,)]
    [(details, sha256)] = learnt.rows("SELECT details, sha256 FROM models WHERE file IS NOT NULL")
    assert json.loads(details)["articles"] == ARTICLES
    assert len(sha256) == 64

    again = learnt.run_json("analyze")
    assert not any(again["counts"].values())
    assert len(trainings(learnt)) == 1


def test_the_next_day_learns_again_and_old_labels_keep_their_model(readers: Readers, learnt: Cli) -> None:
    rewrite_settings(learnt, '[topics]\nrelabel = "12h"\n')
    first = model_in_use(learnt)
    number = learnt.rows("SELECT MIN(id) FROM articles WHERE feed = 'whistle'")[0][0]
    assert learnt.run("label", str(number), SPORT).returncode == 0

    learnt = at(learnt, TOMORROW)
    publish(readers.server, 4, TOMORROW, begin=ARTICLES_OF_FEED)
    assert learnt.run("fetch").returncode == 0
    learnt.run_json("analyze")
    assert [(row[1], row[2]) for row in trainings(learnt)] == [(ARTICLES, 1), (ARTICLES + 24, 1)]
    second = model_in_use(learnt)
    assert second != first
    report = json.loads(learnt.rows("SELECT report FROM trainings ORDER BY id DESC")[0][0])
    assert report["corrections"] == 1

    # What was first seen more than twelve hours ago keeps its label, with the model that gave it.
    assert labels_by_model(learnt) == {first: ARTICLES, second: 24}
    assert models_there(learnt) == {first, second}
    assert topic_of(learnt, number) == (SPORT, "correction")
    assert learnt.run("label", str(number), HEALTH).returncode == 0

    counts = learnt.run_json("analyze", "--relabel")["counts"]
    assert sum(counts["save labels"].values()) == ARTICLES
    assert labels_by_model(learnt) == {second: ARTICLES + 24}
    assert models_there(learnt) == {second}
    assert topic_of(learnt, number) == (HEALTH, "correction")
    assert learnt.run("label", str(number), "--remove").returncode == 0
    assert topic_of(learnt, number) == (SPORT, "self-trained")


# --- what may become of a model's file -------------------------------------------------------------------------------


def harm(file: Path, how: str) -> None:
    content = file.read_bytes()
    if how == "missing":
        file.unlink()
    elif how == "truncated":
        file.write_bytes(content[: len(content) // 2])
    elif how == "damaged":
        file.write_bytes(content[:-500] + bytes(100) + content[-400:])
    else:
        file.write_bytes(b"#!/bin/sh\necho nothing of the kind\n")


@pytest.mark.parametrize("how", ["missing", "truncated", "damaged", "foreign"])
def test_a_model_that_cannot_be_used_is_named_and_words_label_meanwhile(learnt: Cli, how: str) -> None:
    # Without learning, which would take seconds each time.
    rewrite_settings(learnt, "[topics]\nlearn = false\n")
    file = model_in_use(learnt)
    harm(learnt.folder / "data" / "models" / file, how)
    ended = learnt.run("analyze")
    assert ended.returncode == 0
    assert file in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert "Traceback" not in ended.stderr
    assert set(labels_by(learnt)) <= {"seed words", None}
    assert sum(labels_by(learnt).values()) == ARTICLES
    assert not models_there(learnt)
    assert learnt.run("analyze").stderr == ""


def test_a_training_that_fails_changes_nothing_and_is_not_tried_at_once(
    learnt: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.config_values.SMALLEST_TRAINING_LIMIT_BYTES", 0)
    # The model is lost, and learning it anew needs more memory than it may.
    rewrite_settings(learnt, 'training_memory = "120MB"\n')
    models = learnt.folder / "data" / "models"
    harm(models / model_in_use(learnt), "damaged")
    stale = models / ".new-0123456789abcdef"
    stale.write_bytes(b"half a model")
    own = models / "my-own.onnx"
    own.write_bytes(b"a model of the user's")
    for file in (stale, own):
        os.utime(file, (0, 0))
    later = at(learnt, DAY + timedelta(hours=1))
    ended = later.run("analyze")
    assert ended.returncode == 0
    assert "learnt anew" in ended.stderr
    assert [row[2] for row in trainings(later)] == [1, 0]
    assert trainings(later)[1][3].startswith("the training failed (out of memory)")
    assert set(labels_by(later)) <= {"seed words", None}
    assert sum(labels_by(later).values()) == ARTICLES
    assert not models_there(later)
    assert (stale.exists(), own.exists()) == (False, True)
    assert not any(later.run_json("analyze")["counts"].values())

    # By hand it goes on at once, and labels follow in the next analysis, which has nothing to learn.
    rewrite_settings(learnt, "")
    ended = later.run("train", "--force", "--json", "--language", "en")
    assert (ended.returncode, ended.stderr) == (0, "")
    [line] = ended.stdout.splitlines()
    report = json.loads(line)
    assert (report["language"], report["adopted"], report["articles"]) == ("en", True, ARTICLES)
    assert report["adopted"] is True
    assert 0.9 < report["accuracy"] <= 1
    assert set(labels_by(later)) <= {"seed words", None}
    later.run_json("analyze")
    assert len(trainings(later)) == 3
    assert labels_by_model(later) == {model_in_use(later): ARTICLES}
    assert accuracy(later) > 0.95


def test_a_word_list_of_ones_own_is_followed_by_a_model_of_its_own(learnt: Cli) -> None:
    words = learnt.folder / "words"
    words.mkdir()
    (words / "en.toml").write_text(f'["{SPORT}"]\nwords = ["goal", "coach"]\n["{HEALTH}"]\nwords = ["clinic"]\n')
    rewrite_settings(learnt, '[topics]\nlexicon_dir = "words"\n')
    first = model_in_use(learnt)
    ended = learnt.run("analyze")
    assert ended.returncode == 0
    assert ended.stderr.startswith(f"aggregator: the word list or the topics have changed since {first} was trained")
    assert [row[2] for row in trainings(learnt)] == [1, 1]
    second = model_in_use(learnt)
    assert second != first
    assert labels_by_model(learnt) == {second: ARTICLES}
    assert models_there(learnt) == {second}
    assert accuracy(learnt) > 0.9


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_train_waits_for_nobody(learnt: Cli) -> None:
    with StageLock(learnt.database, "analyze"):
        ended = learnt.run("train")
    assert ended.returncode == 75
    assert "another analyze of this database is running" in ended.stderr
    assert len(trainings(learnt)) == 1


def test_train_and_evaluate_without_articles(cli: Cli) -> None:
    cli.configure("")
    for command, verb in (("train", "learn from"), ("evaluate", "measure on")):
        ended = cli.run(command)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout == f"there are no articles to {verb} yet; “aggregator run” fetches and analyses some\n"
        assert (cli.run(command, "--json").returncode, cli.run(command, "--json").stdout) == (0, "")
        ended = cli.run(command, "--language", "xx")
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "there are no analysed articles in “xx”; there are none at all yet" in ended.stderr


def test_a_language_without_articles_is_refused(learnt: Cli) -> None:
    for command in ("train", "evaluate"):
        ended = learnt.run(command, "--language", "en", "--language", "xx")
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "there are no analysed articles in “xx”; there are in: en" in ended.stderr
    assert len(trainings(learnt)) == 1


def test_evaluate_measures_and_changes_nothing(learnt: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name for path in (learnt.folder / "data" / "models").iterdir()}
    ended = learnt.run("evaluate", "--json", "--language", "en")
    assert (ended.returncode, ended.stderr) == (0, "")
    [line] = ended.stdout.splitlines()
    found = msgspec.json.decode(line, type=Evaluation)
    labelled = [feed for feed in FEEDS if feed.category or feed.tag]
    assert (found.language, found.corrections) == ("en", 0)
    # Each topic has a feed that is most of it, which is said.
    assert "held out in parts" in (found.problem or "")
    assert found.articles == ARTICLES_OF_FEED * len(labelled)
    assert 0.9 < (found.accuracy or 0) <= 1
    assert 0.9 < (found.macro_f1 or 0) <= 1
    assert 0 <= (found.calibration_error or 0) < 0.1
    assert {one.topic: one.articles for one in found.topics} == {feed.topic: ARTICLES_OF_FEED for feed in labelled}
    assert len(trainings(learnt)) == 1
    assert {path.name for path in (learnt.folder / "data" / "models").iterdir()} == before

    # The same for a person; measured once, because that takes seconds.
    confused = replace(found, confusions=(Confusion(SPORT, HEALTH, 3),), problem=None)
    monkeypatch.setattr(training, "evaluate_languages", lambda *_, **__: iter([confused]))
    first, *rest = learnt.run("evaluate").stdout.splitlines()
    assert first.startswith(f"en: accuracy {found.accuracy:.1%}, macro F1 {found.macro_f1:.1%}, calibration error ")
    assert first.endswith(f"on {found.articles} articles")
    assert rest[0].split() == ["topic", "articles", "precision", "recall", "f1"]
    assert f"  3 of “{SPORT}” taken for “{HEALTH}”" in rest


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them")
def test_ctrl_c_ends_a_training_and_leaves_nothing(learnt: Cli) -> None:
    before = {path.name for path in (learnt.folder / "data" / "models").iterdir()}
    with learnt.start("train", "--force", start_new_session=True) as process:
        wait_until(lambda: any("/sklearn/" in maps for maps in maps_of_session(process.pid)))
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=TIME_LIMIT_S)
    assert (process.returncode, output, errors) == (130, "", "")
    wait_until(lambda: not maps_of_session(process.pid))
    assert {path.name for path in (learnt.folder / "data" / "models").iterdir()} == before
    assert len(trainings(learnt)) == 1
    with StageLock(learnt.database, "analyze"):
        """It is free."""


def maps_of_session(session: int) -> list[str]:
    """Return what the processes of a session have in memory: one text for each that lives."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and os.getsid(int(folder.name)) == session:
                found.append((folder / "maps").read_text())
        except OSError:  # it has ended
            continue
    return [maps for maps in found if maps]


def wait_until(holds: Any) -> None:
    deadline = time.monotonic() + TIME_LIMIT_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
