"""The first minutes: an empty folder, `init`, and settings that are wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from aggregator.config import starter_settings
from aggregator.subscriptions.feeds_file import starter_feeds
from cli.conftest import Cli


@pytest.mark.parametrize("arguments", [["status"], ["fetch"], ["feeds", "list"], ["query", "SELECT 1"]], ids=" ".join)
def test_an_empty_folder_is_told_what_to_type(cli: Cli, arguments: list[str]) -> None:
    ended = cli.run(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Type “aggregator init”" in ended.stderr
    assert "“aggregator demo”" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert list(cli.folder.iterdir()) == []


def test_init_writes_both_files_and_says_what_comes_next(cli: Cli) -> None:
    ended = cli.run("init")
    assert (ended.returncode, ended.stderr) == (0, "")
    config = cli.folder / "config"
    assert (config / "aggregator.toml").read_text(encoding="utf-8") == starter_settings()
    assert (config / "feeds.toml").read_text(encoding="utf-8") == starter_feeds()
    assert "aggregator run" in ended.stdout
    listed = cli.run("feeds", "list", "--csv")
    assert listed.returncode == 0
    assert len(listed.stdout.splitlines()) == 1 + len(tomllib.loads(starter_feeds())["feeds"])


def test_init_writes_over_nothing(cli: Cli) -> None:
    feeds = cli.folder / "config" / "feeds.toml"
    feeds.parent.mkdir()
    feeds.write_text("# mine\n")
    ended = cli.run("init")
    assert ended.returncode == 0
    assert "config/feeds.toml exists and was left as it is" in ended.stdout
    assert feeds.read_text() == "# mine\n"
    assert (cli.folder / "config" / "aggregator.toml").exists()


def test_init_makes_a_folder(cli: Cli) -> None:
    assert cli.run("init", "deep/down").returncode == 0
    assert (cli.folder / "deep" / "down" / "config" / "feeds.toml").exists()


def test_init_says_why_it_cannot(cli: Cli) -> None:
    (cli.folder / "config").write_text("a file")
    ended = cli.run("init")
    assert (ended.returncode, ended.stdout) == (74, "")
    assert "the folder config cannot be made" in ended.stderr


@pytest.mark.parametrize(
    ("settings", "feeds", "said"),
    [
        ("[fetch]\nworkrs = 3\n", "", ["config/aggregator.toml", "[fetch] workrs", "did you mean “workers”?"]),
        ("[fetch]\nworkers = 0\n", "", ["config/aggregator.toml", "[fetch] workers = 0", "at least 1"]),
        ("nonsense", "", ["config/aggregator.toml", "not valid TOML"]),
        ("", "[[feeds]]\nurl = 'x'\n", ["config/feeds.toml", "feed 1", "https://"]),
        ("", "[feeds]\nurl = 'https://x.org/'\n", ["config/feeds.toml", "[[feeds]]"]),
        ("", "[[feeds]]\nurl = 'https://x.org/'\nauth = 'me:${PASS_WORD}'\n", ["config/feeds.toml", "PASS_WORD"]),
    ],
)
def test_a_wrong_file_ends_a_fetch_with_2(cli: Cli, settings: str, feeds: str, said: list[str]) -> None:
    cli.configure(feeds, settings)
    ended = cli.run("fetch")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert len(ended.stderr.splitlines()) == 1
    for part in ["aggregator: ", *said]:
        assert part in ended.stderr
    assert not cli.database.exists()


def test_a_wrong_variable_ends_a_command_with_2(cli: Cli) -> None:
    cli.configure([])
    ended = cli.run("status", AGGREGATOR_FETCH__WORKERS="many")
    assert ended.returncode == 2
    assert "AGGREGATOR_FETCH__WORKERS = 'many': expected a whole number" in ended.stderr


def test_a_wrong_clock_ends_a_command_with_2(cli: Cli) -> None:
    cli.configure([])
    ended = cli.run("status", AGGREGATOR_CLOCK="noon")
    assert ended.returncode == 2
    assert "AGGREGATOR_CLOCK" in ended.stderr


def listed(cli: Cli, *arguments: str, **more: str) -> str:
    ended = cli.run(*arguments, "feeds", "list", "--csv", **more)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_settings_are_looked_for_in_the_promised_order(cli: Cli) -> None:
    for folder in (cli.folder / "named", cli.folder / "variable", cli.folder / "config", cli.home / "aggregator"):
        folder.mkdir(exist_ok=True)
        (folder / "aggregator.toml").touch()
        (folder / "feeds.toml").write_text(f"[[feeds]]\nurl = 'https://{folder.name}.example/'\n")
    variable = {"AGGREGATOR_CONFIG": "variable/aggregator.toml"}
    assert "https://named.example/" in listed(cli, "--config", "named/aggregator.toml", **variable)
    assert "https://variable.example/" in listed(cli, **variable)
    assert "https://config.example/" in listed(cli)
    (cli.folder / "config" / "aggregator.toml").unlink()
    assert "https://aggregator.example/" in listed(cli)


def test_the_users_own_data_are_in_the_users_data_folder(cli: Cli, tmp_path: Path) -> None:
    config, share = tmp_path / "etc" / "aggregator", tmp_path / "share"
    config.mkdir(parents=True)
    (config / "aggregator.toml").touch()
    (config / "feeds.toml").touch()
    folders = {"XDG_CONFIG_HOME": str(config.parent), "XDG_DATA_HOME": str(share)}
    assert cli.run_json("fetch", **folders)["counts"]["save feeds"] == {}
    assert (share / "aggregator" / "data" / "news.db").is_file()
    assert list(cli.folder.iterdir()) == []
