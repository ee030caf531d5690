"""What holds for every dialect, whatever is asked and whatever is answered; a new dialect is tested without a new test.

A dialect needs an answer in `scripts.benchmark.wires`, and to be told by whose rules its requests are held.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields as fields_of
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.dialects import DIALECTS
from gateway.dialects.base import Decoder, ListedModel, Origin, Outbound, Refused
from gateway.errors import InvalidRequest, UpstreamError
from gateway.neutral.events import Done, Event, Failed, Usage
from gateway.providers import ROWS
from gateway.wire.eventstream import BrokenFrame
from gateway.wire.sse import EventTooLarge
from scripts.benchmark.wires import REPLIES, WIRES
from tests.contract.dialects import answered, paired
from tests.servers import anthropic_rules, bedrock_rules, cohere_rules, gemini_rules, responses_strictness, row_rules
from tests.unit.generations import generation_of
from tests.unit.neutral_requests import generations
from tests.unit.upstreams import JUNK, written

MODELS: Mapping[str, tuple[str, ...]] = {
    "anthropic": ("claude-3-haiku-20240307", "claude-sonnet-4-5", "claude-opus-4-8", "claude-fable-5"),
    "gemini": ("gemini-2.0-flash", "gemini-2.5-pro", "gemini-3-pro-preview"),
    "vertex": ("gemini-2.0-flash", "gemini-3-flash"),
    "cohere": ("command-a-03-2025", "command-r7b-12-2024"),
    "bedrock": ("anthropic.claude-sonnet-4-5-v1:0", "us.amazon.nova-lite-v1:0", "meta.llama3-3-70b", "openai.gpt-oss"),
    "openai": ("gpt-5", "o3-mini", "gpt-4o"),
    "mistral": ("mistral-small-latest", "magistral-medium"),
    "groq": ("openai/gpt-oss-120b", "qwen/qwen3-32b"),
    "deepseek": ("deepseek-chat", "deepseek-reasoner", "deepseek-v4"),
}
"""Models of which more is known than their provider; others have one name only."""
SPEAKERS = [(dialect, name) for dialect in DIALECTS for name, row in sorted(ROWS.items()) if dialect in row.dialects]
_TRAVELS = re.compile(
    "arguments that are no JSON|schema is not closed|'additionalProperties' is required|yet_to_come|"
    "No tool call found|'input_audio'|arguments of .* are no JSON|of type 'reasoning'|encrypted content"
)
"""What is the client's own, reaches the upstreams of OpenAI's kind as it came, and is theirs to complain of."""
dialects = pytest.mark.parametrize("name", sorted(DIALECTS))
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _of_chat(provider: str, model: str, sent: Outbound) -> Iterator[str]:
    body = orjson.loads(sent.body)
    if body["messages"] == answered(body["messages"]):
        yield from row_rules.complaints(provider, body)


def _of_responses(provider: str, model: str, sent: Outbound) -> Iterator[str]:
    body = orjson.loads(sent.body)
    limit = {"max_output_tokens": max(16, body["max_output_tokens"])} if "max_output_tokens" in body else {}
    if provider != "openai":
        # Others know more than OpenAI does.
        body.pop("top_k", None)
    yield from responses_strictness.complaints({**body, "input": paired(body["input"]), **limit}, {})


def _of_gemini(provider: str, model: str, sent: Outbound) -> Iterator[str]:
    return gemini_rules.complaints(orjson.loads(sent.body), model, is_vertex=provider == "vertex")


def _of_anthropic(provider: str, model: str, sent: Outbound) -> Iterator[str]:
    is_newest = model.startswith(("claude-opus-4-8", "claude-fable"))
    return anthropic_rules.complaints(orjson.loads(sent.body), is_newest=is_newest)


def _of_cohere(provider: str, model: str, sent: Outbound) -> Iterator[str]:
    body = orjson.loads(sent.body)
    if body["messages"] == answered(body["messages"]):
        yield from cohere_rules.complaints(body)


def _of_bedrock(provider: str, model: str, sent: Outbound) -> Iterator[str]:
    return bedrock_rules.complaints(model, orjson.loads(sent.body))


RULES: Mapping[str, Callable[[str, str, Outbound], Iterator[str]]] = {
    "openai-chat": _of_chat,
    "openai-responses": _of_responses,
    "gemini": _of_gemini,
    "anthropic-messages": _of_anthropic,
    "cohere": _of_cohere,
    "bedrock-converse": _of_bedrock,
}


def test_every_dialect_has_an_answer_and_rules_to_be_held_to() -> None:
    assert WIRES.keys() >= DIALECTS.keys()
    assert REPLIES.keys() >= DIALECTS.keys()
    assert RULES.keys() == DIALECTS.keys()


def origins(provider: str) -> list[Origin]:
    models = MODELS.get(provider, ("small",))
    return [Origin(provider, model, ROWS[provider].own.of(model)) for model in models]


@pytest.mark.parametrize(("name", "provider"), SPEAKERS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_is_asked_is_refused_by_the_gateway_or_taken_by_the_provider(
    name: str, provider: str, data: st.DataObject
) -> None:
    origin = data.draw(st.sampled_from(origins(provider)))
    generation = data.draw(generations())
    refusals: list[InvalidRequest] = []
    try:
        sent = DIALECTS[name].encode(generation, origin)
    except InvalidRequest as error:
        refusals.append(error)
    if refusals:
        assert refusals[0].code
        assert refusals[0].param
        return
    found = RULES[name](provider, origin.model, sent)
    assert [complaint for complaint in found if not _TRAVELS.search(complaint)] == []


def origin_of(name: str) -> Origin:
    provider = next(provider for dialect, provider in SPEAKERS if dialect == name)
    return origins(provider)[0]


def decoders(name: str) -> list[Decoder]:
    """A decoder for each way of reading an answer."""
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
    tool = {"type": "function", "name": "look", "parameters": {"type": "object"}}
    asked = (
        generation_of("m", is_stream=True),
        generation_of("m", is_stream=True, tools=[tool, {"type": "custom", "name": "run"}], tool_choice="required"),
        generation_of("m", is_stream=True, fields={"response_format": form}),
    )
    ways = [(one, is_native) for one in asked for is_native in ({False, name.startswith("openai-chat")})]
    return [DIALECTS[name].decoder(one, origin_of(name), is_native=native) for one, native in ways]


def told(name: str, decoder: Decoder, chunks: list[bytes]) -> list[Event]:
    """The events of a stream in these chunks, as the engine reads them."""
    reader, events = DIALECTS[name].reader(), list[Event]()
    try:
        for chunk in chunks:
            for payload in reader.feed(chunk):
                events += decoder.feed(payload)
        for payload in reader.end():
            events += decoder.feed(payload)
    except (BrokenFrame, EventTooLarge):
        # The engine fails the answer then, and asks the decoder no more.
        assert not decoder.is_over or isinstance(events[-1], Done | Failed)
        return events
    return [*events, *decoder.end()]


def require_sound(events: list[Event], *, is_whole: bool = True) -> None:
    """One end, nothing after it, and parts of usage within their whole."""
    ends = [place for place, event in enumerate(events) if isinstance(event, Done | Failed)]
    assert ends in ([len(events) - 1], [] if not is_whole else [len(events) - 1])
    for usage in (event for event in events if isinstance(event, Usage)):
        assert 0 <= usage.cached + usage.cache_write <= usage.prompt
        assert 0 <= usage.reasoning <= usage.completion
        assert min(usage.cached, usage.cache_write) >= 0


def is_broken(name: str, chunks: list[bytes]) -> bool:
    """Whether the reader itself cannot read this."""
    reader = DIALECTS[name].reader()
    try:
        for chunk in chunks:
            reader.feed(chunk)
        reader.end()
    except (BrokenFrame, EventTooLarge):
        return True
    return False


def cut(body: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted({min(place, len(body)) for place in places}), len(body)]
    return [body[start:end] for start, end in pairwise(edges)]


@dialects
@quick
@given(body=st.binary(max_size=300), places=st.lists(st.integers(0, 300), max_size=4))
def test_bytes_of_any_kind_end_once(name: str, body: bytes, places: list[int]) -> None:
    chunks = cut(body, places)
    for decoder in decoders(name):
        require_sound(told(name, decoder, chunks), is_whole=not is_broken(name, chunks))


def _words_of(value: Any) -> set[str]:
    """All names in a document, and all texts."""
    if isinstance(value, dict):
        return {*value, *(word for inner in value.values() for word in _words_of(inner))}
    if isinstance(value, list):
        return {word for inner in value for word in _words_of(inner)}
    return {value} if isinstance(value, str) and len(value) < 40 else set()


def payloads_of(name: str, events: int = 4) -> list[bytes]:
    reader = DIALECTS[name].reader()
    return [payload for chunk in WIRES[name](events) for payload in reader.feed(chunk)]


@st.composite
def mangled(draw: st.DrawFn, document: Any) -> Any:
    """A document of the dialect's with some values in places of others."""
    if draw(st.integers(0, 5)) == 0:
        return draw(JUNK)
    if isinstance(document, dict):
        kept = [one for one in document if draw(st.integers(0, 8))]
        return {one: draw(mangled(document[one])) for one in kept}
    if isinstance(document, list):
        return [draw(mangled(one)) for one in document for _ in range(draw(st.sampled_from([1, 1, 1, 0, 2])))]
    return document


def _parsed(payload: bytes) -> Any:
    return None if payload == b"[DONE]" else orjson.loads(payload)


@dialects
@quick
@given(data=st.data())
def test_documents_of_any_shape_in_any_order_end_once(name: str, data: st.DataObject) -> None:
    payloads = payloads_of(name)
    drawn = data.draw(st.lists(st.sampled_from(payloads), max_size=8))
    sent = [written(data.draw(mangled(_parsed(payload)))) if data.draw(st.booleans()) else payload for payload in drawn]
    for decoder in decoders(name):
        events = [event for payload in sent for event in decoder.feed(payload)]
        events += decoder.end()
        require_sound(events)
        assert decoder.is_over
        assert not [*decoder.feed(payloads[0]), *decoder.end()]


@dialects
@quick
@given(data=st.data())
def test_plain_replies_of_any_shape_end_once(name: str, data: st.DataObject) -> None:
    document = orjson.loads(REPLIES[name])
    whole = data.draw(st.one_of(st.binary(max_size=60), mangled(document).map(written)))
    events = DIALECTS[name].decode_reply(whole, generation_of("m"), origin_of(name), is_native=False)
    require_sound(events)


@dialects
@quick
@given(end=st.integers(0, 3000), places=st.lists(st.integers(0, 3000), max_size=6))
def test_streams_say_the_same_wherever_they_are_cut_and_end_wherever_they_break_off(
    name: str, end: int, places: list[int]
) -> None:
    body = b"".join(WIRES[name](8))
    for whole in (body, body[:end]):
        at_once = [told(name, decoder, [whole]) for decoder in decoders(name)]
        in_pieces = [told(name, decoder, cut(whole, places)) for decoder in decoders(name)]
        assert [_said(events) for events in at_once] == [_said(events) for events in in_pieces]
        for events in at_once:
            require_sound(events)


def _said(events: list[Event]) -> list[Any]:
    """Events that can be compared: made-up ids left out, failures by their words."""
    return [
        (type(event).__name__, event.error.message)
        if isinstance(event, Failed)
        else (type(event).__name__, [str(getattr(event, field.name)) for field in fields_of(event)])
        for event in events
    ]


HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "retry-after-ms", "x-should-retry", "content-type", "x-amzn-errortype", "odd"]),
    st.one_of(st.text(max_size=8), st.sampled_from(["1e999", "-1", "nan", "Wed, 21 Oct 2015 07:28:00 GMT", "true"])),
)
ERROR = st.recursive(
    JUNK,
    lambda inner: st.dictionaries(
        st.sampled_from(
            ["error", "message", "type", "code", "status", "details", "detail", "param", "metadata", "msg"]
        ),
        st.one_of(inner, st.lists(inner, max_size=2)),
        max_size=4,
    ),
    max_leaves=6,
)


@dialects
@quick
@given(
    status=st.one_of(
        st.sampled_from([300, 400, 401, 402, 403, 404, 408, 422, 429, 498, 500, 529]), st.integers(100, 999)
    ),
    headers=HEADERS,
    body=st.one_of(st.binary(max_size=60), ERROR.map(written)),
)
def test_refusals_of_any_shape_are_errors(name: str, status: int, headers: dict[str, str], body: bytes) -> None:
    origin = origin_of(name)
    error = DIALECTS[name].decode_error(Refused(origin.provider, status, headers, body), origin.profile)
    assert isinstance(error, UpstreamError)
    assert 400 <= error.status < 600
    assert error.wait is None or error.wait >= 0
    orjson.loads(error.body())


LIST = st.recursive(
    JUNK,
    lambda inner: st.dictionaries(
        st.sampled_from(["data", "models", "modelSummaries", "id", "name", "modelId", "context_length", "endpoints"]),
        st.one_of(inner, st.lists(inner, max_size=2)),
        max_size=4,
    ),
    max_leaves=8,
)


@dialects
@quick
@given(body=st.one_of(st.binary(max_size=60), LIST.map(written)))
def test_lists_of_models_of_any_shape_are_models_or_none(name: str, body: bytes) -> None:
    try:
        models = DIALECTS[name].decode_models(body)
    except ValueError:
        return
    for model in models:
        assert isinstance(model, ListedModel)
        assert model.name
        assert all(limit is None or limit > 0 for limit in (model.context_window, model.max_output_tokens))


def _seconds(name: str, chunks: list[bytes]) -> float:
    """The best of three: whatever else runs here only adds."""
    best = float("inf")
    for _ in range(3):
        decoder = decoders(name)[0]
        began = time.perf_counter()
        told(name, decoder, chunks)
        best = min(best, time.perf_counter() - began)
    return best


@dialects
@pytest.mark.parametrize("size", [7, 4096])
def test_time_grows_with_the_length_of_a_stream_and_no_faster(name: str, size: int) -> None:
    bodies = [b"".join(WIRES[name](events)) for events in (500, 2000)]
    short, long = (_seconds(name, [body[i : i + size] for i in range(0, len(body), size)]) for body in bodies)
    assert long <= 10 * short + 0.01


@dialects
def test_time_grows_with_the_length_of_one_event_and_no_faster(name: str) -> None:
    bodies = [_large(name, length) for length in (100_000, 400_000)]
    short, long = (_seconds(name, [body[i : i + 64] for i in range(0, len(body), 64)]) for body in bodies)
    assert long <= 10 * short + 0.01


def _large(name: str, length: int) -> bytes:
    """A stream whose first piece of text is so long."""
    if name == "bedrock-converse":
        return b"".join(WIRES[name](length // 120))
    return b"".join(WIRES[name](1)).replace(b" word00", b"w" * length)
