"""waystone.yaml read: lines, variables filled in, and files that are wrong or hostile."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.settings.document import ConfigurationError, Document, expand, parse, read

NAME = "w.yaml"


def problem(text: bytes, **environ: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        parse(text, environ, NAME)
    return str(refused.value)


def test_each_key_and_item_knows_its_line() -> None:
    document = parse(b"port: 1\nproviders:\n  lab:\n    models:\n      - a\n      - b\n", {}, NAME)

    assert document.values == {"port": 1, "providers": {"lab": {"models": ["a", "b"]}}}
    assert document.place(("providers", "lab", "models", 1)) == "w.yaml:6: providers.lab.models[1]"
    assert document.place(("providers", "lab", "not", "there")) == "w.yaml:3: providers.lab.not.there"


@pytest.mark.parametrize("text", [b"", b"# nothing\n", b"---\n"])
def test_an_empty_file_says_nothing(text: bytes) -> None:
    assert parse(text, {}, NAME).values == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${KEY}", "secret"),
        ("a-${KEY}-${KEY}", "a-secret-secret"),
        ("${NONE:-none}", "none"),
        ("${NONE:-}", ""),
        ("${KEY:-none}", "secret"),
        ("${EMPTY:-none}", "none"),
        ("$${KEY}", "${KEY}"),
        ("$KEY and $5", "$KEY and $5"),
    ],
)
def test_variables_are_filled_in(text: str, value: str) -> None:
    assert expand(text, {"KEY": "secret", "EMPTY": ""}) == value


@given(st.text(), st.text(min_size=1))
def test_text_without_a_reference_stays_as_it_is(text: str, value: str) -> None:
    harmless = text.replace("${", "")

    assert expand(harmless, {"A": value}) == harmless
    assert expand(harmless.replace("$", "") + "${A}", {"A": value}) == harmless.replace("$", "") + value
    assert expand("$${" + harmless, {}) == "${" + harmless


@given(st.text())
def test_what_a_variable_holds_is_not_filled_in_again(value: str) -> None:
    assert expand("${A:-}", {"A": value, "B": "no"}) == value


def test_a_variable_that_is_not_set_is_named_with_its_place() -> None:
    found = problem(b"a: 1\nb: {c: '${LAB_KEY}'}", EMPTY="")

    assert found.startswith("w.yaml:2: b.c: the environment variable LAB_KEY is not set")


@pytest.mark.parametrize("text", ["${", "${}", "${1A}", "${A-b}", "${A:-b", "${A B}"])
def test_a_broken_reference_says_how_one_is_written(text: str) -> None:
    assert "expected ${NAME} or ${NAME:-default}" in problem(f"a: '{text}'".encode(), A="x")


def test_a_key_that_stands_twice_is_an_error_with_both_lines() -> None:
    assert problem(b"a: 1\nb: 2\na: 3\n") == "w.yaml:3: a: expected once; it also stands in line 1"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"a: 1\n b: 2", 2),
        (b"a: [1, 2\n", 2),
        (b"a: 1\n\tb: 2", 2),
        (b"a: 1\n--- \nb: 2", 2),
        (b"a: 1\nb: *c", 2),
        (b"a: 1\nb: !secret x", 2),
        (b"a: 1\nb: 0x_", 2),
        (b"a: 1\n? [x]\n: y", 2),
        (b"- a", 1),
        (b"just text", 1),
    ],
)
def test_what_cannot_be_used_is_an_error_with_its_line(text: bytes, line: int) -> None:
    assert problem(text).startswith(f"w.yaml:{line}: ")


@pytest.mark.parametrize("text", [b"\xff", b"a: \x00", b"a: \xc3\x28", b"\x80" * 9])
def test_bytes_that_are_no_text_are_an_error(text: bytes) -> None:
    assert "expected YAML in UTF-8" in problem(text)


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 200_000,
        b"{a: " * 50_000,
        b"- " * 100_000,
        b"a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b]",
        b"a: &a [*a]",
    ],
)
def test_hostile_files_are_refused_and_not_followed(text: bytes) -> None:
    assert problem(text)


def test_a_file_that_is_too_large_is_not_parsed(tmp_path: Path) -> None:
    file = tmp_path / NAME
    file.write_bytes(b"#" * (256 * 1024 + 1))

    with pytest.raises(ConfigurationError, match="at most 256 KiB"):
        read(file, {})


@pytest.mark.parametrize("name", ["not-there.yaml", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read(tmp_path / name, {})


@given(st.one_of(st.binary(), st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))))
def test_any_bytes_are_a_document_or_a_configuration_error(text: bytes) -> None:
    with suppress(ConfigurationError):
        assert isinstance(parse(text, {"A": "x"}, NAME), Document)


# Pieces that mean something in YAML, so that most of the files go some way before they break.
_PIECES = [
    "a",
    "b",
    ": ",
    "- ",
    "\n",
    "  ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "'",
    '"',
    "#",
    "&x ",
    "*x",
    "!t ",
    "!!int ",
    "|\n",
    "? ",
]
_PIECES += [
    "--- ",
    "...",
    "<<: ",
    "${A}",
    "${",
    "$${",
    "1",
    "1e999",
    ".inf",
    "0o7",
    "1:2",
    "yes",
    "~",
    "2024-13-45",
    "%YAML 1.1\n",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join))
def test_any_yaml_is_a_document_or_a_configuration_error(text: str) -> None:
    with suppress(ConfigurationError):
        assert isinstance(parse(text.encode(), {"A": "x"}, NAME), Document)
