"""A run that is killed in the middle loses nothing, and asks nobody twice."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.newsroom.site import newsroom_feeds

from .installation import NOW, Installation, Newsroom, make_installation

FEEDS = 14
"""The first of the newsroom's feeds: all of them would only take longer."""

FEED_PATHS = {feed.path for feed in newsroom_feeds()[:FEEDS]}


@pytest.fixture(scope="module")
def undisturbed(newsroom: Newsroom, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    installation = make_installation(tmp_path_factory.mktemp("undisturbed"), newsroom.url, FEEDS)
    installation.run("run", now=NOW)
    return installation


@pytest.mark.parametrize("requests_before_kill", [4, 80])
def test_killed_run_is_completed_by_later_ones_and_repeats_no_request(
    undisturbed: Installation, newsroom: Newsroom, tmp_path: Path, requests_before_kill: int
) -> None:
    installation = make_installation(tmp_path / "killed", newsroom.url, FEEDS)
    start = len(newsroom.requests())

    kill_after(installation, newsroom, start + requests_before_kill)
    asked = newsroom.paths(since=start)
    assert sum(asked.values()) >= requests_before_kill

    # Within the politeness window, what was asked or even only claimed is left alone.
    before = len(newsroom.requests())
    installation.run("run", now=NOW + timedelta(minutes=2))
    assert not newsroom.paths(since=before).keys() & asked.keys()
    assert max(newsroom.paths(since=start).values()) == 1

    # After it, what is missing is fetched.
    before = len(newsroom.requests())
    installation.run("run", now=NOW + timedelta(hours=3))
    assert max(newsroom.paths(since=before).values()) == 1
    assert installation.digest() == undisturbed.digest()


def kill_after(installation: Installation, newsroom: Newsroom, requests: int) -> None:
    """Start a run and kill it, with no chance to say goodbye, once the newsroom has answered so many requests."""
    process = installation.start("run", now=NOW)
    deadline = time.monotonic() + 120
    while len(newsroom.requests()) < requests and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None, "the run ended before it could be killed"
    process.kill()
    process.communicate()


def test_a_second_run_asks_conditionally_and_stores_nothing_new_and_a_third_asks_nobody(
    undisturbed: Installation, newsroom: Newsroom
) -> None:
    digest = undisturbed.digest()
    before = len(newsroom.requests())
    undisturbed.run("run", now=NOW + timedelta(hours=3))
    again = newsroom.requests(since=before)
    assert {request["path"] for request in again} == FEED_PATHS
    assert {request["status"] for request in again} == {304}
    assert undisturbed.digest() == digest
    before = len(newsroom.requests())
    undisturbed.run("run", now=NOW + timedelta(hours=3, minutes=30))
    assert newsroom.requests(since=before) == []
