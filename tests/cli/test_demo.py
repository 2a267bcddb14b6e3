from __future__ import annotations

import pytest

from cli.conftest import Cli
from newsroom.conftest import quiet_times


@pytest.mark.slow
def test_a_second_demo_asks_conditionally_and_stores_nothing(cli: Cli) -> None:
    # The newsroom opens on the full hour, two days before the first demo.
    after_an_article, before_the_next = (time.isoformat() for time in quiet_times())
    first = cli.run_json("demo", "--folder", "tour", "--latency", "5", AGGREGATOR_CLOCK=after_an_article)
    feeds = sum(first["counts"]["save feeds"].values())
    assert feeds > 10
    assert set(first["counts"]["save feeds"]) == {"new articles", "nothing new"}
    assert first["counts"]["save sights"].keys() == {"analysed"}
    articles = cli.run("--config", "tour/aggregator.toml", "query", "--csv", "SELECT COUNT(*) FROM articles").stdout

    second = cli.run("demo", "--folder", "tour", "--latency", "5", AGGREGATOR_CLOCK=before_the_next)
    assert (second.returncode, second.stderr) == (0, "")
    assert f"{feeds} not modified" in second.stdout
    assert "What to type next" in second.stdout
    log = """SELECT run_id, conditional, status, SUM(new_articles), COUNT(*) FROM fetches
             WHERE kind = 'feed' GROUP BY 1, 2, 3 ORDER BY 1"""
    shown = cli.run("--config", "tour/aggregator.toml", "query", "--csv", log).stdout.splitlines()
    assert shown[1].startswith("1,0,200,")
    assert shown[2:] == [f"2,1,304,0,{feeds}"]
    again = cli.run("--config", "tour/aggregator.toml", "query", "--csv", "SELECT COUNT(*) FROM articles").stdout
    assert again == articles
