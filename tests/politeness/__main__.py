"""Play all scenarios and print the score, or print docs/politeness.md."""

from __future__ import annotations

import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from .page import politeness_page
from .score import Scenario, scenarios, score


def main(arguments: Sequence[str]) -> int:
    """Return 0 if every scenario passed. Arguments are `--doc`, or the rules and names to play (none: all)."""
    if "--doc" in arguments:
        sys.stdout.write(politeness_page())
        return 0
    chosen = [one for one in scenarios() if not arguments or {one.rule, one.name} & set(arguments)]
    outcomes = []
    for scenario in chosen:
        started_s = time.process_time()
        problem = _problem(scenario)
        took_s = time.process_time() - started_s
        sys.stdout.write(
            f"{'ok  ' if problem is None else 'FAIL'} {scenario.rule:4} {scenario.name} ({took_s:.1f} s of work)\n"
        )
        sys.stdout.write(problem or "")
        sys.stdout.flush()
        outcomes.append((scenario.rule, problem is None))
    sys.stdout.write(score(outcomes) + "\n")
    return 0 if all(passed for _, passed in outcomes) else 1


def _problem(scenario: Scenario) -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            scenario.play(Path(folder))
        except Exception:  # noqa: BLE001 - whatever it is, the others are played
            return traceback.format_exc()
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
