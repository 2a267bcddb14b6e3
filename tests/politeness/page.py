"""docs/politeness.md, made of the rules, the scenarios and what stands in `page.md`."""

from __future__ import annotations

from pathlib import Path

from aggregator import __version__
from aggregator.config import FetchSettings
from aggregator.fetch.request import user_agent

from .score import ALSO, RULES, scenarios

PAGE = Path(__file__).parent.parent.parent / "docs" / "politeness.md"
_SPELLINGS = {"url": "URL", "urls": "URLs", "etag": "ETag"}
TEXT = Path(__file__).with_name("page.md")


def politeness_page() -> str:
    """Return the text of the page."""
    settings = FetchSettings()
    values = {
        "agent": user_agent(__version__, "https://example.org/our-reader"),
        "agent_without_contact": user_agent(__version__, None),
        "min_interval": _duration(settings.min_interval_s),
        "max_interval": _duration(settings.max_interval_s),
        "host_spacing": _duration(settings.host_spacing_s),
        "per_host": str(settings.per_host),
        "rules": "\n\n".join(_rule(rule, promise) for rule, promise in RULES.items()),
        "also": _list(ALSO),
    }
    text = TEXT.read_text(encoding="utf-8")
    for name, value in values.items():
        assert f"{{{{{name}}}}}" in text, name
        text = text.replace(f"{{{{{name}}}}}", value)
    return text


def _rule(rule: str, promise: str) -> str:
    return f"### {rule}: {promise}\n\n{_list(rule)}"


def _list(rule: str) -> str:
    return "\n".join(f"- **{_heading(one.name)}.** {one.text}" for one in scenarios() if one.rule == rule)


def _heading(name: str) -> str:
    words = [_SPELLINGS.get(word, word) for word in name.split("_")]
    return " ".join([words[0][0].upper() + words[0][1:], *words[1:]])


def _duration(seconds: float) -> str:
    for unit_s, name in ((86400, "day"), (3600, "hour"), (1, "second")):
        if seconds >= unit_s:
            count = seconds / unit_s
            return f"{count:g} {name}s" if count != 1 else f"{'an' if name == 'hour' else 'a'} {name}"
    return f"{seconds:g} seconds"
