"""`aggregator evaluate`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli.context import settings_of
from aggregator.cli.progress import tell_step
from aggregator.cli.terminal import print_json_lines, print_table, say

if TYPE_CHECKING:
    from aggregator.records import Evaluation

MOST_CONFUSIONS = 8


def add_to(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command("evaluate", epilog="Example: aggregator evaluate --language en --json")(evaluate)


def evaluate(
    context: typer.Context,
    language: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Measure this language only; may be given several times.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a language.")] = False,
) -> None:
    """Measure how well topics are told: accuracy, macro F1, calibration and confusions, by held-out feed.

    The truth are your corrections (“aggregator label”), the categories of feeds.toml, and what publishers file their
    articles under. Each feed is labelled by a model that never saw it (a feed
    that is most of a topic, a fifth at a time); where there are too few articles to learn
    from, the word list is measured.
    """
    import msgspec  # noqa: PLC0415 - as below

    from aggregator.training import evaluate_languages  # noqa: PLC0415 - NumPy, which --help does not pay

    found = evaluate_languages(
        settings_of(context),
        os.environ,
        languages=language or (),
        on_language=lambda job: tell_step(f"measuring topics in “{job.language}” on {job.articles} articles"),
    )
    is_empty, stands_apart = True, False
    unmeasured: dict[str, list[str]] = {}
    for evaluation in found:
        is_empty = False
        if as_json:
            fields = msgspec.to_builtins(evaluation)
            print_json_lines(tuple(fields), [tuple(fields.values())])
        elif evaluation.accuracy is None:
            unmeasured.setdefault(evaluation.problem or "", []).append(evaluation.language)
        else:
            if stands_apart:
                say()
            _print(evaluation)
            stands_apart = True
    if stands_apart and unmeasured:
        say()
    for problem, languages in unmeasured.items():
        say(f"{', '.join(languages)}: {problem}")
    if is_empty and not as_json:
        say("there are no articles to measure on yet; “aggregator run” fetches and analyses some")


def _print(found: Evaluation) -> None:
    say(
        f"{found.language}: accuracy {found.accuracy or 0:.1%}, macro F1 {found.macro_f1 or 0:.1%}, calibration error "
        f"{found.calibration_error or 0:.1%}, {found.unsure or 0:.0%} unsure, on {found.articles} articles"
        + (f", {found.corrections} of them corrected by hand" if found.corrections else "")
    )
    if found.problem:
        say(f"  {found.problem}")
    columns = ("topic", "articles", "precision", "recall", "f1")
    print_table(columns, [(one.topic, one.articles, one.precision, one.recall, one.f1) for one in found.topics])
    for one in found.confusions[:MOST_CONFUSIONS]:
        say(f"  {one.articles} of “{one.truth}” {f'taken for “{one.guess}”' if one.guess else 'given no topic'}")
