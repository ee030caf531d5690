"""A failure that comes with a status of success keeps its status and its message: report by dialect by way."""

from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.dialects.openai_chat.request import DIALECT as CHAT_DIALECT
from gateway.errors import GatewayError
from gateway.neutral.events import Event, Failed
from gateway.surfaces.base import Surface
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.wire.sse import Reader
from tests.unit.test_error_params import BODIES, Refusing, refused

CHAT, RESPONSES = OpenAIChatSurface(), OpenAIResponsesSurface()
SAID = "It broke."
ORIGINS = {name: Origin("lab", "m", dialect.profile_type()) for name, dialect in DIALECTS.items()}


def choice(code: int, finish: str | None, **metadata: Any) -> dict[str, Any]:
    """What OpenRouter writes where the provider behind it breaks off."""
    error = {"message": SAID, "code": code, **({"metadata": metadata} if metadata else {})}
    content = {"role": "assistant", "content": "par"}
    return {
        "id": "x",
        "choices": [{"index": 0, "message": content, "delta": content, "finish_reason": finish} | {"error": error}],
    }


# What comes with status 200, and the status and the message that its client gets.
REPORTS: dict[str, tuple[Any, int, str]] = {
    "error": ({"error": {"message": SAID, "code": 400}}, 400, SAID),
    "text": ({"error": SAID, "code": 429}, 429, SAID),
    "true": ({"error": True, "message": SAID, "code": 400}, 400, SAID),
    "errors": ({"errors": [{"message": SAID, "code": 429}]}, 429, SAID),
    "list": ([{"error": {"message": SAID, "code": 400}}], 400, SAID),
    "detail": ({"detail": SAID}, 503, SAID),
    "complaints": ({"detail": [{"loc": ["body", "n"], "msg": SAID}]}, 503, f"body.n: {SAID}"),
    "error behind": ({"error": {"message": "No", "code": 400, "metadata": {"raw": SAID}}}, 400, f"No ({SAID})"),
}
CHAT_REPORTS: dict[str, tuple[Any, int, str]] = {
    **REPORTS,
    "choice, 400": (choice(400, "error"), 400, SAID),
    "choice, 429": (choice(429, None), 429, SAID),
    "choice, 502": (choice(502, "error"), 503, SAID),
    "choice, behind": (choice(400, None, raw="Too hot"), 400, f"{SAID} (Too hot)"),
    "base_resp": ({"choices": None, "base_resp": {"status_code": 2013, "status_msg": SAID}}, 400, SAID),
    "base_resp, throttled": ({"base_resp": {"status_code": 1002, "status_msg": SAID}}, 429, SAID),
    "base_resp of an error": ({"choices": [], "base_resp": {"status_code": 1000, "status_msg": SAID}}, 503, SAID),
}
TYPED: dict[str, list[tuple[str, Any, int]]] = {
    "anthropic-messages": [
        ("typed", {"type": "error", "error": {"type": "invalid_request_error", "message": SAID}}, 400),
        ("flat", {"type": "error", "message": SAID, "code": 400}, 400),
    ],
    "openai-responses": [
        ("flat", {"type": "error", "code": "rate_limit_exceeded", "message": SAID, "param": None}, 429),
        ("failed", {"type": "response.failed", "error": {"code": "invalid_prompt", "message": SAID}}, 400),
    ],
    "gemini": [
        ("status", {"error": {"message": SAID, "status": "RESOURCE_EXHAUSTED"}}, 429),
        ("list", [{"error": {"message": SAID, "status": "INVALID_ARGUMENT"}}], 400),
        ("text", {"error": SAID}, 503),
    ],
    "cohere": [("typed", {"type": "error", "message": SAID, "code": 400}, 400), ("bare", {"message": SAID}, 503)],
}


def events_of(dialect: str, document: Any, *, is_native: bool, is_stream: bool) -> list[Event]:
    surface: Surface[Any] = CHAT if is_native == (dialect == CHAT_DIALECT) else RESPONSES
    generation = surface.read({**BODIES["chat" if surface is CHAT else "responses"], "stream": is_stream})
    spoken, body = DIALECTS[dialect], orjson.dumps(document)
    if not is_stream:
        return [*spoken.decode_reply(body, generation, ORIGINS[dialect], is_native=is_native)]
    decoder = spoken.decoder(generation, ORIGINS[dialect], is_native=is_native)
    return [*decoder.feed_all([body]), *decoder.end()]


def error_of(events: list[Event]) -> GatewayError:
    assert isinstance(events[-1], Failed)
    return events[-1].error


def require(error: GatewayError, status: int, said: str) -> None:
    assert (error.status, error.message) == (status, f"lab{' failed to answer' if status == 503 else ''}: {said}")


ways = pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "streamed"])


@ways
@pytest.mark.parametrize("is_native", [False, True], ids=["translated", "passed on"])
@pytest.mark.parametrize(("document", "status", "said"), CHAT_REPORTS.values(), ids=CHAT_REPORTS)
def test_a_chat_upstream(document: Any, status: int, said: str, is_native: bool, is_stream: bool) -> None:
    require(error_of(events_of(CHAT_DIALECT, document, is_native=is_native, is_stream=is_stream)), status, said)


@ways
@pytest.mark.parametrize("dialect", ["openai-responses", "anthropic-messages", "gemini", "cohere"])
@pytest.mark.parametrize(("document", "status", "said"), REPORTS.values(), ids=REPORTS)
def test_other_upstreams(dialect: str, document: Any, status: int, said: str, is_stream: bool) -> None:
    require(error_of(events_of(dialect, document, is_native=False, is_stream=is_stream)), status, said)


@pytest.mark.parametrize(
    ("dialect", "document", "status"),
    [(dialect, document, status) for dialect, rows in TYPED.items() for _, document, status in rows],
)
def test_the_dialects_own_events(dialect: str, document: Any, status: int) -> None:
    require(error_of(events_of(dialect, document, is_native=False, is_stream=True)), status, SAID)


@pytest.mark.parametrize(
    "document", [{"choices": []}, {"choices": None, "error": None}, [{"a": 1}], [], {"x": "y"}, {"title": "A page"}]
)
def test_what_reports_nothing_is_no_answer(document: Any) -> None:
    error = error_of(events_of(CHAT_DIALECT, document, is_native=True, is_stream=False))
    assert (error.status, error.code) == (502, "upstream_bad_reply")


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_base_resp_counts_beside_a_whole_answer(is_stream: bool) -> None:
    part = {"role": "assistant", "content": "Hi", "refusal": None}
    answered = {"index": 0, "message": part, "delta": part, "finish_reason": "stop", "logprobs": None}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    named = {"id": "x", "object": "chat.completion", "created": 1_700_000_000, "model": "m"}
    document = {**named, "choices": [answered], "usage": usage, "base_resp": {"status_code": 1026, "status_msg": SAID}}
    require(error_of(events_of(CHAT_DIALECT, document, is_native=True, is_stream=is_stream)), 400, SAID)


def test_a_base_resp_of_success_is_none() -> None:
    base = {"status_code": 0, "status_msg": ""}
    document = {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}], "base_resp": base}
    assert not isinstance(events_of(CHAT_DIALECT, document, is_native=True, is_stream=False)[-1], Failed)


@pytest.mark.anyio
@pytest.mark.parametrize("dialect", [name for name in DIALECTS if name != "bedrock-converse"])
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_list_where_a_stream_should_be(dialect: str) -> None:
    # Bedrock's streams are binary.
    answer = Refusing(200, orjson.dumps([{"error": {"message": SAID, "code": 400}}]))
    error = await refused("chat", {**BODIES["chat"], "stream": True}, answer, dialect, ORIGINS[dialect].profile)
    require(error, 400, SAID)


# What a stream has, and what is read of it.
EVENTS: dict[str, tuple[bytes, list[Any]]] = {
    "name, text": (b"event: error\ndata: It broke.\n\n", [{"error": {"message": SAID}}]),
    "name without a space": (b"event:error\ndata: It broke.\n\n", [{"error": {"message": SAID}}]),
    "name, fields": (b'event: error\ndata: {"code": 400, "msg": "x"}\n\n', [{"error": {"code": 400, "msg": "x"}}]),
    "name, detail": (b'event: error\ndata: {"detail": "x"}\n\n', [{"error": {"detail": "x"}}]),
    "name below": (b"data: It broke.\nevent: error\n\n", [{"error": {"message": SAID}}]),
    "name, two lines": (b"event: error\ndata: It\ndata: broke.\n\n", [{"error": {"message": "It\nbroke."}}]),
    "named twice": (b'event: error\ndata: {"error": "x"}\n\n', [{"error": "x"}]),
    "typed": (b'event: error\ndata: {"type":"error","message":"x"}\n\n', [{"type": "error", "message": "x"}]),
    "behind others": (
        b'data: {}\n\nevent: error\ndata: x\n\ndata: {"a":1}\n\n',
        [{}, {"error": {"message": "x"}}, {"a": 1}],
    ),
    "among named": (
        b'event: a\ndata: {}\n\nevent: error\ndata: x\n\nevent: a\ndata: {"a":1}\n\n',
        [{}, {"error": {"message": "x"}}, {"a": 1}],
    ),
    "name alone": (b"event: error\n\ndata: {}\n\n", [{}]),
    "other name": (b"event: errors\ndata: {}\n\n", [{}]),
    "field": (b'error: {"code": 400}\n\n', [{"error": {"code": 400}}]),
    "field behind data": (b'data: {"a": 1}\nerror: {"code": 400}\n\n', [{"a": 1}, {"error": {"code": 400}}]),
    "field behind words": (b"data: words\nerror: It broke.\n\n", [{"error": {"message": SAID}}]),
    "field before data": (b'error: {"code": 400}\ndata: {"a": 1}\n\n', [{"a": 1}, {"error": {"code": 400}}]),
    "field of two lines": (b'error: {"code":\nerror: 400}\n\n', [{"error": {"code": 400}}]),
    "field of two lines of text": (b"error: It\nerror: broke.\n\n", [{"error": {"message": "It\nbroke."}}]),
}


@pytest.mark.parametrize(("body", "documents"), EVENTS.values(), ids=EVENTS)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_events_that_are_errors(body: bytes, documents: list[Any], end: bytes) -> None:
    body = body.replace(b"\n", end)
    for chunks in ([body], [bytes([byte]) for byte in body], body.splitlines(keepends=True)):
        reader = Reader()
        found = [payload for chunk in chunks for payload in reader.feed(chunk)] + reader.end()
        assert [orjson.loads(payload) for payload in found] == documents
