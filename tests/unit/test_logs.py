"""Log lines: one form for programs, one for people, and no secret in either."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from gateway import logs

SECRETS = {
    "our key": "refused sk-gateway-0123456789abcdefghijklmnopqrstuv at once",
    "a provider's key": "sent sk-proj-AbCdEf0123456789 to it",
    "another provider's key": "sent gsk_AbCdEf0123456789 to it",
    "a header": "Authorization: Bearer AbCdEf0123456789",
    "a dictionary": "{'x-api-key': 'AbCdEf0123456789'}",
    "JSON in JSON": '{\\"api_key\\": \\"AbCdEf0123456789\\"}',
    "a query": "GET /v1/models?key=AbCdEf0123456789",
    "a database": "postgresql://gateway:AbCdEf0123456789@db/gateway",
}


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """The loggers of the test run, put back afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("text", SECRETS.values(), ids=list(SECRETS))
def test_what_looks_like_a_secret_is_redacted(text: str) -> None:
    redacted = logs.redact(text)
    assert "***" in redacted
    assert "0123456789" not in redacted


@pytest.mark.parametrize(
    "text",
    [
        "completion_tokens: 123456",
        "model gpt-4o-mini answered in 12 ms",
        "http://127.0.0.1:3000/v1/models",
        "the API key of openai is not set",
        "a task-oriented risk-averse desk-bound sentence",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert logs.redact(text) == text


def test_redaction_of_a_long_text_takes_no_time_to_speak_of() -> None:
    # Backtracking without a bound would make this quadratic: hours instead of milliseconds.
    assert logs.redact("a-" * 200_000) == "a-" * 200_000


def test_lines_for_programs_are_json_whoever_logs(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    structlog.get_logger("ours").info("started", port=3000)
    logging.getLogger("theirs").warning("slow: %s", "disk")
    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["port"], ours["level"], ours["logger"]) == ("started", 3000, "info", "ours")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("slow: disk", "warning", "theirs")


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_traceback_is_logged_and_redacted(capsys: pytest.CaptureFixture[str], format: str) -> None:
    logs.configure("info", format)
    try:
        raise ValueError("sent sk-proj-AbCdEf0123456789")
    except ValueError:
        structlog.get_logger("ours").exception("failed")
    printed = capsys.readouterr().err
    assert "ValueError" in printed
    assert "0123456789" not in printed


def test_the_level_holds_and_libraries_are_quieter(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    structlog.get_logger("ours").debug("detail")
    logging.getLogger("uvicorn.error").info("Started server process")
    assert capsys.readouterr().err == ""
    logs.configure("debug", "json")
    logging.getLogger("uvicorn.error").info("Started server process")
    assert capsys.readouterr().err == ""
    logs.configure("debug", "json", has_libraries=True)
    logging.getLogger("uvicorn.error").info("Started server process")
    assert "Started server process" in capsys.readouterr().err
