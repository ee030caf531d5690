"""Reads a streamed answer of Converse, event by event."""

from typing import Any

from gateway.dialects.base import Origin
from gateway.dialects.bedrock.answer import Answer
from gateway.dialects.bedrock.errors import error_in_band
from gateway.dialects.bedrock.reply import service_tier
from gateway.dialects.bedrock.usage import read_usage
from gateway.dialects.conversation.answers import AnswerDecoder, NotAnAnswer
from gateway.events import Event
from gateway.generation import Generation
from gateway.wire.eventstream import EXCEPTION


class ConverseDecoder(AnswerDecoder):
    """Turns events into neutral ones. Blocks of text and reasoning begin with their first piece.

    The answer is over with `metadata`, which comes after `messageStop` and brings the usage.
    """

    what = "Converse event"

    def __init__(self, generation: Generation, origin: Origin) -> None:
        super().__init__(origin)
        self._answer = Answer(generation, origin)
        self._block: int | None = None
        self._output_of: str | None = None
        self._output: list[Any] = []
        self._reason: str | None = None

    def _read(self, document: dict[str, Any]) -> list[Event]:
        for kind, payload in document.items():
            if not isinstance(payload, dict):
                raise NotAnAnswer
            match kind:
                case "contentBlockDelta":
                    return self._turn_to(payload) + self._delta(payload.get("delta"))
                case "contentBlockStart":
                    return self._turn_to(payload) + self._start(payload.get("start"))
                case "contentBlockStop":
                    return self._close()
                case "messageStop":
                    return self._stop(payload)
                case "metadata":
                    self.usage = read_usage(payload.get("usage"))
                    tier = service_tier(payload)
                    return [*tier, *(self._finish() if self._reason is not None else ())]
                case _ if kind == EXCEPTION:
                    raise error_in_band(payload, self.origin)
            # Others, like `messageStart`, say nothing; nor do those that are yet to be invented.
            return []
        raise NotAnAnswer

    def _turn_to(self, payload: dict[str, Any]) -> list[Event]:
        index = payload.get("contentBlockIndex")
        if index == self._block:
            return []
        events = self._close() if self._block is not None else []
        self._block = index if isinstance(index, int) else None
        return events

    def _delta(self, delta: Any) -> list[Event]:
        match delta:
            case {"text": str() as text}:
                return self._answer.text(text)
            case {"toolUse": {"input": str() as piece}}:
                return self._answer.arguments(piece)
            case {"reasoningContent": dict() as reasoning}:
                return self._reasoning(reasoning)
            case {"citation": dict() as citation}:
                self._answer.cite(citation)
            case {"image": {"source": {"bytes": str() as data}}}:
                self._answer.image(data)
            case {"toolResult": list() as content}:
                self._output += content
            case dict():
                pass
            case _:
                raise NotAnAnswer
        return []

    def _reasoning(self, reasoning: dict[str, Any]) -> list[Event]:
        match reasoning:
            case {"text": str() as text}:
                return self._answer.thought(text)
            case {"signature": str() as signature}:
                self._answer.sign(signature)
            case {"redactedContent": str() as content}:
                self._answer.redact(content)
        return []

    def _start(self, start: Any) -> list[Event]:
        match start:
            case {"toolUse": {"toolUseId": str() as call_id, "name": str() as name, **more}}:
                if more.get("type") == "server_tool_use":
                    return self._answer.hosted_call(call_id, name)
                return self._answer.call(call_id, name)
            case {"toolResult": {"toolUseId": str() as call_id}}:
                self._output_of, self._output = call_id, []
        return []

    def _close(self) -> list[Event]:
        self._block = None
        events: list[Event] = []
        if self._output_of is not None:
            events = self._answer.hosted_output(self._output_of, self._output)
            self._output_of = None
        return events + self._answer.end_block()

    def _stop(self, payload: dict[str, Any]) -> list[Event]:
        if self._reason is not None:
            return []
        events = self._close()
        reason = payload.get("stopReason")
        events += self._answer.finish(reason if isinstance(reason, str) else "")
        self._reason = str(reason)
        return events

    def _last(self) -> list[Event] | None:
        return None if self._reason is None else []
