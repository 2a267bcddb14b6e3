"""What the documentation says about the code is so: commands, settings, views, links, and every SQL statement runs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import typer.main

import aggregator
from aggregator.cli import cli
from aggregator.config import SECTIONS, starter_settings
from aggregator.errors import ExitCode
from aggregator.fetch.request import user_agent
from aggregator.publish.query import run_query
from aggregator.publish.schema_page import schema_page
from aggregator.store.database import Database
from aggregator.store.views import VIEWS
from aggregator.subscriptions.feeds_file import starter_feeds

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "aggregator"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]

FENCED = re.compile(r"^( *)```\w*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
STATEMENT = re.compile(r'"((?:SELECT|WITH)\b[^"…]*)"', re.IGNORECASE)
TYPED = re.compile(r'(?<![\w-])aggregator"?((?: --config \S+)?(?: (?:--)?[a-z][a-z-]*){0,2})')
STAGE = re.compile(r'flow\.(?:pull|threads|processes|save)\(\s*"([^"]+)"')


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def code_of(text: str) -> Iterator[str]:
    """Yield what a page shows as code: fenced blocks, then what stands between backticks."""
    yield from (block for _, block in FENCED.findall(text))
    yield from INLINE.findall(FENCED.sub("", text))


def commands() -> set[str]:
    found = set()
    for name, command in vars(typer.main.get_command(cli))["commands"].items():
        inner = vars(command).get("commands", {})
        found |= {f"{name} {one}" for one in inner} or {name}
    return found


def test_there_is_something_to_read() -> None:
    assert {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/schema.md"} <= set(NAMES)


def test_the_page_of_the_views_is_in_step() -> None:
    assert page("docs/schema.md") == schema_page(), "type: make docs"


def test_the_page_of_the_views_holds_every_column() -> None:
    written = re.findall(r"^\| `(\w+)` \| .", schema_page(), re.MULTILINE)
    assert written == [name for view in VIEWS for name, _ in view.columns]


# --- the README ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_command_is_named(command: str) -> None:
    assert re.search(rf"^\| `aggregator {command}\b", page("README.md"), re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_no_command_is_invented(name: str) -> None:
    known = {*commands(), *(command.split()[0] for command in commands())}
    for code in code_of(page(name)):
        for typed in TYPED.findall(code):
            words = re.sub(r"--config \S+|--[a-z]+", "", typed).split()
            assert not words or words[0] in known or words[0] == "aggregator", f"aggregator{typed}"


@pytest.mark.parametrize("code", list(ExitCode), ids=str)
def test_every_exit_code_is_explained(code: ExitCode) -> None:
    assert re.search(rf"^\| (?:\d+, )?{int(code)}\b[^|]*\| .", page("README.md"), re.MULTILINE)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_is_named_in_the_row_of_its_section(section: str) -> None:
    row = re.search(rf"^\| `\[{section}\]` \| (.*) \|$", page("README.md"), re.MULTILINE)
    assert row
    assert INLINE.findall(row[1]) == [one.metadata["key"] for one in fields(SECTIONS[section])]


@pytest.mark.parametrize("view", [view.name for view in VIEWS])
def test_every_view_is_introduced(view: str) -> None:
    assert re.search(rf"^\| `{view}` \| .", page("README.md"), re.MULTILINE)


def test_the_facts_that_change_with_the_code() -> None:
    readme = page("README.md")
    assert f"`{user_agent(aggregator.__version__, None)}`" in readme
    assert f"The starter list holds {len(tomllib.loads(starter_feeds())['feeds'])} feeds" in readme


def test_the_files_of_a_starter_configuration_are_those_of_the_program() -> None:
    assert page("config/aggregator.toml") == starter_settings()
    assert page("config/feeds.toml") == starter_feeds()


def statements() -> list[str]:
    return [found for name in NAMES for code in code_of(page(name)) for found in STATEMENT.findall(code)]


def test_there_are_statements_to_run() -> None:
    assert len(statements()) >= 3


def test_every_statement_runs_on_an_empty_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'news.db'}"
    Database(url).close()
    for statement in statements():
        with run_query(url, statement) as (columns, rows):
            assert columns
            assert list(rows) == []


# --- the other pages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_local_link_leads_somewhere(name: str) -> None:
    for link in LINK.findall(FENCED.sub("", page(name))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_architecture_names_every_room_and_every_module_beside_them() -> None:
    rooms = [path.parent.name + "/" for path in SOURCE.glob("*/__init__.py")]
    modules = [path.name for path in SOURCE.glob("[a-z]*.py")]
    text = page("ARCHITECTURE.md")
    assert [name for name in rooms + modules if f"`{name}`" not in text] == []


def test_the_architecture_names_every_stage() -> None:
    stages = [name for path in SOURCE.glob("*/*stage.py") for name in STAGE.findall(path.read_text(encoding="utf-8"))]
    assert len(stages) > 10
    assert [name for name in stages if f'"{name}"' not in page("ARCHITECTURE.md")] == []


def test_every_word_of_make_is_explained() -> None:
    words = re.search(r"^\.PHONY: (.*)$", page("Makefile"), re.MULTILINE)
    assert words
    text = page("CONTRIBUTING.md")
    assert [word for word in words[1].split() if f"| `make {word}` |" not in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_word_of_make_is_invented(name: str) -> None:
    typed = {word for code in code_of(page(name)) for word in re.findall(r"(?m)^make ([a-z]+)\b", code)}
    assert [word for word in typed if not re.search(rf"^{word}:", page("Makefile"), re.MULTILINE)] == []


def test_every_decision_is_listed_under_its_own_title() -> None:
    files = sorted(path for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    titles = [path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").split(": ", 1) for path in files]
    listed = [f"- [{number}]({path.name}) {title}" for path, (number, title) in zip(files, titles, strict=True)]
    assert [line for line in page("docs/decisions/README.md").splitlines() if line.startswith("- ")] == listed
    assert [path.name[:4] for path in files] == [f"{number:04}" for number in range(1, len(files) + 1)]


def test_the_changelog_has_this_version() -> None:
    assert f"\n## [{aggregator.__version__}]" in page("CHANGELOG.md")


def test_nobody_is_told_to_install_the_strangers_package() -> None:
    """On the package index the name `aggregator` belongs to somebody else; ours is `news-aggregator`."""
    install = re.compile(r"\b(?:pip|pipx|uv pip|uv tool) install +(?:-\S+ +)*aggregator\b")
    texts = [*PAGES, ROOT / "pyproject.toml", *SOURCE.rglob("*.py"), *SOURCE.rglob("*.toml")]
    assert [str(path) for path in texts if install.search(path.read_text(encoding="utf-8"))] == []
