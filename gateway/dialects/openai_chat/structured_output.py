"""Requests an output format as the upstream knows it, and validates what the upstream does not enforce."""

from collections.abc import Iterable, Sequence

from gateway.dialects.openai_chat.tools import ChoiceKind, kind_of_choice
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.structured_output import FormatPlan, OutputCheck, native_plan, requested_format, substitute_plan
from gateway.dialects.turns.tools import callable_tools
from gateway.errors import UpstreamDown
from gateway.neutral.events import Event, Finished, Text, ToolCallBegan
from gateway.neutral.json import Json, JsonObject, list_or_none, objects_in
from gateway.neutral.prompt import Prompt
from gateway.neutral.structured_output import OutputFormat, output_format
from gateway.neutral.tools import AllowedTools, HostedChoice, NamedTool, ToolChoice

_FIELD = "response_format"
_FORMATS = frozenset({"json_object", "json_schema"})
_CALLS = frozenset({"required", "named"})
_INSTRUCTION = "Answer with one JSON object and nothing else: no other text, no Markdown."


def adapt_format(body: JsonObject, profile: ChatProfile) -> None:
    """Request the format as the upstream knows it, and by an instruction where it does not."""
    plan = _plan_of_body(body[_FIELD], profile)
    if plan is None:
        return
    is_schema = plan.format.kind == "json_schema"
    if plan.method == "native":
        if is_schema and profile.flattens_schema:
            body[_FIELD] = {"type": "json_schema", "schema": plan.schema}
        return
    if is_schema and "json_object" in profile.formats:
        body[_FIELD] = {"type": "json_object"}
    else:
        del body[_FIELD]
    body["messages"] = _instructed(objects_in(body["messages"]), _instruction(plan))


def is_unenforced(response_format: Json, tool_choice: Json, profile: ChatProfile) -> bool:
    """Whether the upstream may answer without the format, or without the call, that a body requires."""
    if response_format is not None and not profile.formats >= _FORMATS:
        plan = _plan_of_body(response_format, profile)
        if plan is not None and plan.is_checked:
            return True
    if tool_choice is None or profile.tool_choices >= _CALLS:
        return False
    return _is_unenforced_call(kind_of_choice(tool_choice), profile)


def validated_format(prompt: Prompt, profile: ChatProfile) -> OutputFormat | None:
    """The format that the answer to a translated request is validated against."""
    if profile.formats >= _FORMATS:
        return None
    plan = _plan(prompt.output_format, profile)
    return None if plan is None else plan.validated


def answer_check(prompt: Prompt, profile: ChatProfile, provider: str) -> "AnswerCheck | None":
    """The validation of the answer to a translated request; None where its upstream enforces all of it."""
    requested = validated_format(prompt, profile)
    must_call = not profile.tool_choices >= _CALLS and _is_unenforced_call(_required_call(prompt.tool_choice), profile)
    must_call = must_call and bool(callable_tools(prompt.tools))
    if requested is None and not must_call:
        return None
    return AnswerCheck(requested, provider, must_call=must_call)


class AnswerCheck:
    """Validates the events of an answer as they pass: the format of its text, and whether it calls a tool."""

    def __init__(self, requested: OutputFormat | None, provider: str, *, must_call: bool) -> None:
        self._format = requested
        self._must_call = must_call
        self._provider = provider
        self._checks: dict[int, OutputCheck] = {}
        self._calling: set[int] = set()

    def take(self, events: Iterable[Event]) -> list[Event]:
        """The events, and among them the texts that are still to be validated.

        Raises `UpstreamDown` at the end of a choice that is not valid.
        """
        checked: list[Event] = []
        for event in events:
            match event:
                case Text(text, choice) if self._format is not None:
                    self._check(choice, self._format).add(text)
                case ToolCallBegan(choice=choice):
                    self._calling.add(choice)
                case Finished("stop" | "tool_calls", choice):
                    checked += self._finish(choice)
            checked.append(event)
        return checked

    def _finish(self, choice: int) -> Sequence[Event]:
        if choice in self._calling:
            return ()
        if self._must_call:
            message = f"{self._provider} called no tool, though the request's tool_choice asks for it."
            raise UpstreamDown(message, code="upstream_bad_reply")
        return () if self._format is None else self._check(choice, self._format).finish(self._provider)

    def _check(self, choice: int, requested: OutputFormat) -> OutputCheck:
        if choice not in self._checks:
            self._checks[choice] = OutputCheck(requested, choice)
        return self._checks[choice]


def _plan_of_body(response_format: Json, profile: ChatProfile) -> FormatPlan | None:
    return _plan(output_format(response_format, _FIELD, f"{_FIELD}.json_schema.schema"), profile)


def _plan(found: OutputFormat | None, profile: ChatProfile) -> FormatPlan | None:
    requested = requested_format(found)
    if requested is None:
        return None
    return native_plan(requested) if requested.kind in profile.formats else substitute_plan(requested, can_call=False)


def _required_call(choice: ToolChoice | None) -> ChoiceKind | None:
    match choice:
        case str():
            return kind_of_choice(choice)
        case NamedTool():
            return "named"
        case AllowedTools(mode=mode, tools=tools):
            # Of tools that providers run, none is left that could be called.
            return "auto" if all(isinstance(tool, HostedChoice) for tool in tools) else mode
        case HostedChoice(body=body):
            return kind_of_choice(body)
        case None:
            return None


def _is_unenforced_call(kind: ChoiceKind | None, profile: ChatProfile) -> bool:
    return kind in _CALLS and kind not in profile.tool_choices


def _instruction(plan: FormatPlan) -> str:
    description = plan.format.description
    request = f"{description}\n\n{_INSTRUCTION}" if description else _INSTRUCTION
    return plan.instruction(request, "It must be valid against this JSON Schema:")


def _instructed(messages: list[JsonObject], instruction: str) -> list[Json]:
    """The messages with an instruction at the end of the first one, or before all where that is not the system's."""
    first = messages[0] if messages else {}
    if first.get("role") not in ("system", "developer"):
        return [{"role": "system", "content": instruction}, *messages]
    content = first.get("content")
    parts = list_or_none(content)
    if parts is not None:
        return [{**first, "content": [*parts, {"type": "text", "text": instruction}]}, *messages[1:]]
    return [{**first, "content": f"{content}\n\n{instruction}" if content else instruction}, *messages[1:]]
