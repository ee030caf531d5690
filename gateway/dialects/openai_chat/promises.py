"""What an answer must be, though its upstream cannot be told so: the answer is held to it."""

from collections.abc import Iterable, Sequence
from typing import Any

from gateway.dialects.conversation.settings import Form, form_of, settings_of
from gateway.dialects.conversation.structured import FormCheck
from gateway.dialects.profiles import Facts
from gateway.errors import UpstreamDown
from gateway.events import Event, Finished, Text, ToolCall
from gateway.generation import Generation

_FORMS = frozenset({"json_object", "json_schema"})
_CALLS = frozenset({"required", "named"})


def kind_of_choice(choice: Any) -> str | None:
    """What a tool choice asks for: auto, none, required or named; None where it says nothing that is known."""
    match choice:
        case "any":
            # Mistral's own word for it (shared facts on providers, section 9).
            return "required"
        case "auto" | "none" | "required":
            return str(choice)
        case {"type": "allowed_tools"}:
            inside = choice.get("allowed_tools")
            mode = (inside if isinstance(inside, dict) else choice).get("mode")
            return "required" if mode == "required" else "auto"
        case {"function": dict()} | {"custom": dict()} | {"name": str()}:
            return "named"
        case _:
            return None


def is_left_to_chance(response_format: Any, choice: Any, facts: Facts) -> bool:
    """Whether the upstream may answer such a request in another form, or without the call, that was asked for."""
    if response_format is not None and not facts.forms >= _FORMS and _is_missing(form_of(response_format), facts):
        return True
    return choice is not None and not facts.tool_choices >= _CALLS and _must_call(choice, facts)


class Promise:
    """The form of an answer's text, and whether it has to call: held to it as its events pass."""

    def __init__(self, form: Form | None, provider: str, *, must_call: bool) -> None:
        self._form = form
        self._must_call = must_call
        self._provider = provider
        self._checks: dict[int, FormCheck] = {}
        self._calling: set[int] = set()

    def hold(self, events: Iterable[Event]) -> list[Event]:
        """Take the next events, and give them back with what is still to be validated.

        Raises `UpstreamDown` for the end of a choice that has not kept it.
        """
        held: list[Event] = []
        for event in events:
            match event:
                case Text(text, choice) if self._form is not None:
                    self._check(choice, self._form).take(text)
                case ToolCall(choice=choice):
                    self._calling.add(choice)
                case Finished("stop" | "tool_calls", choice):
                    held += self._require(choice)
            held.append(event)
        return held

    def _require(self, choice: int) -> Sequence[Event]:
        if choice in self._calling:
            return ()
        if self._must_call:
            message = f"{self._provider} called no tool, though the request's tool_choice asks for it."
            raise UpstreamDown(message, code="upstream_bad_reply")
        return () if self._form is None else self._check(choice, self._form).require(self._provider)

    def _check(self, choice: int, form: Form) -> FormCheck:
        if choice not in self._checks:
            self._checks[choice] = FormCheck(form, choice)
        return self._checks[choice]


def promise_of(generation: Generation, facts: Facts, provider: str) -> Promise | None:
    """What the answer to a translated request is held to; None where its upstream sees to it."""
    form = held_form(generation, facts)
    must_call = not facts.tool_choices >= _CALLS and _must_call(generation.tool_choice, facts)
    return Promise(form, provider, must_call=must_call) if form is not None or must_call else None


def held_form(generation: Generation, facts: Facts) -> Form | None:
    """The form that the answer to a translated request is held to."""
    if facts.forms >= _FORMS:
        return None
    form = form_of(settings_of(generation).get("response_format"))
    return form if _is_missing(form, facts) else None


def _is_missing(form: Form, facts: Facts) -> bool:
    return form.kind != "text" and form.kind not in facts.forms


def _must_call(choice: Any, facts: Facts) -> bool:
    kind = kind_of_choice(choice)
    return kind in _CALLS and kind not in facts.tool_choices
