# ruff: noqa: S104 - 0.0.0.0 is an address to refuse here, not one to listen on
from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch.addresses import address_problem, is_address, metadata_problem
from aggregator.fetch.guard import Trust, origin, reach_refusal, url_refusal
from aggregator.fetch.urls import UrlError, canonical_url, url_problem

FORBIDDEN = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.8.9.10"),
    *("169.254.1.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.168.1.1", "192.0.0.8"),
    *("192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1"),
    *("239.255.255.250", "240.0.0.1", "255.255.255.255", "100.100.100.200", "168.63.129.16"),
    *("::", "::1", "fc00::1", "fd00:ec2::254", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1"),
    *("ff02::1", "2001:db8::1", "3fff::1", "100::1", "2001:2::1", "2001:10::1", "5f00::1", "4000::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::8.8.8.8", "::ffff:0:192.168.0.1"),
    *("64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:c0a8:101::1"),
    # Teredo: the server's address is private; then the client's, written upside down
    *("2001:0:a00:1::f7f7:f7f7", "2001:0:808:808:0:0:80ff:fffe"),
    *("2a00:1450:4001:81b:0:5efe:10.0.0.1", "fe80::200:5efe:8.8.8.8"),
    *("not an address", "", "127.0.0.1:80"),
]
PUBLIC = [
    *(
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "126.255.255.255",
        "128.0.0.1",
    ),
    *("172.15.255.255", "172.32.0.1", "192.167.255.255", "192.169.0.1", "198.17.0.1", "198.20.0.1", "223.255.255.255"),
    *("2606:4700::6810:85e5", "2a00:1450:4001:81b::200e", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_addresses_where_no_news_is_published_are_refused(address: str) -> None:
    problem = address_problem(address)
    assert problem is not None
    assert problem.startswith(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    assert address_problem(address) is None


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("10.0.0.1", "10.0.0.1 is a private address"),
        ("127.0.0.1", "127.0.0.1 is a loopback address"),
        ("100.64.0.1", "100.64.0.1 is an address of a carrier's inner network"),
        ("169.254.169.254", "169.254.169.254 is the address of a cloud's metadata service"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1 stands for 10.0.0.1, a private address"),
    ],
)
def test_the_problem_is_named(address: str, what: str) -> None:
    assert address_problem(address) == what


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "100.64.0.1", "::1", "fd12::1", "::ffff:127.0.0.1"])
def test_private_networks_can_be_allowed(address: str) -> None:
    assert address_problem(address, allow_private=True) is None


METADATA = [
    *("169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
    *("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fe80::a9fe:a9fe%eth0"),
    *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::169.254.169.254"),
]


@pytest.mark.parametrize("address", [*METADATA, "169.254.1.1", "fe80::1", "0.0.0.0", "224.0.0.1", "::", "2001:db8::1"])
def test_allowing_private_networks_allows_no_more_than_that(address: str) -> None:
    assert address_problem(address, allow_private=True) is not None


@pytest.mark.parametrize("address", METADATA)
def test_metadata_services_are_known_in_every_dress(address: str) -> None:
    assert metadata_problem(address) == f"{address} is the address of a cloud's metadata service"


@pytest.mark.parametrize("address", [*PUBLIC, "10.0.0.1", "127.0.0.1", "::1", "169.254.1.1", "fe80::1", "no address"])
def test_other_addresses_are_no_metadata_services(address: str) -> None:
    assert metadata_problem(address) is None


@pytest.mark.parametrize(
    ("host", "address", "trust", "allow_private", "refused"),
    [
        ("10.0.0.1", "10.0.0.1", Trust.CONFIGURED, False, False),
        ("nas.example", "10.0.0.1", Trust.CONFIGURED, False, False),
        ("printer.local", "fe80::1%eth0", Trust.CONFIGURED, False, False),
        ("169.254.169.254", "169.254.169.254", Trust.CONFIGURED, False, False),
        ("fd00:ec2::254", "fd00:ec2::254", Trust.CONFIGURED, False, False),
        ("rebinding.example", "169.254.169.254", Trust.CONFIGURED, True, True),
        ("2852039166", "169.254.169.254", Trust.CONFIGURED, False, True),
        ("nas.example", "10.0.0.1", Trust.SAME_ORIGIN, False, False),
        ("nas.example", "8.8.8.8", Trust.SAME_ORIGIN, False, False),
        ("169.254.169.254", "169.254.169.254", Trust.SAME_ORIGIN, False, True),
        ("rebinding.example", "100.100.100.200", Trust.SAME_ORIGIN, True, True),
        ("rebinding.example", "169.254.1.1", Trust.SAME_ORIGIN, True, True),
        ("news.example", "8.8.8.8", Trust.NETWORK, False, False),
        ("news.example", "10.0.0.1", Trust.NETWORK, False, True),
        ("news.example", "10.0.0.1", Trust.NETWORK, True, False),
        ("news.example", "fe80::1", Trust.NETWORK, True, True),
    ],
)
def test_who_may_reach_what(host: str, address: str, trust: Trust, *, allow_private: bool, refused: bool) -> None:
    refusal = reach_refusal(host, address, trust, allow_private=allow_private)
    assert (refusal is not None) == refused


def test_a_refused_address_is_a_sentence() -> None:
    assert reach_refusal("a.example", "10.0.0.1", Trust.NETWORK) == (
        "10.0.0.1 is a private address and the URL came from the network"
    )
    assert reach_refusal("a.example", "169.254.169.254", Trust.CONFIGURED) == (
        "169.254.169.254 is the address of a cloud's metadata service, where no name may lead"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "fe80::1%eth0"])
def test_addresses_written_out_are_known(host: str) -> None:
    assert is_address(host)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.0.0.1", "127.0.0.1.", "example.org", ""])
def test_what_only_some_systems_take_for_an_address_is_none(host: str) -> None:
    assert not is_address(host)


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_in_every_dress(address: IPv4Address) -> None:
    plain = address_problem(str(address)) is None
    bits = int(address)
    for dressed in (0xFFFF << 32 | bits, 0x64FF9B << 96 | bits, 0x2002 << 112 | bits << 80):
        assert (address_problem(str(IPv6Address(dressed))) is None) == plain


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_public_here(address: IPv4Address | IPv6Address) -> None:
    if address_problem(str(address)) is None and isinstance(address, IPv4Address):
        assert ip_address(address).is_global


CONFUSING_HOSTS = [
    *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0x0.0x0.0x1", "0x7f.1", "017700000001"),
    *("0177.0.0.1", "0177.0.0.01", "127.0.0.1.", "127.000.000.001", "127.0.0.0x1", "0", "0.0.0.0", "00", "0x0"),
    *(
        "10.1",
        "012.0.0.1",
        "3232235777",
        "0xc0a80101",
        "169.254.43518",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
    ),
    *(
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
        "[::127.0.0.1]",
        "[fe80::1%25eth0]",
    ),
    *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fd00:ec2::254]", "[0000::1]", "[::ffff:0a00:0001]"),
    *("localhost", "LOCALHOST", "localhost.", "news.localhost", "127。0。0。1", "１２７.0.0.1", "①②⑦.0.0.1"),
    *("127%2e0%2e0%2e1", "%31%32%37.0.0.1", "256.256.256.256", "1.2.3.4.5", "4294967297", "٣.0.0.1"),
]


@pytest.mark.parametrize("host", CONFUSING_HOSTS)
def test_confusing_spellings_of_inner_addresses_are_refused(host: str) -> None:
    url = f"http://{host}/"
    assert url_problem(url) or url_refusal(url, Trust.NETWORK)


@pytest.mark.parametrize("host", CONFUSING_HOSTS[:-7])
def test_whatever_the_user_configured_is_asked(host: str) -> None:
    url = f"http://user:secret@{host}:25/"
    assert url_problem(url) is None
    assert url_refusal(url, Trust.CONFIGURED) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/feed.xml",
        "http://example.org:8080/feed?page=1",
        "https://example.org:443/",
        "http://8.8.8.8/",
        "http://[2606:4700::6810:85e5]/",
        "https://1und1.example/",
        "https://4chan.example/",
        "https://127.0.0.1.nip.example/",
        "https://0x.example/",
        "https://localhost.example/",
        "https://bücher.example/ein bild.jpg",
        "HTTPS://EXAMPLE.ORG",
        "https://example.org/path@home?x=user@host",
    ],
)
def test_honest_urls_pass(url: str) -> None:
    assert url_problem(url) is None
    assert url_refusal(url, Trust.NETWORK) is None


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.org", "//example.org/", "ftp://example.org/", "file:///etc/passwd", "javascript:alert(1)"),
        *("data:text/plain,x", "gopher://example.org/", "http://", "http:///path", "http://:80/", "http://user@/"),
        *(
            "http://exa\nmple.org/",
            "http://example.org/\r\nHost: x",
            "http://example.org/\x00",
            "http://example.org/\x7f",
        ),
        *("http://example.org/\ud800", "http://example.org:99999/", "http://example.org:-1/", "http://example.org:x/"),
        *("http://example.org:0/", "http://[::1/", "http://good.example\\@evil.example/", "http://a b.example/"),
    ],
)
def test_what_is_no_url_for_us_is_named(url: str) -> None:
    assert url_problem(url) is not None


@pytest.mark.parametrize(
    "port", [1, 22, 25, 110, 143, 445, 587, 631, 1023, 2375, 3306, 5432, 6000, 6379, 6667, 9200, 11211, 27017]
)
def test_the_network_does_not_choose_the_port_of_another_service(port: int) -> None:
    assert url_refusal(f"http://example.org:{port}/", Trust.NETWORK) is not None
    assert url_refusal(f"http://example.org:{port}/", Trust.CONFIGURED) is None


@pytest.mark.parametrize("port", [80, 443, 1024, 3000, 8000, 8080, 8443, 8888, 49152, 65535])
def test_ports_where_the_web_lives_pass(port: int) -> None:
    assert url_refusal(f"http://example.org:{port}/", Trust.NETWORK) is None


def test_on_the_origin_of_a_configured_url_the_port_is_the_users_choice() -> None:
    assert url_refusal("http://nas.example:631/x.jpg", Trust.SAME_ORIGIN) is None
    assert url_refusal("http://10.0.0.1:6379/x.jpg", Trust.SAME_ORIGIN) is None
    assert url_refusal("http://169.254.169.254/x.jpg", Trust.SAME_ORIGIN) is not None


@pytest.mark.parametrize("userinfo", ["user@", "user:secret@", ":@", "@"])
def test_the_network_sends_no_credentials(userinfo: str) -> None:
    assert url_refusal(f"http://{userinfo}example.org/", Trust.NETWORK) is not None
    assert url_refusal(f"http://{userinfo}example.org/", Trust.SAME_ORIGIN) is not None
    assert url_refusal(f"http://{userinfo}example.org/", Trust.CONFIGURED) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Example.ORG/feed", "https://example.org"),
        ("https://example.org:443/", "https://example.org"),
        ("http://example.org:443/", "http://example.org:443"),
        ("http://user:secret@example.org:8080/x?y#z", "http://example.org:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("http://bücher.example", "http://xn--bcher-kva.example"),
        ("http://BÜCHER.example:80/ü", "http://xn--bcher-kva.example"),
        ("http://xn--bcher-kva.example/", "http://xn--bcher-kva.example"),
        ("http://bücher。example/", "http://xn--bcher-kva.example"),
        # IDNA 2003 would say strasse.example, which is somebody else's.
        ("http://straße.example/", "http://xn--strae-oqa.example"),
    ],
)
def test_origin(url: str, expected: str) -> None:
    assert origin(url) == expected


def test_what_is_no_url_has_no_origin() -> None:
    with pytest.raises(ValueError, match="names no host"):
        origin("http:///feed")


def test_a_url_has_one_spelling() -> None:
    assert canonical_url("HTTP://EXAMPLE.org:80/ä b?ö#c") == "http://example.org/%C3%A4%20b?%C3%B6"
    assert canonical_url("../x", base="https://example.org/a/b/c") == "https://example.org/a/x"
    with pytest.raises(UrlError, match="only http and https"):
        canonical_url("data:text/plain,x", base="https://example.org/")
    with pytest.raises(UrlError, match="cannot be read"):
        canonical_url("http://[::1")
