"""The 17 top-level IPTC Media Topics, by name and by code.

Source: the IPTC NewsCodes scheme `medtop` (https://cv.iptc.org/newscodes/mediatopic/). The names are the
English preferred labels in lower case; the codes are the eight digits of the concept's identifier.
"""

from __future__ import annotations

from difflib import get_close_matches

TOPICS: dict[str, str] = {
    "arts, culture, entertainment and media": "01000000",
    "conflict, war and peace": "16000000",
    "crime, law and justice": "02000000",
    "disaster, accident and emergency incident": "03000000",
    "economy, business and finance": "04000000",
    "education": "05000000",
    "environment": "06000000",
    "health": "07000000",
    "human interest": "08000000",
    "labour": "09000000",
    "lifestyle and leisure": "10000000",
    "politics and government": "11000000",
    "religion": "12000000",
    "science and technology": "13000000",
    "society": "14000000",
    "sport": "15000000",
    "weather": "17000000",
}
"""Name → code, in the alphabetical order of the names."""

_NAME_BY_CODE = {code: name for name, code in TOPICS.items()}


def topic_name(text: str) -> str:
    """Return the topic that `text` names: a name in any case, a code, or a code with the prefix `medtop:`.

    Raises:
        ValueError: `text` is none of them; the message offers the nearest names.
    """
    wanted = text.strip().lower()
    if wanted in TOPICS:
        return wanted
    by_code = _NAME_BY_CODE.get(wanted.removeprefix("medtop:"))
    if by_code is not None:
        return by_code
    near = get_close_matches(wanted, TOPICS, n=1, cutoff=0.5) or [
        name for name in TOPICS if wanted and wanted in name.replace(",", "").split()
    ]
    hint = f"did you mean “{near[0]}”?" if near else "the topics are: " + "; ".join(TOPICS)
    raise ValueError(f"unknown topic “{text}”: {hint}")
