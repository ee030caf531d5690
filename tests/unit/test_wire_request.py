"""What is written of a call, and what cannot be."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.wire.request import Origin, locate, request_head
from gateway.wire.transport import Call

FIELD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\r\n\0]*")


def head(*, method: str = "POST", body: bytes | None = b"{}", **headers: str) -> bytes:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return request_head(Call("lab", method, "http://lab.test/v1/chat", named, body))[1]


@pytest.mark.parametrize(
    ("url", "origin", "start", "host"),
    [
        ("http://lab.test", Origin("http", "lab.test", 80), "/", "lab.test"),
        ("http://LAB.test:80/a", Origin("http", "lab.test", 80), "/a", "lab.test"),
        ("https://lab.test/a?b=c&d=%20", Origin("https", "lab.test", 443), "/a?b=c&d=%20", "lab.test"),
        ("https://lab.test:8443/a#part", Origin("https", "lab.test", 8443), "/a", "lab.test:8443"),
        ("http://[::1]:9/a", Origin("http", "::1", 9), "/a", "[::1]:9"),
        ("http://lab.test/ä b", Origin("http", "lab.test", 80), "/%C3%A4%20b", "lab.test"),
        ("http://bücher.test/", Origin("http", "xn--bcher-kva.test", 80), "/", "xn--bcher-kva.test"),
        ("http+unix://%2FRun%2Fa.sock/v1", Origin("http+unix", "/Run/a.sock", 0), "/v1", "localhost"),
    ],
)
def test_a_url_is_an_origin_a_target_and_a_host(url: str, origin: Origin, start: str, host: str) -> None:
    assert locate(url) == (origin, f" {start} HTTP/1.1\r\n", host)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://lab.test/",
        "http:///a",
        "http://me:pw@lab.test/",
        "http://lab.test:0/",
        "http://lab.test:1e9/",
        "http://lab.test:99999/",
        "http://a b/",
        "http://é" + "é" * 70 + ".test/",
        "http+unix://run%2Fa.sock/",
        "http+unix://%2Fa%00b/",
    ],
)
def test_a_url_that_cannot_be_called_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        locate(url)


def test_a_request_is_its_start_line_its_headers_and_its_length() -> None:
    assert head(content_type="application/json", X_A="ä").decode("latin-1") == (
        "POST /v1/chat HTTP/1.1\r\naccept: */*\r\nhost: lab.test\r\n"
        "content-type: application/json\r\nx-a: ä\r\ncontent-length: 2\r\n\r\n"
    )


def test_only_a_request_that_may_have_a_body_has_a_length() -> None:
    assert b"content-length" not in head(method="GET", body=None)
    assert b"content-length: 0\r\n" in head(body=None)


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "Connection", "expect", "TE", "upgrade"])
def test_no_header_of_a_caller_contradicts_the_framing(name: str) -> None:
    written = request_head(Call("lab", "POST", "http://lab.test/", {name: "5"}, b"{}"))[1]
    assert written == request_head(Call("lab", "POST", "http://lab.test/", {}, b"{}"))[1]


def test_a_callers_host_takes_the_place_of_the_urls() -> None:
    for name in ("host", "Host"):
        written = request_head(Call("lab", "POST", "http://lab.test/", {"x-a": "1", name: "inner.test"}, b""))[1]
        assert written.count(b"host:") == 1
        assert b"host: inner.test\r\n" in written


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\nb", "ä", "a\0"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        request_head(Call("lab", "POST", "http://lab.test/", {name: "x"}, b""))


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\rb", "a\0", "日"])
def test_a_value_that_would_be_another_header_is_refused(value: str) -> None:
    with pytest.raises(ValueError):
        head(x_a=value)


HEADERS = st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=3)


@given(st.text(max_size=30), HEADERS, st.binary(max_size=9))
@example("\r\n HTTP/1.1\r\nx: y", {"a": "b\r\nc: d"}, b"")
def test_nothing_a_caller_gives_makes_a_second_request_or_header(
    path: str, headers: dict[str, str], body: bytes
) -> None:
    try:
        written = request_head(Call("lab", "POST", f"http://lab.test/{path}", headers, body))[1]
    except ValueError:
        return
    start, *fields, end, rest = written.split(b"\r\n")
    assert re.fullmatch(rb"POST /[\x21-\x7e]* HTTP/1\.1", start)
    assert all(FIELD.fullmatch(field) for field in fields)
    assert (end, rest) == (b"", b"")
    names = [field.partition(b":")[0] for field in fields]
    assert names.count(b"host") == names.count(b"content-length") == 1
