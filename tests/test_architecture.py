"""What the house promises and no linter holds: import sites of libraries, the one owner of threads, short files.

That imports go one way is held by import-linter, see pyproject.toml.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "aggregator"
MODULES = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))
MIGRATIONS = "store/migrations/versions/"
"""Migrations are history: long, straight, and never edited."""

IMPORT_SITES = {
    "httpx": {"fetch/tls.py", "fetch/urls.py"},  # its certificate authorities, and its URLs
    "httpcore": {"fetch/transport.py"},
    "feedparser": {"fetch/xmlfeed.py"},
    "w3lib": {"fetch/canonical.py", "fetch/extract.py"},  # the canonical form of a URL, the encoding that a page names
    "protego": {"fetch/robots.py"},
    "charset_normalizer": {"fetch/detection.py"},
    "trafilatura": {"fetch/extract.py"},
    "nh3": {"fetch/markup.py"},
    "jmespath": {"expressions.py"},
    "tomlkit": {"subscriptions/document.py"},
    "PIL": {"analyze/pixels.py", "newsroom/pictures/canvas.py"},  # one looks at pictures, the other paints them
    "py3langid": {"analyze/language_model.py"},
    "sklearn": {"analyze/topic_learning.py"},
    "onnxruntime": {"analyze/vision.py"},
    "typer": {"cli/"},
    "rich": {"cli/"},
    "sqlalchemy": {"store/"},
    "alembic": {"store/"},
    "asyncio": {"newsroom/"},
    "subprocess": {"pipeline/"},
    "multiprocessing": {"pipeline/"},
    "concurrent": {"pipeline/"},
    "signal": {"pipeline/", "newsroom/"},
}
"""Library → the only files, or folders (with a slash), that import it."""

THREAD_MAKERS = {
    "threading.Thread",
    "threading.Timer",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.system",
    "os.popen",
}
"""What makes a thread or a process without an import that `IMPORT_SITES` shows."""

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
LONG_CATALOGUES = {"records.py", "store/schema.py", "store/views.py"}
"""Nothing but declarations, read from top to bottom."""


@cache
def tree(module: str) -> ast.Module:
    return ast.parse((SOURCE / module).read_text(encoding="utf-8"))


def imported(module: str) -> Iterator[str]:
    """Yield the full name of all that a module imports, wherever in it."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{module} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_there_is_something_to_look_at() -> None:
    assert {"app.py", "cli/__init__.py", "fetch/http.py"} <= set(MODULES)


@pytest.mark.parametrize("library", IMPORT_SITES)
def test_a_library_is_imported_where_it_belongs(library: str) -> None:
    sites = {module for module in MODULES if any(name.split(".")[0] == library for name in imported(module))}
    allowed = IMPORT_SITES[library]
    assert {site for site in sites if not any(site == one or site.startswith(one) for one in allowed if one)} == set()
    assert all(any(site.startswith(one) for site in sites) for one in allowed), "a site that is none any more"


def test_only_the_pipeline_makes_threads_and_processes() -> None:
    makers = {module for module in MODULES if THREAD_MAKERS & {*imported(module), *attributes(module)}}
    assert makers
    assert {module for module in makers if not module.startswith("pipeline/")} == set()


def test_nobody_asks_the_machine_for_the_date() -> None:
    """The one clock is handed over, and only where it is made does anybody look at the machine's."""
    questions = {"datetime.now", "datetime.today", "datetime.utcnow", "date.today", "time.time", "time.gmtime"}
    askers = {module for module in MODULES if questions & {*imported(module), *attributes(module)}}
    assert askers - {"newsroom/__main__.py"} == {"pipeline/clock.py"}


def attributes(module: str) -> Iterator[str]:
    """Yield what a module takes from a name: `os.fork`, `datetime.now`."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("publish/")])
def test_publishing_reads_the_store_and_knows_no_other_room(module: str) -> None:
    rooms = {name.split(".")[1] for name in imported(module) if name.startswith("aggregator.")}
    below = {"store", "publish", "ports", "store_ports", "records", "config", "config_values", "topics", "errors"}
    assert rooms <= below


def test_what_people_type_loads_nothing_heavy_before_it_is_needed() -> None:
    """Imports at the top of `cli/` are paid by `--help`; all others stand in the functions that need them."""
    light = {
        *("aggregator.cli", "aggregator.config", "aggregator.config_values"),
        *("aggregator.errors", "aggregator.topics", "aggregator.__version__"),
    }
    for module in MODULES:
        if not module.startswith("cli/"):
            continue
        at_the_top = [node for node in tree(module).body if isinstance(node, ast.Import | ast.ImportFrom)]
        names = [
            f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name
            for node in at_the_top
            for alias in node.names
        ]
        ours = [name for name in names if name.startswith("aggregator.")]
        assert [name for name in ours if not any(name == one or name.startswith(f"{one}.") for one in light)] == [], (
            module
        )


def test_a_fetch_does_not_pay_for_what_only_an_analysis_needs() -> None:
    heavy = "{'numpy', 'PIL', 'py3langid', 'sklearn', 'alembic'}"
    question = f"import sys, aggregator.app; print(*{heavy} & sys.modules.keys())"
    answer = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == []


@pytest.mark.parametrize("module", [module for module in MODULES if module not in LONG_CATALOGUES])
def test_files_and_functions_are_short(module: str) -> None:
    if module.startswith(MIGRATIONS):
        return
    assert len((SOURCE / module).read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    assert [f"{one.name}: {length(one)} lines" for one in functions(module) if length(one) > LONGEST_FUNCTION] == []


@pytest.mark.parametrize("module", sorted(LONG_CATALOGUES))
def test_a_long_catalogue_holds_declarations_only(module: str) -> None:
    assert [one.name for one in functions(module) if length(one) > 5] == []


def functions(module: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree(module)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1
