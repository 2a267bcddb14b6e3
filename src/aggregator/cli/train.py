"""`aggregator train`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aggregator.cli.context import settings_of
from aggregator.cli.progress import tell_step
from aggregator.cli.terminal import print_json_lines, print_table, say

if TYPE_CHECKING:
    from aggregator.records import TrainingReport


def add_to(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command("train", epilog="Example: aggregator train --language en")(train)


def train(
    context: typer.Context,
    language: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Learn this language only; may be given several times.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Adopt the new model even if it measures worse.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a language.")] = False,
) -> None:
    """Learn topics from the articles in the database, now.

    An analysis does the same by itself: once there are 200 articles of a language, then daily or when they have grown
    by a fifth. The new model is adopted only if it is no worse than the present one, the first one only if it is no
    worse than the word list. Labels follow in the next analysis. Articles are counted without repetitions.
    """
    from aggregator.training import train as learn  # noqa: PLC0415 - NumPy, which --help does not pay

    reports = list(
        learn(
            settings_of(context),
            os.environ,
            languages=language or (),
            is_forced=force,
            on_language=lambda job: tell_step(f"learning topics in “{job.language}” from {job.articles} articles"),
            say=lambda sentence: say(sentence, err=True),
        )
    )
    if as_json:
        print_json_lines(COLUMNS, map(_row, reports))
        return
    if not reports:
        say("there are no articles to learn from yet; “aggregator run” fetches and analyses some")
        return
    print_table(SHOWN, [_shown(report) for report in reports])
    for report in reports:
        say(f"{report.language}: {report.reason}")


COLUMNS = (
    *("language", "adopted", "method", "articles", "weak_labels", "corrections"),
    *("accuracy", "champion_accuracy", "macro_f1", "calibration_error", "changed", "reason"),
)
SHOWN = COLUMNS[:-1]


def _shown(report: TrainingReport) -> Sequence[Any]:
    language, is_adopted, *others = _row(report)
    return [language, "yes" if is_adopted else "no", *others[:-1]]


def _row(report: TrainingReport) -> Sequence[Any]:
    return (
        *(report.language, report.is_adopted, report.method, report.articles, report.weak_labels),
        *(report.corrections, report.accuracy, report.champion_accuracy, report.macro_f1),
        *(report.calibration_error, report.changed, report.reason),
    )
