"""Writes a Generation as a request for a message."""

from typing import Any

from gateway.dialects.anthropic.conversation import STATES, Conversation, calls_in, lacks_thinking
from gateway.dialects.anthropic.fields import leave_out_rest, write_fields
from gateway.dialects.anthropic.forms import Shape, form_tool, instruction, shape_of
from gateway.dialects.anthropic.marks import limit_marks
from gateway.dialects.anthropic.provided import betas
from gateway.dialects.anthropic.recovered import without_recovered
from gateway.dialects.anthropic.thinking import Thinking, token_limit, write_sampling
from gateway.dialects.anthropic.tools import Chosen, Offering
from gateway.dialects.base import Origin, Outbound
from gateway.dialects.conversation.content import ContentReader
from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.settings import require_known_form, settings_of
from gateway.dialects.conversation.structured import FORM_TOOL
from gateway.dialects.conversation.toolbox import Toolbox, offers
from gateway.dialects.conversation.turns import Turns
from gateway.dialects.depth import written
from gateway.dialects.profiles import Facts
from gateway.generation import Generation

DIALECT = "anthropic-messages"
VERSION = "2023-06-01"
PATH = "/v1/messages"

Body = dict[str, Any]


def encode_request(generation: Generation, origin: Origin) -> Outbound:
    """The request for the upstream. Raises `InvalidRequest` for what it cannot be asked."""
    report = Report(generation, origin.provider)
    body = _Request(generation, origin, report).write()
    headers = {"anthropic-version": VERSION}
    if names := betas(body.get("tools", ())):
        headers["anthropic-beta"] = ",".join(names)
    return Outbound(PATH, written(body), report.dropped, headers)


class _Request:
    """One request on its way to one model."""

    def __init__(self, generation: Generation, origin: Origin, report: Report) -> None:
        self._generation = generation
        self._model = origin.model
        self._facts: Facts = origin.facts
        self._report = report
        self._settings = settings_of(generation)
        require_known_form(self._settings, report)
        self._shape = shape_of(self._settings, generation.tool_choice, self._facts)

    def write(self) -> Body:
        """The body. What it has to leave out is in the report."""
        settings, facts, report = self._settings, self._facts, self._report
        settings.pop("response_format", None)
        offered = offers(self._generation, report)
        toolbox = Toolbox(offered)
        offering = Offering(offered, facts, report)
        offering.add_search(settings.pop("web_search_options", None))
        chosen = offering.choose(self._generation.tool_choice, toolbox)
        conversation = self._conversation(toolbox)
        thinking = Thinking(settings, facts, report)
        if thinking.is_budget and _rules_out(chosen, conversation.messages):
            thinking.give_up()
        body: Body = {"model": self._model, "max_tokens": token_limit(settings, facts, report)}
        chosen, notes = self._formed(chosen, thinking, body)
        body["system"] = [*conversation.system, *({"type": "text", "text": note} for note in notes)]
        body["messages"] = conversation.messages
        self._tools(chosen, body)
        thinking.write(body)
        write_sampling(settings, body, facts, report)
        write_fields(settings, body, report)
        leave_out_rest(settings, facts, report)
        return self._finished(body)

    def _conversation(self, toolbox: Toolbox) -> Conversation:
        generation = without_recovered(self._generation)
        turns = Turns(generation, toolbox, ContentReader(self._facts, self._report), self._report, STATES)
        return Conversation(generation, turns, self._facts, self._report).write()

    def _formed(self, chosen: Chosen, thinking: Thinking, body: Body) -> tuple[Chosen, list[str]]:
        """The choice with the tool that stands in for a form, and what has to be said in words."""
        shape, notes = self._shape, [chosen.note] if chosen.note else []
        if shape.kind == "native":
            body["output_config"] = {"format": {"type": "json_schema", "schema": shape.schema}}
        elif shape.kind == "words":
            notes.append(instruction(shape))
        elif shape.kind == "tool":
            chosen = self._with_form(chosen, shape, can_force=self._can_force and not thinking.is_budget)
            if not chosen.is_forced:
                notes.append(instruction(shape))
        return chosen, notes

    @property
    def _can_force(self) -> bool:
        return {"required", "named"} <= self._facts.tool_choices

    def _with_form(self, chosen: Chosen, shape: Shape, *, can_force: bool) -> Chosen:
        """The model may call a tool of the client's, or gives its answer by the one that stands in for the form."""
        tools = [*chosen.tools, form_tool(shape)]
        is_alone = not chosen.tools or (chosen.choice or {}).get("type") == "none"
        if not can_force:
            return Chosen(tools[-1:] if is_alone else tools, {"type": "auto"})
        return Chosen(tools, {"type": "tool", "name": FORM_TOOL} if is_alone else {"type": "any"})

    def _tools(self, chosen: Chosen, body: Body) -> None:
        """Add tools and choice. A conversation that calls tools needs them, though none is on offer any more."""
        is_single = self._settings.pop("parallel_tool_calls", None) is False
        tools, choice = chosen.tools, chosen.choice
        if not tools:
            gone = {"input_schema": {"type": "object"}}
            tools, choice = [{"name": name, **gone} for name in calls_in(body["messages"])], {"type": "none"}
        if not tools:
            return
        if is_single and (choice is None or choice["type"] != "none"):
            choice = {**(choice or {"type": "auto"}), "disable_parallel_tool_use": True}
        body["tools"] = tools
        if choice is not None:
            body["tool_choice"] = choice

    def _finished(self, body: Body) -> Body:
        """The body in its simplest form, with no more cache marks than there may be."""
        if not body["system"]:
            del body["system"]
        if limit_marks(body):
            self._report.leave_out("cache_control")
        system = body.get("system", ())
        if len(system) == 1 and system[0].keys() == {"type", "text"}:
            body["system"] = system[0]["text"]
        if self._generation.is_stream:
            body["stream"] = True
        return body


def _rules_out(chosen: Chosen, messages: list[Body]) -> bool:
    """Whether thinking with a budget cannot go with the rest of the request."""
    return chosen.is_forced or messages[-1]["role"] == "assistant" or lacks_thinking(messages)
