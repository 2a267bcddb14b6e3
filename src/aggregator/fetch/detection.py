"""Which encoding a text without a believable name is written in, told from a sample of its bytes. Pure.

Only what feeds are really written in is weighed. Bytes above 0x7F come in runs where a script has no Latin letters, and
alone in words where it has. charset-normalizer tells the first by how much the reading looks like text. The second
look like text in many encodings; they are told by the alphabet, since no language has the letters of all.
"""

from __future__ import annotations

import re

_SAMPLE_BYTES = 32_768
_WINDOW_BYTES = 512
_CONTEXT_BYTES = 256
_LEAST_SCRIPT_BYTES = 32
_LEAST_LATIN_BYTES = 8
"""Fewer bytes above 0x7F than these prove nothing."""
_LEAST_COHERENCE = 0.25
"""How much the frequent letters of a reading must be those of a language: 0 to 1, as charset-normalizer counts."""
_LEAST_SHARE_IN_RUNS = 0.4
_LEAST_HIRAGANA = 0.1
_LEAST_OWN_LETTERS = 0.95

_HIGH = re.compile(rb"[\x80-\xff]")
_ASCII = re.compile(rb"[\x00-\x7f]*")
_RUN = re.compile(rb"[\x80-\xff]{3,}")
_ASCII_ONLY = re.compile(rb"<[^<>]{0,2000}>|&(?:#?\w{1,10});|https?://[!-;=?-~]{1,500}")
_SURE_ENDS = b" \n\t\"',.;"
"""No letter of two or four bytes ends in one of these."""

_JAPANESE = ("cp932", "euc_jp")
_ASIAN = (*_JAPANESE, "gb18030", "big5", "cp949")
_SCRIPTS = (
    *("cp1251", "koi8_r", "koi8_u", "iso8859_5", "cp1253", "iso8859_7"),
    *("cp1255", "iso8859_8", "cp1256", "cp874"),
)


_CENTRAL = ("cp1250", "iso8859_2")
_EASTERN: tuple[tuple[tuple[str, ...], str], ...] = (
    (_CENTRAL, "ąćęłńóśźż"),  # Polish
    (_CENTRAL, "áčďéěíňóřšťúůýž"),  # Czech
    (_CENTRAL, "áäčďéíĺľňóôŕšťúýž"),  # Slovak
    (_CENTRAL, "áéíóöőúüű"),  # Hungarian
    (_CENTRAL, "čšžćđ"),  # Croatian, Slovene
    (_CENTRAL, "ăâîşţ"),  # Romanian
    (("cp1254",), "çğıöşüâîû\u0307"),  # Turkish; the last is what lower() makes of a capital I with a dot
    (("cp1257",), "ąčęėįšųūž"),  # Lithuanian
    (("cp1257",), "āčēģīķļņšūž"),  # Latvian
)
"""Where the letters beyond ASCII of a language stand, if not all of them are in windows-1252."""
_WESTERN = (
    "äöüßéèàç",  # German
    "àâæçéèêëîïôœùûüÿ",  # French
    "áéíñóúüªº",  # Spanish
    "áâãàçéêíóôõúüªº",  # Portuguese
    "àçéèíïòóúü",  # Catalan
    "àèéìíîòóùúªº",  # Italian
    "æøåéóôòâäö",  # Danish, Norwegian
    "åäöéüšžõ",  # Swedish, Finnish, Estonian
    "áéíóúýþæöð",  # Icelandic, Irish
    "áéëïóöüèê",  # Dutch
)
"""The letters beyond ASCII of languages that windows-1252 was made for."""


def detected_encoding(body: bytes) -> str | None:
    """Return the codec that `body` seems to be written in; None if nothing speaks against windows-1252.

    At most 32 KB of `body` are looked at, around bytes above 0x7F. It is for bytes that are no UTF-8.
    """
    sample = _sample(body)
    high = len(_HIGH.findall(sample))
    in_runs = sum(len(run) for run in _RUN.findall(sample))
    if in_runs >= high * _LEAST_SHARE_IN_RUNS:
        # The sample, or the download, may end within a letter; then only what stands before it can be read.
        return _script(sample) or _script(sample[:-1]) if high >= _LEAST_SCRIPT_BYTES else None
    return _latin(sample) if high >= _LEAST_LATIN_BYTES else None


def _sample(body: bytes) -> bytes:
    """Return stretches of text around bytes above 0x7F, without tags, references and addresses.

    A stretch starts at a tag or at the first such byte, and ends at a tag, so that no letter is cut in two.
    """
    stretches: list[bytes] = []
    size = at = 0
    while size < _SAMPLE_BYTES and (hit := _high_at(body, at)) < len(body):
        start = body.rfind(b">", max(at, hit - _CONTEXT_BYTES), hit) + 1 or hit
        at = body.find(b"<", hit + _WINDOW_BYTES, start + _SAMPLE_BYTES)
        if at < 0:
            at = min(start + _SAMPLE_BYTES, len(body))
        stretches.append(body[start:at])
        size += at - start
    text = b"\n".join(stretches)
    if len(text) > _SAMPLE_BYTES:
        cut = max(text.rfind(bytes((end,)), 0, _SAMPLE_BYTES) for end in _SURE_ENDS)
        text = text[: cut if cut > 0 else _SAMPLE_BYTES]
    return _ASCII_ONLY.sub(b" ", text)


def _high_at(body: bytes, at: int) -> int:
    """Return where the next byte above 0x7F stands, from `at` on; the length of `body` if there is none."""
    ascii_only = _ASCII.match(body, at)
    return ascii_only.end() if ascii_only else at


def _script(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes  # noqa: PLC0415 - only feeds without a believable name pay for it

    matches = from_bytes(sample, cp_isolation=[*_ASIAN, *_SCRIPTS], preemptive_behaviour=False, enable_fallback=False)
    for match in matches:
        if match.encoding in _JAPANESE and _hiragana_share(str(match)) >= _LEAST_HIRAGANA:
            return match.encoding  # no other language is written with it
    for match in matches:
        if match.encoding in _ASIAN or match.coherence >= _LEAST_COHERENCE:
            return match.encoding
    return None


def _hiragana_share(text: str) -> float:
    letters = [letter for letter in text if letter > "\x7f"]
    return sum("\u3041" <= letter <= "\u309f" for letter in letters) / max(len(letters), 1)


def _latin(sample: bytes) -> str | None:
    """Return the encoding in which the letters are those of one language; None if that is windows-1252, or none is."""
    as_western = _letters_beyond_ascii(sample, "cp1252")
    if any(_are_of(as_western, letters) for letters in _WESTERN):
        return None
    readings = [
        (sum(letter in letters for letter in read), encoding)
        for encodings, letters in _EASTERN
        for encoding in encodings
        if _are_of(read := _letters_beyond_ascii(sample, encoding), letters)
    ]
    most, encoding = max(readings, key=lambda reading: reading[0], default=(0, None))
    return encoding if most else None


def _letters_beyond_ascii(sample: bytes, encoding: str) -> str:
    """Return all letters of `sample` beyond ASCII, and the controls from U+0080 to U+009F, which no text has."""
    text = sample.decode(encoding, "replace").lower()
    return "".join(
        letter
        for letter in text
        if letter > "\x7f" and (letter.isalpha() or letter in "\u0307\ufffd" or letter < "\xa0")
    )


def _are_of(read: str, letters: str) -> bool:
    return sum(letter in letters for letter in read) >= len(read) * _LEAST_OWN_LETTERS
