"""Topics that a person gives: they count at once, win over whatever labels, and can be taken back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cli.conftest import SETTINGS, Cli, make_cli
from cli.feed_server import feed_server
from cli.topical_news import BUSINESS, DAY, HEALTH, SPORT, NewsItem, copied, document

MATCH = NewsItem("Late goal wins the league for Northport", "The striker and the coach of the club cheered.", DAY, "a")
CLINIC = NewsItem("Clinic opens for patients in Eastvale", "Doctors and nurses give the vaccine there.", DAY, "b")
NOTHING = NewsItem("A quiet afternoon with nothing to tell", "Nobody said much, and they all left at dusk.", DAY, "c")

OWN_TOPICS = '[topics]\nnames = ["sport", "river life"]\n'
OWN_WORDS = '["river life"]\nwords = ["dusk", "quiet*"]\n["sport"]\nwords = ["goal", "league"]\n'


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """Three analysed articles. The server is gone."""
    folder = tmp_path_factory.mktemp("labelled")
    cli = make_cli(folder)
    with feed_server() as server:
        cli.configure([server.serve("/feed", document("river-post", [MATCH, CLINIC, NOTHING]))])
        assert cli.run("fetch", AGGREGATOR_CLOCK=DAY.isoformat()).returncode == 0
    cli.run_json("analyze", AGGREGATOR_CLOCK=DAY.isoformat())
    return cli


@pytest.fixture
def cli(labelled: Cli, tmp_path: Path) -> Cli:
    """The same three, to be changed by one test."""
    return copied(labelled, tmp_path)


def topics(cli: Cli) -> dict[str, tuple[str | None, str | None]]:
    """Topic of each article, and what gave it."""
    rows = cli.rows("SELECT title, topic, topic_from FROM articles")
    return {title: (topic, source) for title, topic, source in rows}


def number_of(cli: Cli, item: NewsItem) -> str:
    return str(dict(cli.rows("SELECT title, id FROM articles"))[item.title])


def write(cli: Cli, sql: str, *values: str) -> None:
    with closing(sqlite3.connect(cli.database)) as connection, connection:
        connection.execute(sql, values)


def test_words_label_on_the_first_day(cli: Cli) -> None:
    found = topics(cli)
    assert found[MATCH.title] == (SPORT, "seed words")
    assert found[CLINIC.title] == (HEALTH, "seed words")
    assert found[NOTHING.title] == (None, None)
    assert cli.rows("SELECT COUNT(*) FROM trainings") == [(0,)]
    assert {row[0] for row in cli.rows("SELECT name FROM models WHERE articles > 0")} == {"seed words"}


def test_a_correction_counts_at_once_and_is_taken_back(cli: Cli) -> None:
    number = number_of(cli, MATCH)
    ended = cli.run("label", number, "15000000")
    assert (ended.returncode, ended.stdout) == (0, f"“{MATCH.title}” is about “sport”\n")
    assert topics(cli)[MATCH.title] == (SPORT, "correction")

    # Said again, it takes the place of what was said before.
    assert cli.run("label", number, "Health").returncode == 0
    assert topics(cli)[MATCH.title] == (HEALTH, "correction")
    assert cli.rows("SELECT topic_score, unsure FROM articles WHERE topic_from = 'correction'") == [(1.0, 0)]
    assert cli.rows("SELECT article_id, topic, made_at IS NOT NULL FROM corrections") == [(int(number), HEALTH, 1)]
    assert dict(cli.rows("SELECT lead_article_id, topic FROM stories"))[int(number)] == HEALTH

    ended = cli.run("label", number, "--remove")
    assert (ended.returncode, ended.stdout) == (0, f"“{MATCH.title}” is labelled by the model again\n")
    assert topics(cli)[MATCH.title] == (SPORT, "seed words")


def test_sql_corrects_too_and_survives_a_new_label(cli: Cli) -> None:
    number = number_of(cli, NOTHING)
    write(cli, "INSERT INTO correction (article_id, topic) VALUES (?, ?)", number, BUSINESS)
    assert topics(cli)[NOTHING.title] == (BUSINESS, "correction")

    # The user's own word list labels all of them again.
    words = cli.folder / "words"
    words.mkdir()
    (words / "en.toml").write_text(f'["{SPORT}"]\nwords = ["clinic"]\n["{HEALTH}"]\nwords = ["dusk"]\n')
    cli.configure("", SETTINGS + '[topics]\nlexicon_dir = "words"\n')
    counts = cli.run_json("analyze", AGGREGATOR_CLOCK=DAY.isoformat())["counts"]
    assert sum(counts["save labels"].values()) == 3
    found = topics(cli)
    assert found[CLINIC.title] == (SPORT, "seed words")
    assert found[NOTHING.title] == (BUSINESS, "correction")

    write(cli, "DELETE FROM correction WHERE article_id = ?", number)
    assert topics(cli)[NOTHING.title] == (HEALTH, "seed words")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("999", "sport"), "there is no article 999"),
        (("999", "--remove"), "there is no article 999"),
        (("1", "sprot"), "unknown topic “sprot”: did you mean “sport”?"),
        (("1", "economy"), "unknown topic “economy”: did you mean “economy, business and finance”?"),
        (("1", "--remove"), "article 1 has no correction that could be removed"),
        (("1", "99999999"), "unknown topic “99999999”"),
        (("1", ""), "unknown topic “”"),
        (("1",), "give either a topic or --remove"),
        (("1", "sport", "--remove"), "give either a topic or --remove"),
        (("one", "sport"), "valid integer"),
        (("99999999999999999999", "sport"), "there is no article 99999999999999999999"),
        (("-1", "sport"), "No such option: -1"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(labelled: Cli, arguments: tuple[str, ...], says: str) -> None:
    ended = labelled.run("label", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
    assert labelled.rows("SELECT COUNT(*) FROM corrections") == [(0,)]


def test_ones_own_topics_label_and_correct(cli: Cli) -> None:
    words = cli.folder / "words"
    words.mkdir()
    (words / "en.toml").write_text(OWN_WORDS)
    cli.configure("", SETTINGS + OWN_TOPICS + 'lexicon_dir = "words"\n')
    cli.run_json("analyze", AGGREGATOR_CLOCK=DAY.isoformat())
    found = topics(cli)
    assert found[NOTHING.title] == ("river life", "seed words")
    assert found[MATCH.title] == (SPORT, "seed words")
    assert found[CLINIC.title] == (None, None)

    number = number_of(cli, CLINIC)
    assert "unknown topic “health”" in cli.run("label", number, "health").stderr
    assert cli.run("label", number, "River Life").returncode == 0
    assert topics(cli)[CLINIC.title] == ("river life", "correction")


def test_too_few_articles_to_learn_from_are_said_to_be_too_few(cli: Cli) -> None:
    ended = cli.run("train")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "en: there are 3 different articles, and 200 are needed; the word list goes on" in ended.stdout
    assert cli.rows("SELECT language, adopted FROM trainings") == [("en", 0)]

    ended = cli.run("evaluate")
    assert (ended.returncode, ended.stderr, ended.stdout.count("\n")) == (0, "", 1)
    assert ended.stdout.startswith("en: no article has a weak label or a correction to measure on: correct some with ")
    assert cli.run("label", number_of(cli, MATCH), SPORT).returncode == 0
    write(cli, "INSERT INTO correction (article_id, topic) VALUES (?, 'sprot')", number_of(cli, CLINIC))
    first, second, *_, last = cli.run("evaluate").stdout.splitlines()
    assert first.startswith("en: accuracy 100.0%, macro F1 100.0%, calibration error ")
    assert first.endswith("on 1 articles, 1 of them corrected by hand")
    assert "200 are needed; this measures the word list, which labels meanwhile; 1 correction names no topic" in second
    assert last.split() == ["sport", "1", "1", "1", "1"]


def test_a_category_that_fits_no_topic_is_named(cli: Cli) -> None:
    feeds = '[[feeds]]\nurl = "https://news.example/feed"\ncategory = "sprot"\n'
    cli.configure(feeds)
    ended = cli.run("fetch")
    assert ended.returncode == 2
    assert "sprot" in ended.stderr
    assert "sport" in ended.stderr
    cli.configure(feeds.replace("sprot", "health"), SETTINGS + OWN_TOPICS)
    ended = cli.run("fetch")
    assert ended.returncode == 2
    assert "health" in ended.stderr
    assert "river life" in ended.stderr
