"""Errors of upstreams by status, body and headers, and every reason for which an answer can end."""

from collections.abc import Iterator, Mapping
from typing import Any

from scripts.goldens.cases import CHAT, RESPONSES, WAYSTONE_RESPONSES, Case, Reply, single
from scripts.goldens.default_replies import candidate, chunks, cohere_message, completion, converse, message
from scripts.goldens.frames import plain
from scripts.goldens.targets import FEW

STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 418, 422, 424, 429, 500, 502, 503, 529)
_LONG = "This model's maximum context length is 10 tokens. prompt is too long: too many tokens"
_OPENAI = ("context_length_exceeded", "insufficient_quota", "model_not_found", "invalid_api_key", "content_filter")
_ANTHROPIC = ("overloaded_error", "rate_limit_error", "billing_error", "not_found_error", "request_too_large")
_BEDROCK = ("ThrottlingException", "ValidationException", "AccessDeniedException", "ModelTimeoutException", "Odd")
_GEMINI = ("INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "PERMISSION_DENIED", "NOT_FOUND", "UNAVAILABLE")
_QUOTA = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": "PerDayPerProject"}]}
_RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}
_BODIES: dict[str, Any] = {
    "openai": {"error": {"message": "It is wrong.", "type": "invalid_request_error", "param": "stop", "code": None}},
    **{f"openai {code}": {"error": {"message": "x", "type": "t", "code": code}} for code in _OPENAI},
    "openai number": {"error": {"message": "x", "code": 429}},
    "openai long": {"error": {"message": _LONG}},
    "openai metadata": {"error": {"message": "x", "code": 400, "metadata": {"raw": '{"error":{"message":"inner"}}'}}},
    **{f"anthropic {kind}": {"type": "error", "error": {"type": kind, "message": "x"}} for kind in _ANTHROPIC},
    "anthropic long": {"type": "error", "error": {"type": "invalid_request_error", "message": _LONG}},
    "anthropic credit": {"type": "error", "error": {"message": "Your credit balance is too low"}},
    **{f"bedrock {kind}": {"__type": f"com.amazon#{kind}", "message": "x"} for kind in _BEDROCK},
    "bedrock capital": {"Message": "Input is too long for requested model"},
    **{f"gemini {status}": {"error": {"code": 400, "status": status, "message": "x"}} for status in _GEMINI},
    "gemini list": [
        {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "x", "details": [_RETRY, _QUOTA]}}
    ],
    "gemini key": {"error": {"code": 400, "message": "API key not valid", "details": [{"reason": "API_KEY_INVALID"}]}},
    "gemini long": {"error": {"code": 400, "message": "The input token count exceeds the maximum number of tokens"}},
    "message": {"message": "It is wrong."},
    "message type": {"message": "x", "type": "invalid_request_error", "code": "1234", "param": "a"},
    "detail": {"detail": "It is wrong."},
    "detail list": {"detail": [{"loc": ["body", "n"], "msg": "too many", "type": "x"}]},
    "error text": {"error": "It is wrong."},
    "error empty": {"error": {}},
    "secret": {"error": {"message": "the key golden-key-of-plain-openai-chat is wrong"}},
    "text": "It is wrong.",
    "html": "<html>busy</html>",
    "blank": " ",
    "list": [],
    "long text": "x" * 5000,
}
_HEADERS: Mapping[str, dict[str, str]] = {
    "seconds": {"retry-after": "7"},
    "milliseconds": {"retry-after-ms": "1500"},
    "date": {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"},
    "odd": {"retry-after": "soon"},
    "far": {"retry-after": "1e400"},
    "negative": {"retry-after": "-5"},
    "openai": {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0.5s"},
    "openai both": {
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "30ms",
        "x-ratelimit-remaining-requests": "5",
        "x-ratelimit-limit-requests": "10",
    },
    "anthropic": {
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2015-10-21T07:28:00Z",
    },
    "epoch": {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1445412480"},
    "epoch ms": {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1445412480000"},
    "seconds left": {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "12"},
    "period": {"x-ratelimit-remaining-tokens": "-1", "x-ratelimit-renewalperiod-tokens": "60"},
    "unknown": {"x-ratelimit-remaining-requests": "many", "x-ratelimit-reset-requests": "later"},
    "no reset": {"x-ratelimit-remaining-requests": "0"},
    "aws": {"x-amzn-errortype": "ThrottlingException:http://x"},
    "aws access": {"x-amzn-errortype": "AccessDeniedException"},
    "no retry": {"x-should-retry": "false"},
    "retry": {"x-should-retry": "true"},
    "request": {"request-id": "req_up", "x-request-id": "up", "openai-processing-ms": "5"},
}
_REASONS = {
    "chat": ("stop", "length", "content_filter", "tool_calls", "function_call", "eos", "insufficient_system_resource"),
    "anthropic": ("end_turn", "max_tokens", "stop_sequence", "pause_turn", "refusal", "model_context_window_exceeded"),
    "bedrock": (
        "end_turn",
        "max_tokens",
        "stop_sequence",
        "guardrail_intervened",
        "content_filtered",
        "malformed_tool_use",
    ),
    "gemini": ("MAX_TOKENS", "SAFETY", "RECITATION", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "LANGUAGE"),
    "cohere": ("COMPLETE", "MAX_TOKENS", "STOP_SEQUENCE", "TOOL_CALL", "ERROR", "TIMEOUT", "ERROR_TOXIC"),
}
_TARGETS = {
    "chat": "plain-openai-chat/m",
    "anthropic": "anthropic/claude-sonnet-4-5",
    "bedrock": "bedrock/us.amazon.nova-pro-v1:0",
    "gemini": "gemini/gemini-2.5-flash",
    "cohere": "cohere/command-a-03-2025",
}


def refusal_cases() -> Iterator[Case]:
    """Every case about errors and endings."""
    for target in FEW:
        for name, reply in _refusals():
            for path in (CHAT, RESPONSES) if target in FEW[:3] else (CHAT,):
                yield single(f"refusal {name} {path} | {target}", path, _asked(path, target), reply)
        for status in (400, 429, 503):
            reply = plain(_BODIES["openai"], status)
            streamed = {**_asked(CHAT, target), "stream": True}
            yield single(f"refusal {status} stream | {target}", CHAT, streamed, reply)
    yield from _endings()


def _refusals() -> Iterator[tuple[str, Reply]]:
    for status in STATUSES:
        yield f"{status}", plain(_BODIES["openai"], status)
        yield f"{status} empty", plain("", status)
    for name, body in _BODIES.items():
        for status in (400, 403, 429, 500):
            yield f"{status} {name}", plain(body, status)
        yield f"200 {name}", plain(body)
    for name, headers in _HEADERS.items():
        for status in (200, 400, 429, 503):
            yield f"{status} headers {name}", Reply(b'{"message": "x"}', status=status, headers=headers)


def _asked(path: str, target: str) -> dict[str, Any]:
    question = {"messages": [{"role": "user", "content": "Hi"}]} if path == CHAT else {"input": "Hi"}
    return {**question, "model": target}


def _endings() -> Iterator[Case]:
    for api, reasons in _REASONS.items():
        for reason in (*reasons, "odd", None):
            for kind, text in (("text", "Hello"), ("empty", "")):
                for path in (CHAT, RESPONSES, WAYSTONE_RESPONSES):
                    reply = plain(_ended(api, reason, text))
                    yield single(f"ending {api} {reason} {kind} {path}", path, _asked(path, _TARGETS[api]), reply)
    for reason in (*_REASONS["chat"], "odd"):
        reply = chunks({"role": "assistant", "content": "Hel"}, {"content": "lo"}, finish_reason=reason)
        for path in (CHAT, RESPONSES):
            asked = {**_asked(path, _TARGETS["chat"]), "stream": True}
            yield single(f"ending chat {reason} stream {path}", path, asked, reply)


def _ended(api: str, reason: Any, text: str) -> dict[str, Any]:
    match api:
        case "chat":
            return completion({"content": text}, reason)
        case "anthropic":
            return message([{"type": "text", "text": text}] if text else [], reason)
        case "bedrock":
            return converse([{"text": text}] if text else [], reason)
        case "gemini":
            return candidate([{"text": text}] if text else [], reason)
        case _:
            return cohere_message({"content": [{"type": "text", "text": text}] if text else []}, reason)
