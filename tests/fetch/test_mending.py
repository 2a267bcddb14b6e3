from __future__ import annotations

import codecs
from xml.etree import ElementTree as ET

import pytest

from aggregator.fetch.charset import ascii_superset, declared_charset, decode_document
from aggregator.fetch.mending import declared_entities, is_netscape, mended, without_bad_references, without_forbidden


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        ("<a>AT&T &nbsp;&eacute;&lt;&amp;</a>", "AT&T \xa0é<&"),
        ("<a>&bogus; &; & &#38 x</a>", "&bogus; &; & &#38 x"),
        ("<a>b&#0;&#x1f;&#xD800;&#99999999999;&#65;c</a>", "bAc"),
        ("<a><![CDATA[&nbsp; & b]]> &mdash;</a>", "&nbsp; & b —"),
        ("<a>b</a><script>x</script>", "b"),
    ],
)
def test_a_mended_document_is_well_formed(broken: str, text: str) -> None:
    assert ET.fromstring(mended(broken, {})).text == text  # noqa: S314 - our own five lines


def test_a_declared_entity_is_left_to_the_parser() -> None:
    assert mended("<a>&own;&nbsp;</a>", {"own": "x"}) == "<a>&own;&#160;</a>"


def test_what_xml_forbids_is_removed_and_nothing_else() -> None:
    assert without_forbidden("a\x00\x0b\x1f\ud800\ufffe\t\r\n\x85é") == "a\t\r\n\x85é"
    assert without_bad_references("&#0;&#xDFFF;&#x110000;&#65;&#x41;&amp;") == "&#65;&#x41;&amp;"


def test_only_short_entities_of_plain_text_are_taken_over() -> None:
    prolog = f'<!DOCTYPE x [<!ENTITY a "&#233;"><!ENTITY b "text"><!ENTITY c "&a;&a;"><!ENTITY d "{"x" * 33}">'
    assert declared_entities(prolog + '<!ENTITY e SYSTEM "file:///x"><!ENTITY % f "y">]>') == {
        "a": "&#233;",
        "b": "text",
    }


def test_the_doctype_of_netscape() -> None:
    assert is_netscape('<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "x">')
    assert not is_netscape("<!-- netscape --><!DOCTYPE rss>")


def test_the_header_stands_above_the_declaration() -> None:
    body = '<?xml version="1.0" encoding="windows-1251"?><a>Мир</a>'.encode("koi8-r")
    assert "Мир" in decode_document(body, "koi8-r")
    assert "Мир" not in decode_document(body)


@pytest.mark.parametrize(
    "name", ["unicode_escape", "raw_unicode_escape", "utf-7", "punycode", "rot13", "utf-16", "x\0y", ""]
)
def test_names_that_are_no_encoding_of_feeds_are_passed_over(name: str) -> None:
    assert decode_document(b"<a>\\u0041 +AGE- b</a>", name) == "<a>\\u0041 +AGE- b</a>"


def test_a_character_cut_in_the_middle_does_not_matter() -> None:
    assert decode_document("<a>Größe".encode() + "é".encode()[:1]) == "<a>Größe"


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("text/xml; charset=UTF-8", "UTF-8"),
        ('text/xml;x=y; Charset = "koi8-r"; z', "koi8-r"),
        ("text/xml", None),
        ("text/xml; charset=", None),
        (None, None),
    ],
)
def test_the_charset_of_a_header(content_type: str | None, charset: str | None) -> None:
    assert declared_charset(content_type) == charset


@pytest.mark.parametrize(
    ("body", "charset", "encoding"),
    [
        (b"<a/>", None, "utf-8"),
        (codecs.BOM_UTF8 + b"<a/>", "koi8-r", "utf-8"),
        (b'<?xml version="1.0" encoding="windows-1251"?><a/>', None, "cp1251"),
        (b'<?xml version="1.0" encoding="windows-1251"?><a/>', "ISO-8859-2", "iso8859-2"),
        (b'<?xml version="1.0" encoding="windows-1251"?><a/>', "no-such", "cp1251"),
        (b'<?xml version="1.0" encoding="gb2312"?><a/>', None, None),
        (b"<a/>", "shift_jis", None),
        (b"<a/>", "iso-2022-jp", None),
        ("<a/>".encode("utf-16"), None, None),
        ("<a/>".encode("utf-16-le"), "utf-8", None),
    ],
)
def test_encodings_in_which_markup_can_be_told_from_bytes(
    body: bytes, charset: str | None, encoding: str | None
) -> None:
    assert ascii_superset(body, charset) == encoding
