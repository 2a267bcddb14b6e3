"""News of four topics, written from a few words by a fixed chance: enough to learn topics from, and clear to tell."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from cli.conftest import SETTINGS, Cli, make_cli
from cli.feed_server import FeedServer

DAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""When the first of the news is read."""

FEWEST_TO_LEARN_FROM = 200

SPORT, HEALTH, POLITICS, BUSINESS = (
    *("sport", "health"),
    *("politics and government", "economy, business and finance"),
)

WORDS = {
    # The first half of each are words that the built-in list knows, the second half is what a model has to learn.
    SPORT: "goal striker midfielder coach league penalty stadium championship terrace dugout whistle jersey crossbar "
    "corner warmup sidestep",
    HEALTH: "hospital patients vaccine doctors surgery nurses disease clinic bandage stretcher corridor ointment "
    "thermometer bedside recovery dosage",
    POLITICS: "parliament minister election senator voters coalition government ballot lobby rostrum backbench "
    "manifesto handshake delegate motion reading",
    BUSINESS: "shares profit investors bank inflation revenue shareholders merger ledger warehouse invoice forecast "
    "payroll supplier margin quarter",
}
PLACES = [
    "Northport",
    "Eastvale",
    "Highmoor",
    "Lowfield",
    "Greenbay",
    "Stonebridge",
    "Redhill",
    "Silverton",
    "Oakham",
    "Wexcombe",
]
ADJECTIVES = [
    "quiet",
    "sudden",
    "early",
    "heavy",
    "second",
    "narrow",
    "public",
    "distant",
    "modest",
    "rapid",
    "careful",
    "strange",
]
VERBS = ["follows", "meets", "leaves", "praises", "questions", "expects", "delays", "welcomes", "counts", "watches"]


@dataclass(frozen=True, slots=True)
class NewsItem:
    """An article before it is fetched. `tags` are its <category> elements."""

    title: str
    summary: str
    at: datetime
    key: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewsFeed:
    """A feed that writes about one topic. `category` is what the user says of it, `tag` what its publisher does."""

    name: str
    topic: str
    category: str | None = None
    tag: str | None = None

    @property
    def path(self) -> str:
        """Where the server has it."""
        return f"/{self.name}"


FEEDS = (
    NewsFeed("arena", SPORT, category="sport"),
    NewsFeed("ward", HEALTH, tag="Health"),
    NewsFeed("chamber", POLITICS, category="11000000"),
    NewsFeed("counter", BUSINESS, tag="Business"),
    NewsFeed("whistle", SPORT),
    NewsFeed("floor", BUSINESS),
)
ARTICLES_OF_FEED = 40


def write_items(feed: NewsFeed, count: int, until: datetime = DAY, begin: int = 0) -> list[NewsItem]:
    """Return `count` articles of `feed`, an hour between two, the last shortly before `until`."""
    return [
        _item(feed, number, until - timedelta(minutes=30) - timedelta(hours=begin + count - 1 - number))
        for number in range(begin, begin + count)
    ]


def _item(feed: NewsFeed, number: int, at: datetime) -> NewsItem:
    chance = random.Random(f"{feed.name} {number}")  # noqa: S311 - news, no secrets
    words = WORDS[feed.topic].split()
    # Two of the words that the list knows at most, four others.
    told = chance.sample(words[:8], chance.randint(0, 2)) + chance.sample(words[8:], 4)
    chance.shuffle(told)
    place, other = chance.sample(PLACES, 2)
    sentences = _sentences(told, chance)
    title = f"{place} {chance.choice(VERBS)} the {chance.choice(ADJECTIVES)} {told[0]} of {other}"
    return NewsItem(title, " ".join(sentences), at, f"{feed.name}-{number}", (feed.tag,) if feed.tag else ())


def _sentences(told: Sequence[str], chance: random.Random) -> Iterator[str]:
    for word in told:
        place, number = chance.choice(PLACES), chance.randint(3, 999)
        yield f"The {word} in {place} {chance.choice(VERBS)} the {chance.choice(ADJECTIVES)} {number}."


def document(name: str, items: Sequence[NewsItem], language: str = "en") -> str:
    """Return an RSS document."""
    body = "".join(
        f"<item><title>{escape(one.title)}</title><guid isPermaLink='false'>{one.key}</guid>"
        f"<link>https://{name}.example/{one.key}</link><pubDate>{format_datetime(one.at)}</pubDate>"
        f"<description>{escape(one.summary)}</description>"
        + "".join(f"<category>{escape(tag)}</category>" for tag in one.tags)
        + "</item>"
        for one in items
    )
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>{name}</title><language>{language}</language>"
        f"{body}</channel></rss>"
    )


def feeds_toml(server: FeedServer, feeds: Sequence[NewsFeed] = FEEDS) -> str:
    """Return the text of feeds.toml."""
    return "".join(
        f'[[feeds]]\nurl = "{server.url}{feed.path}"\n' + (f'category = "{feed.category}"\n' if feed.category else "")
        for feed in feeds
    )


def publish(server: FeedServer, count: int = ARTICLES_OF_FEED, until: datetime = DAY, begin: int = 0) -> None:
    """Let the server have `count` articles of each feed."""
    for feed in FEEDS:
        server.serve(feed.path, document(feed.name, write_items(feed, count, until, begin)))


@dataclass
class Readers:
    """Installations that have read the news, made when first asked for. Each test takes a copy that it may change."""

    parent: Path
    server: FeedServer

    @cached_property
    def fetched(self) -> Cli:
        """The news of `DAY`, not analysed yet."""
        publish(self.server)
        cli = make_cli(self._folder("fetched"))
        cli.configure(feeds_toml(self.server))
        at = replace(cli, more={"AGGREGATOR_CLOCK": DAY.isoformat()})
        assert at.run("fetch").returncode == 0
        return at

    @cached_property
    def learnt(self) -> tuple[Cli, Any]:
        """The same, analysed once, with what that printed."""
        cli = copied(self.fetched, self._folder("learnt"))
        return cli, cli.run_json("analyze")

    def _folder(self, name: str) -> Path:
        folder = self.parent / name
        folder.mkdir()
        return folder


def copied(cli: Cli, parent: Path) -> Cli:
    """Return an installation like `cli` below `parent`."""
    copy = replace(cli, folder=parent / "here", home=parent / "home")
    shutil.copytree(cli.folder, copy.folder)
    shutil.copytree(cli.home, copy.home)
    return copy


def at(cli: Cli, time: datetime) -> Cli:
    """Return the same installation at another time."""
    return replace(cli, more=cli.more | {"AGGREGATOR_CLOCK": time.isoformat()})


def rewrite_settings(cli: Cli, settings: str) -> None:
    """Put `settings` behind those of all tests; feeds stay."""
    (cli.folder / "config" / "aggregator.toml").write_text(SETTINGS + settings, encoding="utf-8")
