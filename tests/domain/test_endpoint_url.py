"""Where events may be sent. What is private is spelled in many ways."""

import pytest

from domain.endpoint_url import Target, check_url, is_public
from domain.refusals import RefusalCode, Refused

REFUSED = [
    "http://crm.example.com/",
    "ftp://crm.example.com/",
    "https:///nowhere",
    "https://",
    "https:crm.example.com",
    "//crm.example.com/",
    "crm.example.com",
    "javascript:alert(1)",
    "https://user:secret@crm.example.com/",
    "https://user@crm.example.com/",
    "https://@crm.example.com/",
    "https://crm.example.com/#fragment",
    "https://crm.example.com/#",
    "https://crm.example.com\\@evil.example.com/",
    "https://crm.example.com/a\\b",
    "https://crm.example.com:99999/",
    "https://crm.example.com:0/",
    "https://crm.example.com:22/",
    "https://crm.example.com:25/",
    "https://crm.example.com:port/",
    "https://crm.example.com/with blank",
    "https://crm.example.com/\r\nX-Evil: 1",
    "https://crm.example.com/\x00",
    "https://crm.exämple.com/",
    "https://crm.example.com/" + "x" * 1_977,
    "https://localhost/",
    "https://localhost./",
    "https://intranet/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://[::1]/",
    "https://[::]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fc00::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:a00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[not-an-address]/",
    "https://[::1/",
    "https://-crm.example.com/",
    "https://crm..example.com/",
    "https://crm_internal.example.com/",
    "https://a.b.1/",
]


@pytest.mark.parametrize("url", REFUSED)
def test_a_url_that_is_refused(url: str) -> None:
    with pytest.raises(Refused) as refused:
        check_url(url, allow_private=False)
    assert refused.value.code is RefusalCode.ENDPOINT_URL_REFUSED


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://crm.example.com/italiano?x=1", Target("https", "crm.example.com", 443)),
        ("https://CRM.Example.com", Target("https", "crm.example.com", 443)),
        ("https://crm.example.com:8443/a", Target("https", "crm.example.com", 8_443)),
        ("https://crm.example.com:1024/", Target("https", "crm.example.com", 1_024)),
        ("https://93.184.216.34/", Target("https", "93.184.216.34", 443)),
        (
            "https://[2606:2800:220:1:248:1893:25c8:1946]/",
            Target("https", "2606:2800:220:1:248:1893:25c8:1946", 443),
        ),
        ("https://crm.example.com/" + "x" * 1_976, Target("https", "crm.example.com", 443)),
        ("https://xn--exmple-cua.com/", Target("https", "xn--exmple-cua.com", 443)),
    ],
)
def test_a_url_of_the_public_internet(url: str, target: Target) -> None:
    assert check_url(url, allow_private=False) == target


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://127.0.0.1:8080/hook", Target("http", "127.0.0.1", 8_080)),
        ("http://receiver/", Target("http", "receiver", 80)),
        ("https://localhost:9/", Target("https", "localhost", 9)),
    ],
)
def test_in_development_what_is_private_is_allowed(url: str, target: Target) -> None:
    assert check_url(url, allow_private=True) == target


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "http://a@127.0.0.1/", "http:///", "http://127.0.0.1/#x"]
)
def test_even_in_development_it_is_a_url(url: str) -> None:
    with pytest.raises(Refused):
        check_url(url, allow_private=True)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.31.255.255", "192.168.0.1", "169.254.169.254", "100.127.255.255"),
        *("0.0.0.1", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.2.1", "198.18.0.1", "192.0.0.1"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fdff::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:a00:1::1", "::10.0.0.1"),
        *("2001:0:a00:1::1", "not an address", ""),
    ],
)
def test_an_address_that_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_an_address_that_is_public(address: str) -> None:
    assert is_public(address)
