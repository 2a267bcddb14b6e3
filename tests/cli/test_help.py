from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

import aggregator
from aggregator.cli import cli as app
from cli.conftest import Cli

HEAVY = {
    "sqlalchemy",
    "alembic",
    "httpx",
    "httpcore",
    "feedparser",
    "PIL",
    "numpy",
    "rich",
    "sklearn",
    "nh3",
    "msgspec",
}


def commands() -> Iterator[tuple[str, ...]]:
    """Yield every command, those of groups included."""
    for name, command in vars(typer.main.get_command(app))["commands"].items():
        inner = vars(command).get("commands", {})
        yield (name,)
        yield from ((name, one) for one in inner)


COMMANDS = sorted(commands())


def is_group(command: tuple[str, ...]) -> bool:
    return any(other[:-1] == command for other in COMMANDS)


def test_the_promised_commands_are_there() -> None:
    promised = {"init", "fetch", "analyze", "run", "demo", "status", "feeds", "query", "why"}
    assert promised <= {command[0] for command in COMMANDS}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_explains_itself_and_shows_an_example(command: tuple[str, ...], option: str) -> None:
    shown = CliRunner().invoke(app, [*command, option], prog_name="aggregator")
    assert shown.exit_code == 0
    assert f"aggregator {' '.join(command)}" in shown.stdout.splitlines()[0]
    assert len(shown.stdout.splitlines()[2].strip()) > 10
    if not is_group(command):
        example = re.sub(r"\s+", " ", shown.stdout).rpartition("--help")[2]
        assert re.search(rf"[:*] .*aggregator {' '.join(command)}\b", example), "no example"


@pytest.mark.parametrize("arguments", [["--help"], []], ids=["asked for", "no command"])
def test_help_of_the_program(cli: Cli, arguments: list[str]) -> None:
    shown = cli.run_apart(*arguments)
    # Without a command it is an error of usage that is answered with the help.
    assert shown.returncode == (0 if arguments else 2)
    text = shown.stdout + shown.stderr
    for command in COMMANDS:
        assert re.search(rf"^  {command[0]} ", text, re.MULTILINE)
    for word in ("aggregator demo", "aggregator init", "aggregator run", "--config", "--version", "Exit codes"):
        assert word in text


def test_the_version(cli: Cli) -> None:
    shown = cli.run_apart("--version")
    assert (shown.returncode, shown.stdout) == (0, f"aggregator {aggregator.__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fetsch"], "No such command 'fetsch'"),
        (["fetch", "--jsn"], "No such option: --jsn"),
        (["query"], "Missing argument"),
        (["query", "a", "b"], "unexpected extra argument"),
        (["feeds", "liszt"], "No such command 'liszt'"),
        (["demo", "--latency", "soon"], "--latency"),
        (["demo", "--latency", "-1"], "--latency"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what(arguments: list[str], said: str) -> None:
    ended = CliRunner().invoke(app, arguments, prog_name="aggregator")
    assert ended.exit_code == 2
    assert said in ended.stderr
    assert "Usage: aggregator" in ended.stderr


# --- what a command costs before it does anything ---------------------------------------------------------------------


def loaded_by(cli: Cli, *arguments: str) -> set[str]:
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "aggregator", *arguments],
        cwd=cli.folder,
        env=cli.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in ended.stderr.splitlines()}


def test_help_loads_nothing_heavy(cli: Cli) -> None:
    loaded = loaded_by(cli, "--help")
    assert "typer" in loaded
    assert loaded & (HEAVY | {"sqlite3", "asyncio"}) == set()


READING = [["status"], ["feeds", "list"], ["feeds", "check"], ["feeds", "export"], ["query", "SELECT 1"], ["why"]]


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_commands_that_read_load_nothing_heavy(filled: Cli, arguments: list[str]) -> None:
    url = filled.rows("SELECT url FROM feeds")[0][0]
    loaded = loaded_by(filled, *arguments, *([url] if arguments == ["why"] else []))
    assert "sqlite3" in loaded
    assert loaded & HEAVY == set()


# --- completion -----------------------------------------------------------------------------------------------------


@pytest.fixture
def in_bash(cli: Cli, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A bash that finds the command `aggregator` as an installation leaves it."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    script = bin_folder / "aggregator"
    script.write_text(f"#!{sys.executable}\nfrom aggregator.__main__ import main\nmain()\n")
    script.chmod(0o755)
    environment = cli.environment | {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}
    with subprocess.Popen(
        ["bash", "--norc"],
        cwd=cli.folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


COMPLETE = 'COMP_WORDS=(aggregator fe); COMP_CWORD=1; _aggregator_completion aggregator fe; echo "${COMPREPLY[@]}"\n'


def test_bash_completes_commands(in_bash: subprocess.Popen[str]) -> None:
    output, errors = in_bash.communicate('eval "$(aggregator --show-completion)"\n' + COMPLETE, timeout=60)
    assert (output.split(), errors) == (["fetch", "feeds"], "")


def test_completion_can_be_installed(in_bash: subprocess.Popen[str], cli: Cli) -> None:
    output, errors = in_bash.communicate(
        f"aggregator --install-completion\n. {cli.home}/.bashrc\n{COMPLETE}", timeout=60
    )
    assert "bash completion installed in" in output
    assert (output.split()[-2:], errors) == (["fetch", "feeds"], "")
