"""The rules, the scenarios that show each, and the score."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from inspect import cleandoc
from pathlib import Path

Play = Callable[[Path], None]

RULES = {
    "R1": "The first request for a feed is unconditional and single. Adding feeds or starting up makes no burst.",
    "R2": "Later requests carry the validators that the server gave: `If-None-Match`, `If-Modified-Since` or both.",
    "R3": "Validators are sent back byte for byte as they came.",
    "R4": "Validators are never invented. What a server did not give is not sent.",
    "R5": "Both validators are renewed whenever the server gives others, with a full answer and with a 304 alike.",
    "R6": "A feed is asked conditionally at most once an hour, and unconditionally at most once in 24 hours.",
    "R7": "These intervals hold across restarts, crashes and power cuts.",
    "R8": "`Cache-Control: max-age` and `Expires` are obeyed.",
    "R9": "`Retry-After` is obeyed on 429 and on 503, and never shortened.",
    "R10": "Nothing is sent that was not asked for: no cookies, no `Referer`, no URL but the one subscribed to.",
    "R11": "We say who we are: the program's name, its version, and how to reach whoever runs it.",
    "R12": "One installation asks for a feed in one place only, and once at a time.",
    "R13": "Whoever throttles us is asked less often, hints or no hints.",
    "R14": "A feed that moved is followed, and one that is gone is left alone; neither on the strength of one answer.",
}
"""The rules of a polite feed client, as the people state them who measure such clients."""

ALSO = "Also"


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something that is played against the server. Its docstring tells what happens and what is measured."""

    rule: str
    name: str
    text: str
    play: Play


SCENARIOS: list[Scenario] = []


def shows(rule: str) -> Callable[[Play], Play]:
    """Make a function a scenario of `rule`. It gets an empty folder and fails by an assertion."""
    assert rule == ALSO or rule in RULES, rule

    def add(play: Play) -> Play:
        SCENARIOS.append(Scenario(rule, play.__name__, cleandoc(play.__doc__ or "").replace("\n", " "), play))
        return play

    return add


def scenarios() -> list[Scenario]:
    """Return all scenarios, in the order of the rules."""
    from . import also, conditional, manners, moving, pacing, throttled  # noqa: F401, PLC0415 - they add themselves

    order = [*RULES, ALSO]
    return sorted(SCENARIOS, key=lambda one: order.index(one.rule))


def score(outcomes: Iterable[tuple[str, bool]]) -> str:
    """Return the score of (rule, whether a scenario of it passed): a rule is kept if all of its scenarios passed."""
    passed: dict[str, bool] = {}
    for rule, is_passed in outcomes:
        passed[rule] = passed.get(rule, True) and is_passed
    kept = [rule for rule in RULES if passed.get(rule, False)]
    broken = [rule for rule in RULES if rule not in kept]
    line = f"politeness score: {len(kept)}/{len(RULES)}"
    return f"{line} (broken or not played: {', '.join(broken)})" if broken else line
