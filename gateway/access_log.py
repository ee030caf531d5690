"""The access log: one line for each request, when its answer is complete or its client has left.

Lines are made on the event loop, some microseconds each, and written together by a thread: a reader of the log that is
slow must not hold up requests. See docs/configuration.md for what stands in a line.
"""

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import lru_cache

import orjson
import structlog

from gateway.logs import redact
from gateway.store.usage import UsageRow

LOGGER = "gateway.access"
CLIENT_LEFT = 499
"""What nginx logs for a client that left before its answer was complete; there is no standard status for it."""

_WRITE_SECONDS = 0.1
_MOST_WAITING = 20_000
"""Lines that wait for a reader of the log which does not read; some megabytes."""
_CLOSING_SECONDS = 2.0
_LONGEST_VALUE = 512

log = structlog.get_logger(__name__)
Fields = dict[str, str | int | float | None]

MEANINGS: Mapping[str, str] = {
    "timestamp": "When the line was made, in UTC.",
    "level": "`info`.",
    "logger": "`gateway.access`.",
    "event": "`request`.",
    "request_id": "The id in the answer's `x-request-id`: the client's own, or else one of the gateway's.",
    "method": "The method; `-` where what came was no HTTP.",
    "path": "The path, without its query.",
    "status": "The status that was sent; 499 where the client left before its answer was complete.",
    "duration_ms": "From the request's head to the end of its answer, in milliseconds.",
    "gateway_ms": "The gateway's share of that: without waiting for upstreams, for retries and for the client.",
    "key": "The name of the gateway key, or its id.",
    "code": "The code of the error that it was answered with.",
    "replayed": "`true` where the answer was kept under an idempotency key, and was sent again.",
    "user": "The end user, of `metadata.waystone`.",
    "group": "Their group.",
    "provider": "The provider that answered, or failed last.",
    "model": "The model.",
    "prompt_tokens": "Tokens of the prompt.",
    "completion_tokens": "Tokens of the answer.",
    "attempts": "How often upstreams were called.",
    "final_status": "How the answer of a stream ended, where that is another status than the one that was sent.",
    "outcome": "`stopped` where the server stopped before the answer was complete.",
}
"""The fields of a line. From `key` on they stand there where they are known, from `user` on for generation requests."""


class Access:
    """What is known of one request for its line in the access log. Whoever learns something adds it.

    `begun` is by `time.perf_counter`; `waited` are the seconds in which the gateway had nothing to do but wait, for
    upstreams or for the client; `key` is the name of the gateway key, or its id.
    """

    __slots__ = ("attempts", "begun", "code", "key", "replayed", "request_id", "usage", "usage_id", "waited")

    def __init__(self, request_id: str | None = None) -> None:
        """`request_id` is the client's own; None for one of the gateway's."""
        self.request_id = request_id or f"req_{os.urandom(12).hex()}"
        self.begun = time.perf_counter()
        self.waited = 0.0
        self.key: str | None = None
        self.code: str | None = None
        """The code of the error that the request was answered with."""
        self.usage: UsageRow | None = None
        self.usage_id = ""
        """What its usage row is to be stored under, where that is known before; it may be looked for then."""
        self.attempts = 0
        self.replayed = False
        """Whether the answer was kept under an idempotency key, and sent again."""

    def fields(self, method: str, path: str, status: int) -> Fields:
        """The fields of the line, those first that every line of the log has."""
        duration = time.perf_counter() - self.begun
        fields: Fields = {
            "timestamp": _now(),
            "level": "info",
            "logger": LOGGER,
            "event": "request",
            "request_id": self.request_id,
            "method": method,
            "path": _safe(path),
            "status": status,
            "duration_ms": round(duration * 1000, 3),
            "gateway_ms": round(max(duration - self.waited, 0.0) * 1000, 3),
        }
        if self.key is not None:
            fields["key"] = _safe(self.key)
        if self.code is not None:
            fields["code"] = _safe(self.code)
        if self.replayed:
            fields["replayed"] = True
        row = self.usage
        if row is not None:
            fields["user"], fields["group"] = row.user_id and _safe(row.user_id), row.group_id and _safe(row.group_id)
            fields["provider"], fields["model"] = row.provider, row.model and _safe(row.model)
            fields["prompt_tokens"], fields["completion_tokens"] = row.prompt_tokens, row.completion_tokens
            fields["attempts"] = self.attempts
            if row.status != status:
                # A stream whose answer failed after its status was sent.
                fields["final_status"] = row.status
            if row.outcome is not None:
                fields["outcome"] = row.outcome
        return fields


class AccessLog:
    """Writes the lines, with `render`, to `write`, which may block: a thread calls it."""

    def __init__(self, render: Callable[[Fields], bytes], write: Callable[[bytes], object]) -> None:
        self._render = render
        self._write = write
        self._lines: deque[bytes] = deque(maxlen=_MOST_WAITING)
        self._lost = 0
        self._is_awake = False
        self._has_lines, self._closing = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, access: Access, method: str, path: str, status: int) -> None:
        """Take the line of a request that is over. Where too many wait, the oldest is lost, and counted."""
        if len(self._lines) == _MOST_WAITING:
            self._lost += 1
        self._lines.append(self._render(access.fields(method, path, status)))
        if not self._is_awake:
            self._is_awake = True
            self._wake()

    def close(self) -> None:
        """Write what waits, for as long as that takes, but no longer than two seconds."""
        self._closing.set()
        self._has_lines.set()
        if self._thread is not None:
            self._thread.join(_CLOSING_SECONDS)
            self._thread = None

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_forever, name="access-log", daemon=True)
            self._thread.start()
        self._has_lines.set()

    def _write_forever(self) -> None:
        while not self._closing.is_set():
            self._has_lines.wait()
            # Others come meanwhile, and are written with it.
            self._closing.wait(_WRITE_SECONDS)
            self._has_lines.clear()
            # Before the lines are taken: one that comes later wakes the thread again.
            self._is_awake = False
            self._write_waiting()
        # What came while the last ones were written.
        self._write_waiting()

    def _write_waiting(self) -> None:
        lost, self._lost = self._lost, 0
        if lost:
            log.warning("access_lines_lost", lines=lost, reason="the log was not read fast enough")
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if lines:
            self._write(b"".join(lines))


def opened(*, is_json: bool) -> AccessLog:
    """The access log of this process, on stderr: JSON, or lines for a person."""

    def write(lines: bytes) -> None:
        try:
            sys.stderr.buffer.write(lines)
            sys.stderr.buffer.flush()
        except (OSError, ValueError):
            # Whoever read it has gone; requests are served all the same.
            pass

    return AccessLog(_json_line if is_json else _text_line, write)


def _json_line(fields: Fields) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def _text_line(fields: Fields) -> bytes:
    now, method, path, status, duration = (fields.pop(name) for name in _LEADING)
    words = [f"{name}={_word(value)}" for name, value in fields.items() if value is not None and name not in _OF_EVERY]
    return f"{now} [info     ] {method} {_word(path)} {status} {duration} ms  {' '.join(words)}\n".encode()


_LEADING = ("timestamp", "method", "path", "status", "duration_ms")
_OF_EVERY = ("level", "logger", "event")


def _word(value: object) -> str:
    """A value in a line for a person: nothing that a client wrote can begin another line, or another word."""
    text = str(value)
    return text if text.isprintable() and " " not in text else repr(text)


@lru_cache(8192)
def _safe(text: str) -> str:
    """What a client wrote, without secrets. The same paths, models and users come again and again."""
    return redact(text.encode("utf-8", "replace").decode()[:_LONGEST_VALUE])


def _now() -> str:
    now = time.time()
    return f"{_second(int(now))}.{int(now % 1 * 1_000_000):06d}Z"


@lru_cache(4)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
