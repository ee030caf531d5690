"""Makes requests fit the windows of their models: compaction, and truncation."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import orjson
import structlog

from gateway.accounting.token_ratios import TokenRatios, text_size
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.engine import Engine
from gateway.errors import GatewayError, InvalidRequest
from gateway.fitting import Fitted, LaneRequest
from gateway.http import Body, Request
from gateway.neutral.events import Done, Event, Finished, ItemBegan, ItemEnded, Usage
from gateway.neutral.generation import Generation
from gateway.neutral.json import Json, JsonObject, integer_or_none, list_or_empty, object_or_empty, objects_in
from gateway.neutral.values import value
from gateway.routing.plan import Lane
from gateway.routing.windows import Windows
from gateway.window.compaction import split
from gateway.window.options import CompactionOptions
from gateway.window.seals import COMPACTION, MOST_BYTES, CompactionSeals, has_compaction, is_triggered
from gateway.window.summary import Summary, summarise
from gateway.window.transcript import transcript
from gateway.window.truncation import truncated
from gateway.window.units import is_lasting

_DIALECT = "openai-responses"
_FIELD = "context_management"
_SENT = ("instructions", "input", "tools", "text")
"""What of a body the model reads."""
_SUMMARY_SHARE, _KEPT_SHARE = 0.125, 0.3
"""Of the threshold: the most that a summary, and the newest items, may take."""
_LEAST_SUMMARY, _MOST_SUMMARY = 128, 4096
_LEAST_THRESHOLD = 1000
_ANSWER_SHARE, _MOST_ANSWER = 0.25, 4096
"""What of a window is left for the answer where the request does not say: this share, up to so many tokens."""
_IMAGE, _IMAGE_TOKENS = b'"input_image"', 800
"""What an image is counted as here."""
_FILE = b";base64,"
_LOOKED_AT = 8 * 1024 * 1024
"""Bytes that `text_size` looks at; what is beyond counts as they do."""
_LEAST_GAIN = 2
"""How many times the length of its summary what is summarised has to be."""
_PROMPT_TOKENS = 300
"""What a request for a summary takes beside the transcript."""
_UNKNOWN = 32_000
"""Tokens that a conversation is brought below where nobody knows its model's window."""

log = structlog.get_logger(__name__)


@value
class _Scale:
    """Estimates the tokens of items, as one model counts them."""

    ratios: TokenRatios
    lane: Lane

    def tokens(self, value: Json) -> int:
        """Those of a value's JSON."""
        written = orjson.dumps(value)
        images = written.count(_IMAGE) * _IMAGE_TOKENS
        # Files count by their own rules, and are in base64. Anything else that looks so is text.
        size = len(written) if _FILE not in written else text_size(written) * max(1, len(written) // _LOOKED_AT)
        return images + self.ratios.prompt_tokens_of(self.lane.upstream.name, self.lane.model, size)

    def of_items(self, items: Sequence[JsonObject]) -> int:
        """Those of some items."""
        return self.tokens([*items])

    def of_body(self, body: JsonObject) -> int:
        """Those of a request."""
        return self.tokens({name: body[name] for name in _SENT if name in body})


@value
class _Compacted:
    """What stands in the place of a conversation: the items, the same under a seal, and what their summary took."""

    items: Sequence[JsonObject]
    sealed: str
    usage: Usage

    @property
    def events(self) -> Sequence[Event]:
        """The compaction item, as a part of an answer."""
        item: JsonObject = {"type": COMPACTION, "encrypted_content": self.sealed}
        return [ItemBegan(item), ItemEnded(item)]


class ContextWindow:
    """One a process."""

    def __init__(
        self,
        engine: Engine,
        windows: Windows,
        ratios: TokenRatios,
        seals: CompactionSeals,
        options: CompactionOptions,
    ) -> None:
        self._engine = engine
        self._windows = windows
        self._ratios = ratios
        self.seals = seals
        self._options = options

    async def fit(self, request: Request[Body], generation: Generation, lanes: Sequence[Lane]) -> Fitted | None:
        """The request as it is to be sent, where it is to be compacted or truncated; None where nothing is to be done.

        Raises `GatewayError` where a conversation that has to be compacted cannot be.
        """
        if self.admissible(generation) is None:
            return None
        await self._windows.learn(lanes)
        lane = lanes[0]
        if _profile(lane, generation).compacts:
            return Fitted(generation, self._for_lane)
        if is_triggered(generation.body.get("input")):
            return await self._whole(request, _without_trigger(generation), lane)
        threshold, is_compacted = _threshold(generation.body)
        fitted = await self._compacted(request, generation, lane, threshold) if is_compacted else None
        return Fitted(generation, self._for_lane) if fitted is None else fitted

    def admissible(self, generation: Generation) -> Fitted | None:
        """The request without a summary, for one that is not sent yet; None where nothing is to be done."""
        body = generation.body
        _, is_compacted = _threshold(body)
        if is_compacted or body.get("truncation") == "auto" or _has_any(body.get("input")):
            return Fitted(_without_trigger(generation), self._for_lane)
        return None

    async def _whole(self, request: Request[Body], generation: Generation, lane: Lane) -> Fitted:
        """The conversation compacted as an answer of its own, however short it is. Raises `GatewayError`."""
        _require_readable(generation, lane)
        items = objects_in(generation.body.get("input"))
        scale = _Scale(self._ratios, lane)
        most = int((lane.window or _UNKNOWN) * self._options.threshold)
        compacted = await self._summarised(request, generation, scale, most, is_forced=True)
        if compacted is None:
            raise InvalidRequest("There is nothing to be compacted.", param="input", code="invalid_value")
        events = [*compacted.events, compacted.usage, Finished("stop"), Done()]
        log.debug("conversation_compacted", items=len(items), left=len(compacted.items))
        return Fitted(generation, self._for_lane, events, is_answer=True)

    async def _compacted(
        self, request: Request[Body], generation: Generation, lane: Lane, threshold: int | None
    ) -> Fitted | None:
        """The request with a summary in the place of its beginning; None where it is under its threshold."""
        scale = _Scale(self._ratios, lane)
        most = int(lane.window * self._options.threshold) if lane.window else threshold
        most = min(most, threshold) if most and threshold else most
        tokens = scale.of_body(generation.body)
        if most is None or tokens <= most:
            return None
        _require_readable(generation, lane)
        fixed = tokens - scale.of_items(objects_in(generation.body.get("input")))
        try:
            compacted = await self._summarised(request, generation, scale, most - fixed)
        except GatewayError as error:
            if lane.window and tokens > lane.window:
                raise
            log.warning("conversation_not_compacted", reason=error.code, effect="sent as it is")
            return None
        if compacted is None:
            return None
        front = objects_in(generation.body.get("input"))[: generation.templated]
        sent: list[Json] = [*front, *compacted.items]
        shorter = replace(generation, body={**generation.body, "input": sent}, history=len(sent))
        return Fitted(shorter, self._for_lane, compacted.events, compacted.usage)

    async def _summarised(
        self, request: Request[Body], generation: Generation, scale: _Scale, most: int, *, is_forced: bool = False
    ) -> _Compacted | None:
        """What stands in the place of a conversation. None where nothing of it can be summarised."""
        # A template's messages come again with each request: they are no part of the conversation.
        front = generation.templated
        items = objects_in(generation.body.get("input"))[front:]
        parts = await asyncio.to_thread(
            partial(split, items, int(most * _KEPT_SHARE), scale.of_items, is_forced=is_forced)
        )
        if parts is None:
            return None
        most = max(most, 0)
        tokens = max(_LEAST_SUMMARY, min(_MOST_SUMMARY, int(most * _SUMMARY_SHARE)))
        room = max(_LEAST_SUMMARY, most - tokens - _PROMPT_TOKENS)
        text = await asyncio.to_thread(self._transcript, parts.summarised, room, scale)
        if not is_forced and scale.tokens(text) < _LEAST_GAIN * tokens:
            # It would be paid for each time, and little would be gained.
            return None
        summary = await self._summary(request, generation, text, tokens)
        sent = parts.compacted(summary.text)
        sealed = await asyncio.to_thread(self.seals.seal, request.key_id, sent, items, generation.covered)
        if len(sealed) > MOST_BYTES:
            raise InvalidRequest("What is left of the conversation is too large to be sealed.", param="input")
        return _Compacted(sent, sealed, summary.usage)

    async def _summary(self, request: Request[Body], generation: Generation, text: str, tokens: int) -> Summary:
        """By the configured model; by the one of the request where that cannot, and where there is none."""
        if (model := self._options.model) is not None:
            asked = replace(generation, model=model, provider=None, models=())
            try:
                return await summarise(self._engine, request, asked, text, tokens)
            except GatewayError as error:
                log.warning(
                    "compaction_model_failed", model=model, reason=error.code, effect="the request's own is used"
                )
        return await summarise(self._engine, request, generation, text, tokens)

    def _transcript(self, items: Sequence[JsonObject], tokens: int, scale: _Scale) -> str:
        """The items as a text of at most so many tokens, by an estimate."""
        text = transcript(items, MOST_BYTES)
        estimate = max(1, scale.tokens(text))
        return text if estimate <= tokens else transcript(items, max(1, len(text) * tokens // estimate))

    def _for_lane(self, generation: Generation, lane: Lane) -> LaneRequest:
        """The request for one candidate: without what the gateway does in its place, and truncated for its window."""
        profile = _profile(lane, generation)
        if not profile.compacts:
            generation = _without_compaction(generation, lane)
        body = generation.body
        if body.get("truncation") != "auto" or profile.truncates or not lane.window:
            # Where nobody knows the window, the upstream may keep to it, and the report names it where it does not.
            return generation, ()
        body = {name: given for name, given in body.items() if name != "truncation"}
        items, front = objects_in(body.get("input")), generation.templated
        left = truncated(items[front:], self._excess(body, lane), _Scale(self._ratios, lane).of_items)
        if not left.dropped:
            return replace(generation, body=body), ()
        dropped = [front + index for index in left.dropped]
        gone_before = sum(index < generation.history for index in dropped)
        shorter = replace(
            generation,
            body={**body, "input": [*items[:front], *left.items]},
            history=generation.history - gone_before,
            first=generation.first + len(dropped) - gone_before,
        )
        return shorter, _named(dropped, generation)

    def _excess(self, body: JsonObject, lane: Lane) -> int:
        """By how many tokens a request is over what its model can read and answer."""
        asked = integer_or_none(body.get("max_output_tokens"))
        answer = min(_MOST_ANSWER, int(lane.window * _ANSWER_SHARE)) if asked is None else asked
        return _Scale(self._ratios, lane).of_body(body) - max(lane.window - answer, lane.window // 2)


def _threshold(body: JsonObject) -> tuple[int | None, bool]:
    """From how many tokens on a conversation is to be compacted, if the request says so; and whether it is to be."""
    for entry in map(object_or_empty, list_or_empty(body.get(_FIELD))):
        if entry.get("type") == COMPACTION:
            threshold = integer_or_none(entry.get("compact_threshold"))
            # Waystone's own document lists no such field, so that it may be anything there.
            return (threshold if threshold is None or threshold >= _LEAST_THRESHOLD else None), True
    return None, False


def _without_compaction(generation: Generation, lane: Lane) -> Generation:
    """The request without what only a provider that compacts itself can be asked for, and read.

    Raises `InvalidRequest` for a compaction item of a provider's where nothing is left of what it stands for.
    """
    body = {name: given for name, given in generation.body.items() if name != _FIELD}
    if is_triggered(body.get("input")):
        message = (
            f"{lane.upstream.name} does not compact conversations, and another provider that does was to be called."
        )
        raise InvalidRequest(message, param="input", code="unsupported_parameter")
    items = objects_in(body.get("input"))
    if not has_compaction(items):
        return replace(generation, body=body)
    _require_readable(generation, lane)
    kept = [item for item in items if item.get("type") != COMPACTION]
    history = sum(item.get("type") != COMPACTION for item in items[: generation.history])
    return replace(generation, body={**body, "input": [*kept]}, history=history)


def _without_trigger(generation: Generation) -> Generation:
    """The request without the item that asks for a compaction."""
    if not is_triggered(generation.body.get("input")):
        return generation
    items = objects_in(generation.body.get("input"))[:-1]
    return replace(generation, body={**generation.body, "input": [*items]})


def _has_any(items: Json) -> bool:
    """Whether there is a compaction item, or one that asks for one."""
    if not isinstance(items, list):
        return False
    return is_triggered(items) or has_compaction(objects_in(items))


def _profile(lane: Lane, generation: Generation) -> ResponsesProfile:
    """The profile of an upstream that is asked by the Responses API; of any other, one that does nothing itself."""
    dialect, origin = lane.usual_way(generation.dialect)
    is_native = dialect.name == _DIALECT and generation.dialect == _DIALECT
    return ResponsesProfile.own(origin.profile) if is_native else _NOTHING


def _require_readable(generation: Generation, lane: Lane) -> None:
    """Raise `InvalidRequest` where what a compaction item of a provider's stands for is not there."""
    items = objects_in(generation.body.get("input"))
    first = next((index for index, item in enumerate(items) if item.get("type") == COMPACTION), None)
    if first is not None and all(map(is_lasting, items[:first])):
        message = f"{lane.upstream.name} cannot read a compaction item that another provider has made."
        raise InvalidRequest(message, param="input", code="invalid_value")


def _named(dropped: Sequence[int], generation: Generation) -> list[str]:
    """The names by which left out items are reported, as their paths in the request."""
    source = "conversation" if generation.body.get("conversation") else "previous_response_id"
    front, history, offset = generation.templated, generation.history, generation.first - generation.history
    return [f"{source}[{index - front}]" if index < history else f"input[{index + offset}]" for index in dropped]


_NOTHING = ResponsesProfile()
