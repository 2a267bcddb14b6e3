from __future__ import annotations

import gzip
import json
import sqlite3
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.topics import TOPICS
from benchmarks.analysis import judge_stories, judge_topics, markdown
from benchmarks.analysis_answers import QUESTION, Answer, read_answers
from benchmarks.label_topics import AG_NEWS, BBC, HUFFPOST, KNOWN, UCI, LabelMap, load_map, map_for
from benchmarks.labelled_feeds import (
    PlannedFeed,
    Weakness,
    feeds_toml,
    number_of,
    plan_feeds,
    plan_publishers,
    rss,
    serving,
)
from benchmarks.labelled_files import LabelledArticle, UnreadableFileError, first_words, read_labelled, sample
from benchmarks.measures import accuracy, b_cubed, calibration_error, macro_f1

GROUPS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12)


# --- measures --------------------------------------------------------------------------------------------------------


def test_b_cubed_of_a_worked_example() -> None:
    # One told group holds a, a, b: precision 2/3, 2/3, 1/3; the other holds a: 1. Recall of a: 2/3, 2/3, 1/3; of b: 1.
    found = b_cubed([1, 1, 1, 2], ["a", "a", "b", "a"])
    assert found.precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert found.recall == pytest.approx((2 / 3 + 2 / 3 + 1 + 1 / 3) / 4)
    assert found.f1 == pytest.approx(2 / 3)


@given(pairs=GROUPS)
def test_b_cubed_is_what_its_definition_says(pairs: list[tuple[int, int]]) -> None:
    told, gold = zip(*pairs, strict=True)

    def mean_share(inside: Sequence[int], of: Sequence[int]) -> float:
        shares = []
        for here in range(len(pairs)):
            peers = [other for other in range(len(pairs)) if of[other] == of[here]]
            shares.append(sum(inside[other] == inside[here] for other in peers) / len(peers))
        return sum(shares) / len(shares)

    found = b_cubed(told, gold)
    assert found.precision == pytest.approx(mean_share(gold, told))
    assert found.recall == pytest.approx(mean_share(told, gold))
    assert b_cubed(gold, gold) == (1, 1, 1)


def test_b_cubed_refuses_what_it_cannot_compare() -> None:
    with pytest.raises(ValueError, match="0 and 0"):
        b_cubed([], [])
    with pytest.raises(ValueError, match="1 and 2"):
        b_cubed([1], [1, 2])


def test_accuracy_and_macro_f1() -> None:
    told, gold = ["a", "a", None, "c"], ["a", "b", "b", "b"]
    assert accuracy(told, gold) == 0.25
    assert macro_f1(told, gold) == pytest.approx((2 * 1 / (2 + 1) + 0) / 2)
    assert macro_f1(gold, gold) == 1


def test_calibration_error() -> None:
    assert calibration_error([0.75, 0.75, 0.75, 0.75], [True, True, True, False]) == pytest.approx(0)
    assert calibration_error([1.0, 0.0], [False, True]) == pytest.approx(1)
    assert calibration_error([0.95, 0.15], [True, False]) == pytest.approx((0.05 + 0.15) / 2)
    with pytest.raises(ValueError, match="no scores"):
        calibration_error([], [])


# --- files -----------------------------------------------------------------------------------------------------------


def written(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(content.encode()) if name.endswith(".gz") else content.encode())
    return path


def test_a_text_set_in_csv(tmp_path: Path) -> None:
    path = written(
        tmp_path, "set.csv.gz", 'label,file,title,text\nsport,1,A  cup,"A  cup\n\nIt was won."\nsport,2,,none\n'
    )
    [article] = read_labelled(path)
    assert (article.title, article.label) == ("A cup", "sport")
    assert article.text.endswith("It was won.")


def test_the_title_is_taken_off_the_text(tmp_path: Path) -> None:
    path = written(tmp_path, "set.csv", 'label,title,text\nsport,A cup,"A cup\n\nIt was won."\n')
    assert [one.text for one in read_labelled(path)] == ["It was won."]


def test_a_csv_without_a_head(tmp_path: Path) -> None:
    path = written(tmp_path, "test.csv", '"3","Fears, again","Unions say."\n"2","A cup","It was won."\n')
    assert [(one.label, one.title, one.text) for one in read_labelled(path)] == [
        ("3", "Fears, again", "Unions say."),
        ("2", "A cup", "It was won."),
    ]


def test_json_lines(tmp_path: Path) -> None:
    line = {
        "category": "CRIME",
        "headline": "A theft",
        "short_description": "It was seen.",
        "authors": "",
        "date": "2018",
    }
    path = written(tmp_path, "set.json", json.dumps(line) + "\n\n")
    assert read_labelled(path) == [LabelledArticle(1, "A theft", "It was seen.", "CRIME")]


def test_a_headline_set(tmp_path: Path) -> None:
    head = "ID,TITLE,URL,PUBLISHER,CATEGORY,STORY,HOSTNAME,TIMESTAMP"
    path = written(tmp_path, "set.csv", f"{head}\n1,A cup,http://x.test/1,Livemint,e,abc,x.test,1394470370698\n")
    [article] = read_labelled(path)
    assert (article.story, article.publisher, article.label) == ("abc", "Livemint", "e")
    assert article.at == datetime(2014, 3, 10, 16, 52, 50, 698000, tzinfo=UTC)


def test_columns_may_be_named(tmp_path: Path) -> None:
    path = written(tmp_path, "set.csv", "kind,name,label\nsport,A cup,x\n")
    [article] = read_labelled(path, {"label": "Kind", "title": "name"})
    assert (article.label, article.title) == ("sport", "A cup")


@pytest.mark.parametrize(
    ("content", "columns", "problem"),
    [
        ("", {}, "is empty"),
        ("label,other\nsport,x\n", {}, "a title"),
        ("label,title\n,A cup\n", {}, "no line has"),
        ("label,title\nsport,A cup\n", {"text": "body"}, "no column “body”"),
    ],
)
def test_a_file_that_cannot_serve_is_named(tmp_path: Path, content: str, columns: dict[str, str], problem: str) -> None:
    with pytest.raises(UnreadableFileError, match=problem):
        read_labelled(written(tmp_path, "set.csv", content), columns)


def articles(number: int, label: str = "sport") -> list[LabelledArticle]:
    return [LabelledArticle(at, f"Title {at}", "Text", label) for at in range(number)]


def test_a_sample_is_repeatable() -> None:
    everything = articles(50)
    drawn = sample(everything, 10, seed=1)
    assert drawn == sample(everything, 10, seed=1)
    assert drawn != sample(everything, 10, seed=2)
    assert [one.number for one in drawn] == sorted({one.number for one in drawn})
    assert sample(everything, 0, seed=1) == sample(everything, 99, seed=1) == everything


def test_first_words() -> None:
    assert first_words("a  b\nc", 2) == "a b"
    assert first_words("a b c", 0) == "a b c"


# --- labels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", KNOWN)
def test_known_labels_lead_to_topics(known: LabelMap) -> None:
    assert set(known.class_of.values()) == known.topics.keys()
    told = [topic for topics in known.topics.values() for topic in topics]
    assert set(told) <= TOPICS.keys()
    assert len(told) == len(set(told))
    assert all(known.told_class(topics[0]) == name for name, topics in known.topics.items())
    assert known.told_class(None) is None


def test_the_map_is_found_by_the_labels() -> None:
    assert map_for({"sport", "tech"}) is BBC
    assert map_for({"1", "2", "3", "4"}) is AG_NEWS
    assert map_for({"POLITICS", "CRIME", "IMPACT"}) is HUFFPOST
    assert map_for({"b", "t"}) is UCI
    assert len(HUFFPOST.topics) == 13
    with pytest.raises(ValueError, match="knitting"):
        map_for({"knitting"})


def test_a_map_of_ones_own(tmp_path: Path) -> None:
    content = '[topics]\nmoney = ["labour", "04000000"]\n[labels]\n"Business Day" = "money"\n'
    own = load_map(written(tmp_path, "map.toml", content))
    assert own.class_of == {"money": "money", "Business Day": "money"}
    assert own.topics == {"money": ("labour", "economy, business and finance")}
    with pytest.raises(ValueError, match="no \\[topics\\]"):
        load_map(written(tmp_path, "none.toml", ""))
    with pytest.raises(ValueError, match="“sports”"):
        load_map(written(tmp_path, "strange.toml", content.replace('= "money"', '= "sports"')))


# --- feeds -----------------------------------------------------------------------------------------------------------


def test_a_share_of_the_articles_comes_with_a_category() -> None:
    drawn = [*articles(100, "sport"), *(LabelledArticle(100 + at, "T", "", "tech") for at in range(100))]
    feeds = plan_feeds(drawn, BBC, Weakness(labelled=0.5, wrong=0.1, seed=3), entries=30)
    assert sorted(one.number for feed in feeds for one in feed.articles) == list(range(200))
    assert max(len(feed.articles) for feed in feeds) <= 30
    assert len({feed.name for feed in feeds}) == len(feeds)
    labelled = [(feed.category, one) for feed in feeds if feed.category is not None for one in feed.articles]
    assert len(labelled) == 100
    assert sum(BBC.told_class(category) != one.label for category, one in labelled) == 10


def test_without_weak_labels_every_feed_is_mixed() -> None:
    feeds = plan_feeds(articles(60), BBC, Weakness(), entries=25)
    assert [(feed.category, len(feed.articles)) for feed in feeds] == [(None, 25), (None, 25), (None, 10)]


def test_publishers_have_feeds_and_small_ones_share() -> None:
    large = [LabelledArticle(at, "T", story="s", publisher="Large") for at in range(30)]
    small = [LabelledArticle(30 + at, "T", story="s", publisher=f"Small {at}") for at in range(9)]
    feeds = plan_publishers([*small, *large], entries=25)
    assert [Counter(one.publisher == "Large" for one in feed.articles) for feed in feeds] == [
        {True: 25},
        {True: 5},
        {False: 9},
    ]


def test_a_feed_is_served_as_rss() -> None:
    article = LabelledArticle(7, "Cats & <dogs>\x01", "1 < 2", at=datetime(2014, 3, 10, tzinfo=UTC))
    feed = PlannedFeed("mixed-0-0.xml", "sport", [article])
    documents: dict[str, bytes] = {}
    with serving(documents) as site:
        documents[feed.name] = rss(feed, site, "en")
        assert feeds_toml([feed], site) == f'[[feeds]]\nurl = "{site}/mixed-0-0.xml"\ncategory = "sport"\n'
        with urllib.request.urlopen(f"{site}/{feed.name}", timeout=10) as answer:  # noqa: S310 - loopback
            item = ET.fromstring(answer.read()).find("channel/item")  # noqa: S314 - our own document
        with pytest.raises(urllib.error.HTTPError, match="404") as raised:
            urllib.request.urlopen(f"{site}/other", timeout=10)  # noqa: S310
        raised.value.close()
    assert item is not None
    assert item.findtext("title") == "Cats & <dogs>"
    assert item.findtext("description") == "1 &lt; 2"  # HTML, escaped once more
    assert item.findtext("pubDate") == "Mon, 10 Mar 2014 00:00:00 +0000"
    assert number_of(item.findtext("link") or "") == 7


# --- answers ---------------------------------------------------------------------------------------------------------


def test_answers_are_read_from_the_view(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    connection = sqlite3.connect(path)
    columns = QUESTION.removeprefix("SELECT ").removesuffix(" FROM articles")
    connection.execute(f"CREATE TABLE articles ({columns})")
    connection.execute("INSERT INTO articles VALUES ('http://127.0.0.1/article/7', 'sport', 0.9, 1, 3)")
    connection.execute("INSERT INTO articles VALUES ('http://127.0.0.1/article/8', NULL, NULL, NULL, NULL)")
    connection.commit()
    connection.close()
    assert read_answers(path) == {7: Answer("sport", 0.9, is_unsure=True, story=3), 8: Answer()}


def test_topics_are_judged_where_no_category_helped() -> None:
    helped = PlannedFeed("a.xml", "sport", [LabelledArticle(9, "T", label="sport")])
    mixed = PlannedFeed("b.xml", None, [LabelledArticle(at, "T", label="sport") for at in range(4)])
    answers = {0: Answer("sport", 0.9), 1: Answer("health", 0.9, is_unsure=True), 2: Answer("sport", 0.9), 9: Answer()}
    found = judge_topics([helped, mixed], answers, BBC)
    assert found is not None
    assert (found.articles, found.accuracy, found.unsure) == (4, 0.5, 0.5)  # nothing was said about number 3
    assert found.calibration_error == pytest.approx((3 * (0.9 - 2 / 3)) / 4)
    only_helped = judge_topics([helped], answers, BBC)
    assert only_helped is not None
    assert only_helped.articles == 1
    assert judge_topics([mixed], answers, None) is None


def test_stories_are_judged() -> None:
    told = [LabelledArticle(at, "T", story=story) for at, story in enumerate("aab")]
    assert judge_stories(told, {0: Answer(story=1), 1: Answer(story=1)}) == (1, 1, 1)
    assert judge_stories(articles(3), {}) is None


def test_the_table_is_markdown() -> None:
    assert markdown(("set", "n"), [("a", "1")]) == "| set | n |\n| --- | ---: |\n| a | 1 |\n"
