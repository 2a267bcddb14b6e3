"""Every letter of a feed survives, whatever its publisher says about the encoding, or does not say."""

from __future__ import annotations

import random
import subprocess
import sys
import time

import pytest
from feed_documents import URL, rss

from aggregator.fetch.charset import decode_document
from aggregator.fetch.parse import parse_feed
from aggregator.fetch.slicing import slice_document
from aggregator.records import ParseJob

RUSSIAN = "Вчера вечером в порту начался сильный пожар, и жители соседних домов до утра не могли вернуться домой."
JAPANESE = "昨日の夕方、港の倉庫で火事があり、近くに住む人たちは朝まで家に帰ることができませんでした。"
GREEK = "Χθες το βράδυ ξέσπασε μεγάλη πυρκαγιά στο λιμάνι και οι κάτοικοι γύρισαν σπίτι τους μόλις το πρωί."
POLISH = (
    "Wczoraj wieczorem w porcie wybuchł duży pożar, a mieszkańcy domów wrócili dopiero nad ranem. Część z nich śpi."
)
CZECH = "Včera večer vypukl v přístavu veliký požár a lidé z okolních domů se vrátili až ráno, řekl starosta Škoda."
SENTENCES = {
    "cp1251": RUSSIAN,
    "koi8-r": RUSSIAN,
    "iso-8859-5": RUSSIAN,
    "koi8-u": "Учора ввечері в порту почалася сильна пожежа, і мешканці сусідніх будинків довго не могли повернутися.",
    "shift_jis": JAPANESE,
    "euc_jp": JAPANESE,
    "iso2022_jp": JAPANESE,
    "gb18030": "昨天傍晚，港口的一座仓库发生火灾，附近的居民直到早晨才能回家，没有人受伤。",
    "big5": "昨天傍晚，港口的一座倉庫發生火災，附近的居民直到早晨才能回家，沒有人受傷。",
    "euc_kr": "어제 저녁 항구의 창고에서 큰 불이 나서 인근 주민들이 아침까지 집으로 돌아가지 못했다.",
    "cp1253": GREEK,
    "iso-8859-7": GREEK,
    "cp1255": "אתמול בערב פרצה שריפה גדולה בנמל ותושבי הבתים הסמוכים חזרו לבתיהם רק בבוקר.",
    "cp1256": "اندلع مساء أمس حريق كبير في الميناء ولم يتمكن سكان المنازل المجاورة من العودة حتى الصباح.",
    "cp874": "เมื่อวานเย็นเกิดเพลิงไหม้ใหญ่ที่ท่าเรือ และชาวบ้านกลับบ้านได้ในตอนเช้า",
    "iso-8859-2": POLISH,
    "cp1250": CZECH,
    "cp1254": "Dün akşam limanda büyük bir yangın çıktı ve çevredeki evlerde oturanlar ancak sabah evlerine dönebildi.",
    "cp1257": "Vakar uoste kilo gaisras, o aplinkinių namų žmonės grįžo tik ryte; vėjas išblaškė dūmus, sakė vadovė.",
}  # fmt: skip
WESTERN = {
    "German": "Gestern Abend brach im Hafen großes Feuer aus; die Leute der Häuser kehrten früh zurück. „Schön“ – so.",
    "French": "L’été dernier, déjà, une « fête » fut annulée à Nîmes : le préfet n’était pas prêt, où qu’on cherchât.",
    "Spanish": "El año pasado también ardió el almacén del puerto; ¿quién pagará los daños? Según Núñez, nadie.",
    "Portuguese": "A inundação não atingiu as povoações do interior; os bombeiros já estão lá há três dias.",
    "Portuguese that could be Romanian": "Não são então as mãos da irmã; amanhã virão da câmara os irmãos.",
    "Danish": "Lørdag aften så vi på øen, hvordan ålen blev røget; få år siden måtte man også købe sild på gården.",
    "Swedish": "På lördag kväll började det brinna på ön; får och kor fördes över sjön, så ingen blev skadad där.",
    "Finnish": "Eilen illalla satamassa syttyi tulipalo; lähitalojen väki pääsi kotiin vasta aamulla, päivystäjä.",
    "Italian": "Perché la città è così cara? Più di metà degli abitanti se ne andrà, però qualcuno resterà già là.",
    "Icelandic": "Í gærkvöldi kviknaði í skemmu við höfnina; íbúar þar sáu það ekki fyrr en í birtingu.",
    "Dutch": "De coördinatie was slecht: één ploeg kwam te laat, de geïnteresseerde reünisten zagen café noch bar.",
}  # fmt: skip


def feed_of(text: str, encoding: str, declared: str | None = None) -> bytes:
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    return rss(f"<item><guid>1</guid><title>{text}</title></item>", head=head).encode(encoding)


def title_of(body: bytes, content_type: str | None = None) -> str:
    feed = parse_feed(ParseJob(URL, body, content_type))
    assert feed.problem is None
    return feed.entries[0].title


@pytest.mark.parametrize(
    ("declared", "header"),
    [(None, None), ("utf-8", None), ("utf-8", "text/xml; charset=utf-8"), ("us-ascii", "text/xml")],
)
@pytest.mark.parametrize("encoding", SENTENCES)
def test_what_no_name_or_a_false_name_says_the_bytes_tell(
    encoding: str, declared: str | None, header: str | None
) -> None:
    if encoding == "iso2022_jp" and declared == "us-ascii":
        pytest.skip("these bytes are ASCII")
    assert title_of(feed_of(SENTENCES[encoding], encoding, declared), header) == SENTENCES[encoding]


@pytest.mark.parametrize("language", WESTERN)
@pytest.mark.parametrize("times", [1, 40])
def test_western_text_stays_windows_1252(language: str, times: int) -> None:
    text = " ".join([WESTERN[language]] * times)
    assert text in decode_document(feed_of(text, "cp1252", "utf-8"))


@pytest.mark.parametrize("encoding", SENTENCES)
def test_a_name_that_is_true_is_believed(encoding: str) -> None:
    text = SENTENCES[encoding][:9]
    assert title_of(feed_of(text, encoding, encoding)) == text
    assert title_of(feed_of(text, encoding, "iso-8859-1"), f"text/xml; charset={encoding}") == text


@pytest.mark.parametrize("name", ["windows-1251", "iso-8859-1", "koi8-r", "shift_jis"])
def test_long_utf8_is_utf8_whatever_it_is_called(name: str) -> None:
    assert title_of(feed_of(RUSSIAN, "utf-8", name)) == RUSSIAN
    assert title_of(feed_of(RUSSIAN, "utf-8"), f"text/xml; charset={name}") == RUSSIAN


def test_two_letters_that_could_be_utf8_are_what_they_are_called() -> None:
    assert title_of(feed_of("«PASSÉ» et «DÉJÀ»", "cp1252", "windows-1252")) == "«PASSÉ» et «DÉJÀ»"
    assert "<title>Ã©</title>" in decode_document(feed_of("Ã©", "cp1252", "windows-1252"))


def test_a_short_title_proves_nothing() -> None:
    text = "Größe und Maß der Äpfel"
    assert title_of(feed_of(text, "cp1252")) == text


def test_markup_and_addresses_do_not_count() -> None:
    markup = '&lt;p class="teaser"&gt;&lt;a href="https://harbour.example/x?y=1"&gt;' * 4
    body = rss(
        "".join(f"<item><guid>{n}</guid><title>@</title><description>{markup}@</description></item>" for n in range(50))
    )
    assert title_of(body.encode().replace(b"@", RUSSIAN.encode("cp1251"))) == RUSSIAN


@pytest.mark.parametrize("encoding", ["shift_jis", "euc_jp", "gb18030", "big5"])
def test_a_long_text_without_tags_is_read_too(encoding: str) -> None:
    text = SENTENCES[encoding] * 2000
    assert decode_document(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["shift_jis", "gb18030"])
def test_a_download_that_was_cut_loses_only_its_end(encoding: str) -> None:
    text = SENTENCES[encoding] * 2
    body = feed_of(text, encoding, encoding) + text[0].encode(encoding)[:1]
    assert title_of(body) == text


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (feed_of(RUSSIAN, "cp1251"), None),
        (feed_of(JAPANESE, "shift_jis", "utf-8"), None),
        (feed_of(JAPANESE, "iso2022_jp", "utf-8"), None),
        (feed_of(RUSSIAN, "utf-8", "windows-1251"), None),
        (feed_of(RUSSIAN, "utf-8"), "text/xml; charset=iso-8859-1"),
    ],
)
def test_nothing_is_cut_where_the_bytes_decide(body: bytes, header: str | None) -> None:
    assert slice_document(body, header, URL, ()) is None


def test_nothing_is_cut_where_the_rest_would_be_read_otherwise() -> None:
    head = '<?xml version="1.0" encoding="windows-1252"?>'
    one = "<item><guid>1</guid><title>Größe</title></item>"
    other = "<item><guid>2</guid><title>Ã©Ã©Ã©Ã©</title></item>"
    first = slice_document(rss(one, head=head).encode("cp1252"), None, URL, ())
    assert first is not None
    both = rss(one + other, head=head).encode("cp1252")
    assert slice_document(both, None, URL, ()) is not None
    assert slice_document(both, None, URL, first.slices.left) is None


@pytest.mark.parametrize(
    "body",
    [
        random.Random(1).randbytes(10_000_000),  # noqa: S311 - no secret
        b"\xff" * 10_000_000,
        b"\x82\xa0" * 5_000_000 + b"\x82",
        b"a\xe9" * 5_000_000,
        b"<\xe9>" * 3_000_000,
        b"<" * 9_999_000 + b"\xe9" * 1000,
        b"\xcf\xf0\xe8 " * 2_500_000,
        (RUSSIAN.encode("koi8-r") + b"\x98") * 90_000,
        JAPANESE.encode("shift_jis") * 500 + b"\x82\xff" * 4_900_000,
    ],
    ids=range(9),
)  # fmt: skip
def test_hostile_bytes_cost_little(body: bytes) -> None:
    began = time.perf_counter()
    decode_document(body)
    assert time.perf_counter() - began < 10


def test_nobody_who_needs_no_detection_loads_it() -> None:
    code = (
        "import sys; from aggregator.fetch import charset; charset.decode_document('Größe'.encode());"
        "assert 'charset_normalizer' not in sys.modules; charset.decode_document(b'\\xcf\\xf0\\xe8 ' * 40);"
        "assert 'charset_normalizer' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
