"""Stories as a reader finds them in the views: over several runs, feeds and languages, and through edits."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cli.conftest import SETTINGS, Cli
from cli.feed_server import FeedServer
from cli.topical_news import DAY, NewsItem, at, document

HOUR = timedelta(hours=1)


def item(key: str, hours: float, title: str, summary: str) -> NewsItem:
    return NewsItem(title, summary, DAY + hours * HOUR, key)


COLLAPSE = item(
    "collapse",
    -5,
    "Crane collapse at Northport harbour injures nine dockers",
    "A crane collapsed at the harbour of Northport and injured nine dockers, the fire brigade said.",
)
COLLAPSE_TOLD_AGAIN = item(
    "again",
    -4,
    "Nine dockers injured as crane collapses in Northport",
    "Nine dockers were injured when a crane at Northport harbour collapsed on Monday morning.",
)
MAYOR = item(
    "mayor",
    -3,
    "Mayor Ellen Marsh resigns over leaked inspection letters",
    "Mayor Ellen Marsh resigned after letters about skipped inspection visits were leaked to a newspaper.",
)
BRIDGE = item(
    "bridge",
    2,
    "Crane collapse: Mayor Ellen Marsh resigns over leaked inspection letters after nine dockers injured at harbour",
    "Mayor Ellen Marsh resigned after leaked letters showed skipped inspection visits at Northport harbour, "
    "where a crane collapsed and injured nine dockers.",
)
KRAN = item(
    "kran",
    -4,
    "Kran stürzt im Hafen von Northport um: neun Verletzte",
    "Im Hafen von Northport ist am Montag ein Kran umgestürzt, neun Arbeiter wurden dabei verletzt.",
)
OTHERS = [
    item("o1", -9, "Painter shows forty portraits of bakers", "The gallery in Oakham hangs them until spring."),
    item("o2", -8, "Snow closes the pass above Highmoor", "Drivers are sent round by the valley road."),
    item("o3", -7, "Cheaper tickets for trams in Redhill", "Children ride for nothing from April on."),
    item("o4", -6, "Two wolves seen near Silverton", "A hunter photographed them at the edge of the forest."),
]


PAPERS = ("post", "echo", "bote")
HOURLY = SETTINGS.replace("1MB", "9MB").replace("[fetch]", '[fetch]\nmax_interval = "1h"')


@pytest.fixture
def papers(cli: Cli, server: FeedServer) -> Cli:
    cli.configure([publish(server, name, []) for name in PAPERS], HOURLY)
    return cli


def publish(server: FeedServer, name: str, items: list[NewsItem]) -> str:
    text = document(name, items, "de" if name == "bote" else "en")
    # With a validator, or the feed would be asked for once a day.
    return server.serve(f"/{name}", text, ETag=f'"{hash(text)}"')


def read(cli: Cli, server: FeedServer, time: datetime, **feeds: list[NewsItem]) -> None:
    """Let the papers print, fetch and analyse."""
    for name, items in feeds.items():
        publish(server, name, items)
    later = at(cli, time)
    assert later.run("fetch").returncode == 0
    later.run_json("analyze")


def story_of(cli: Cli, one: NewsItem) -> int:
    return int(dict(cli.rows("SELECT url, story_id FROM articles"))[url_of(cli, one)])


def url_of(cli: Cli, one: NewsItem) -> str:
    [(url,)] = [row for row in cli.rows("SELECT url FROM articles") if row[0].endswith(f"/{one.key}")]
    return str(url)


def test_a_story_keeps_its_id_while_articles_come_merge_and_change(papers: Cli, server: FeedServer) -> None:
    read(papers, server, DAY, post=[COLLAPSE, MAYOR, *OTHERS])
    crane, mayor = story_of(papers, COLLAPSE), story_of(papers, MAYOR)
    sizes = papers.rows("SELECT size, sources FROM stories")
    assert sizes == [(1, 1)] * 6

    # The second paper tells the same in the next run, and a third in another language.
    read(papers, server, DAY + 2 * HOUR, echo=[COLLAPSE_TOLD_AGAIN], bote=[KRAN])
    assert story_of(papers, COLLAPSE) == story_of(papers, COLLAPSE_TOLD_AGAIN) == crane
    told = {row[0]: row[1:] for row in papers.rows("SELECT id, size, sources, language FROM stories")}
    assert told[crane] == (2, 2, "en")
    assert told[story_of(papers, KRAN)] == (1, 1, "de")
    assert story_of(papers, MAYOR) == mayor
    assert papers.rows("SELECT COUNT(*) FROM merged_stories") == [(0,)]

    # An article that tells of both makes them one; the older id stays.
    read(papers, server, DAY + 5 * HOUR, echo=[COLLAPSE_TOLD_AGAIN, BRIDGE])
    assert {story_of(papers, one) for one in (COLLAPSE, COLLAPSE_TOLD_AGAIN, MAYOR, BRIDGE)} == {crane}
    assert papers.rows("SELECT id, merged_into, merged_at IS NOT NULL FROM merged_stories") == [(mayor, crane, 1)]
    told = {row[0]: row[1:] for row in papers.rows("SELECT id, size, sources, language FROM stories")}
    assert told[crane] == (4, 2, "en")
    assert mayor not in told

    before = papers.rows("SELECT * FROM stories ORDER BY id"), papers.rows("SELECT * FROM story_article ORDER BY 1")
    read(papers, server, DAY + 7 * HOUR)
    assert before == (
        papers.rows("SELECT * FROM stories ORDER BY id"),
        papers.rows("SELECT * FROM story_article ORDER BY 1"),
    )

    # What is edited is told again, and its keywords are found anew.
    assert papers.rows("SELECT COUNT(*) FROM keywords WHERE term LIKE '%portraits%'") == [(1,)]
    edited = replace(COLLAPSE_TOLD_AGAIN, key=OTHERS[0].key, at=OTHERS[0].at)
    gone = story_of(papers, OTHERS[0])
    read(papers, server, DAY + 9 * HOUR, post=[COLLAPSE, MAYOR, edited, *OTHERS[1:]])
    assert papers.rows("SELECT COUNT(*) FROM revisions") == [(1,)]
    assert story_of(papers, OTHERS[0]) == crane
    assert papers.rows("SELECT COUNT(*) FROM keywords WHERE term LIKE '%portraits%'") == [(0,)]
    assert gone not in {row[0] for row in papers.rows("SELECT id FROM stories")}


def test_hostile_news_is_told_all_the_same(papers: Cli, server: FeedServer) -> None:
    megabyte = item("mega", -1, "goal " * 200_000, "A title without an end.")
    strange = [
        item("empty", -2, "", ""),
        item("silent", -2, "", "Only a summary, about a goal of the striker."),
        item("word", -2, "Goal", ""),
        item("mixed", -2, "Der Trainer und the striker célèbrent una victoria", "Il gol è stato nice, oder nicht?"),
        item("letters", -2, "\u202e\u200b ﷽ 漢字 🏟", "…"),
    ]
    same = [item(f"same-{number}", -3, "Striker scores late goal", "The league cheers.") for number in range(1_000)]
    wire = replace(COLLAPSE, key="wire", at=COLLAPSE.at + HOUR)
    read(papers, server, DAY, post=[megabyte, *strange, COLLAPSE], echo=[*same, wire])
    number = {url: (one, original) for url, one, original in papers.rows("SELECT url, id, duplicate_of FROM articles")}
    assert number[url_of(papers, COLLAPSE)][1] is None
    assert number[url_of(papers, wire)][1] == number[url_of(papers, COLLAPSE)][0]
    assert papers.rows("SELECT COUNT(*), COUNT(story_id) FROM articles WHERE url LIKE '%same%'") == [(1_000, 1_000)]
    assert papers.rows("SELECT MAX(size) FROM stories") == [(1_000,)]
    assert papers.rows("SELECT COUNT(*) FROM articles WHERE duplicate_of IS NULL AND url LIKE '%same%'") == [(1,)]
    assert papers.rows("SELECT COUNT(*) FROM articles WHERE story_id IS NULL") == [(0,)]
    assert papers.rows("SELECT COUNT(*) FROM quarantine") == [(0,)]
    assert dict(papers.rows("SELECT url, topic FROM articles"))[url_of(papers, strange[2])] == "sport"
