"""The first upstream fails, is asked again, or another one answers in its place."""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from scripts.goldens.cases import CHAT, RESPONSES, Case, Reply, single
from scripts.goldens.configuration import FRESH, PAIRS
from scripts.goldens.default_replies import DEFAULTS
from scripts.goldens.frames import events, plain
from scripts.goldens.refusals import STATUSES

_ERROR = {"error": {"message": "It is wrong.", "type": "invalid_request_error", "param": "stop", "code": None}}
_BEGUN = {"choices": [{"index": 0, "delta": {"content": "He"}}]}
_FAILURES: Mapping[str, Reply] = {
    **{f"{status}": plain(_ERROR, status) for status in STATUSES},
    "in band": plain({"error": {"message": "x", "code": 503}}),
    "no JSON": plain("{"),
    "cut": Reply(b'{"choices": [', is_cut=True),
    "stream": events({"error": {"message": "x", "code": 503}}),
    "late": events(_BEGUN, {"error": {"message": "x"}}),
    "late cut": events(_BEGUN, is_cut=True),
    "fine": DEFAULTS["chat plain"],
}


def stand_in_cases() -> Iterator[Case]:
    """Every case about several upstreams for one request.

    What has failed is tried later than others for a while, so each case has providers that no other case asks.
    """
    fresh, pairs = count(), count()
    for name, failure in _FAILURES.items():
        for path in (CHAT, RESPONSES):
            for is_stream in (False, True):
                asked = {**_question(path), "stream": is_stream, "model": f"fresh-{next(fresh)}/m"}
                others = ["anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-flash"]
                end = f"{name} {path}{' stream' if is_stream else ''}"
                yield single(f"stand-in {end}", path, {**asked, "models": others}, failure)
        number = next(pairs)
        asked = {**_question(CHAT), "model": f"sure-{number}"}
        yield single(f"stand-in twice {name}", CHAT, asked, failure, failure)
        asked = {**_question(CHAT), "model": f"patient-{number}/m"}
        yield single(f"retried {name}", CHAT, asked, failure, failure)
    if next(fresh) > FRESH or next(pairs) > PAIRS:
        raise ValueError("there are more cases than fresh providers")
    yield from _odd()


def _question(path: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "Hi"}]} if path == CHAT else {"input": "Hi"}


def _odd() -> Iterator[Case]:
    refused = {**_question(CHAT), "model": "anthropic/claude-sonnet-4-5", "n": 2, "models": ["openai-chat/gpt-4.1"]}
    yield single("stand-in for what cannot be asked", CHAT, refused)
    yield single("stand-in not there", CHAT, {**refused, "n": 1, "models": ["nobody/m"]})
    for provider in ("openai-chat", "nobody"):
        asked = {**_question(CHAT), "model": "gpt-4.1", "provider": provider}
        yield single(f"stand-in provider {provider}", CHAT, asked)
    for path in (CHAT, RESPONSES):
        asked = {**_question(path), "model": "down/any"}
        yield single(f"stand-in for nobody {path}", path, {**asked, "models": ["anthropic/claude-sonnet-4-5"]})
        yield single(f"stand-in lacking {path}", path, asked)
