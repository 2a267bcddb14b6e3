"""`photos` as somebody types it."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest
from sqlalchemy import insert

from aggregator.records import PictureResult
from aggregator.store.schema import story, story_article
from cli.conftest import Cli, make_cli
from store.picture_rows import (
    NOW,
    add_article,
    add_feed,
    change_rows,
    image_id,
    images,
    model_id,
    opened,
    store_picture,
)

AT = NOW.isoformat()


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """An installation with a photo under two stories, ten days apart, and a graphic under two others. Only read."""
    cli = make_cli(tmp_path_factory.mktemp("gallery"))
    cli.configure([])
    cli.database.parent.mkdir()
    with opened(cli.database.parent) as database:
        feed_id, model = add_feed(database), model_id(database)
        shown = (("0123456789abcdef", 10), ("f" * 16, 0), ("0123456789abcdee", 0), ("f" * 16, 1))
        for n, (phash, days) in enumerate(shown, start=1):
            url, at = f"https://cdn.test/{n}.jpg", NOW - timedelta(days=days)
            article_id = add_article(database, feed_id, [url], at=at)
            store_picture(database, url)
            with images(database) as rows:
                rows.record_picture(PictureResult(image_id(database, url), 1200, 600, "jpeg", phash), model)
            with database.write() as connection:
                told = {"id": n, "title": f"=Story {n}", "first_at": at, "last_at": at, "language": "en"}
                connection.execute(insert(story), told)
                connection.execute(insert(story_article), {"article_id": article_id, "story_id": n})
        change_rows(database, "UPDATE image SET shows = 'graphic' WHERE id IN (2, 4)")
    return cli


def test_reused_photos_are_one_object_a_photo_or_a_line_for_each_use(gallery: Cli) -> None:
    ended = gallery.run("photos", "--reused", "--json", AGGREGATOR_CLOCK=AT)
    (found,) = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (ended.returncode, found["stories"], found["width"], found["height"]) == (0, 2, 1200, 600)
    assert [(use["article_id"], use["story"], use["differing_bits"]) for use in found["uses"]] == [
        *((1, "=Story 1", 1), (3, "=Story 3", 0)),
    ]
    lines = gallery.run("photos", "--reused", "--csv", AGGREGATOR_CLOCK=AT).stdout
    assert [(line["image_id"], line["story"]) for line in csv.DictReader(io.StringIO(lines))] == [
        *(("1", "'=Story 1"), ("1", "'=Story 3")),
    ]
    table = gallery.run("photos", "--reused", AGGREGATOR_CLOCK=AT).stdout
    assert "2026-02-20 06:30:00" in table
    assert "=Story 3" in table


def test_other_kinds_and_fewer_may_be_asked_for(gallery: Cli) -> None:
    asked = ("photos", "--reused", "--any-kind", "--json")
    assert gallery.run(*asked, AGGREGATOR_CLOCK=AT).stdout.count("\n") == 2
    assert gallery.run(*asked, "--limit", "1", AGGREGATOR_CLOCK=AT).stdout.count("\n") == 1


def test_since_says_how_far_back_the_later_use_lies(gallery: Cli) -> None:
    later = (NOW + timedelta(days=8)).isoformat()
    assert gallery.run("photos", "--reused", "--json", AGGREGATOR_CLOCK=later).stdout == ""
    assert gallery.run("photos", "--reused", "--json", "--since", "2w", AGGREGATOR_CLOCK=later).stdout.count("\n") == 1


def test_pictures_like_one_are_listed(gallery: Cli) -> None:
    ended = gallery.run("photos", "--like", "3", "--json")
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(one["image_id"], one["differing_bits"]) for one in found] == [(3, 0), (1, 1)]
    assert gallery.run("photos", "--like", "3", "--limit", "1", "--csv").stdout.count("\n") == 2
    assert "https://cdn.test/1.jpg" in gallery.run("photos", "--like", "3").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "choose one of --reused and --like ID"),
        (("--reused", "--like", "3"), "choose one of --reused and --like ID"),
        (("--like", "3", "--since", "7d"), "--since and --any-kind go with --reused"),
        (("--reused", "--csv", "--json"), "choose one of --csv and --json"),
        (("--reused", "--since", "soon"), "--since: expected seconds, or a duration"),
        (("--like", "9"), "there is no picture with the id 9"),
    ],
)
def test_what_cannot_be_asked_is_said(arguments: tuple[str, ...], said: str, gallery: Cli) -> None:
    ended = gallery.run("photos", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
