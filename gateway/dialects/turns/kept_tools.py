"""Keeps what was written of the tools of a request: agents send the same ones with every request."""

from collections.abc import Callable
from typing import Generic, TypeVar

from gateway.dialects.profiles.base import Profile
from gateway.dialects.report import Report
from gateway.dialects.turns.toolbox import EMPTY_TOOLBOX, Toolbox
from gateway.neutral.kept import Kept
from gateway.neutral.prompt import Prompt
from gateway.neutral.tools import SharedTools, ToolChoice

T = TypeVar("T")

_MOST = 32
_WORDS = ("auto", "none", "required")
_toolboxes: Kept[bytes, Toolbox] = Kept(_MOST)


class KeptTools(Generic[T]):
    """What one dialect writes for tools and a choice that is a word, for each of its profiles.

    It is shared by all requests: whoever changes it has to copy it first.
    """

    def __init__(self) -> None:
        self._kept: Kept[tuple[bytes, ToolChoice | None, Profile], tuple[T, list[str]]] = Kept(_MOST)

    def get(
        self, prompt: Prompt, profile: Profile, report: Report, write: Callable[[Report], T], *, is_all: bool = True
    ) -> T:
        """What `write` makes of the prompt's tools. `is_all`: they, its choice and the profile are all it reads."""
        tools, choice = prompt.tools, prompt.tool_choice
        if not is_all or not isinstance(tools, SharedTools) or not (choice is None or choice in _WORDS):
            return write(report)

        def make() -> tuple[T, list[str]]:
            part = report.part()
            return write(part), part.dropped

        made, dropped = self._kept.get((tools.digest, choice, profile), make)
        if dropped:
            report.drop_all(dropped)
        return made


def toolbox_of(prompt: Prompt) -> Toolbox:
    """The toolbox with the tools of a prompt."""
    tools = prompt.tools
    if not tools:
        return EMPTY_TOOLBOX
    return _toolboxes.get(tools.digest, lambda: Toolbox(tools)) if isinstance(tools, SharedTools) else Toolbox(tools)
