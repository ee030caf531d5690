"""Reads a chat body into a prompt."""

from gateway.neutral.json import JsonObject
from gateway.neutral.prompt import Prompt
from gateway.surfaces.openai_chat.request.body import MESSAGES, chat_request
from gateway.surfaces.openai_chat.request.messages import read_messages
from gateway.surfaces.openai_chat.request.omissions import Omissions
from gateway.surfaces.openai_chat.request.settings import read_output_format, read_settings
from gateway.surfaces.openai_chat.request.tools import read_tool_choice, read_tools
from gateway.surfaces.responses.request.tools import namespace_descriptions
from gateway.surfaces.stream_options import USAGE_OPTIONS, lost_stream_options


def read_prompt(given: JsonObject, history: int = 0, first: int = 0) -> Prompt:
    """The prompt of a validated body, which stays as it is. Raises `InvalidRequest` for a value of a wrong type.

    System messages stay items in their place, which may be anywhere. What can be expressed in chat alone is no error
    here: the prompt holds the first such thing, for another dialect to refuse.
    """
    body, omissions = chat_request(given), Omissions()
    if (options := given.get("stream_options")) is not None and options != USAGE_OPTIONS:
        omissions.untranslated += lost_stream_options(options)
    items, tools = read_messages(body["messages"], omissions), read_tools(body, omissions)
    return Prompt(
        items=items,
        tools=tools,
        namespaces=namespace_descriptions(body.get("tools") or (), omissions.untranslated),
        tool_choice=read_tool_choice(body, omissions),
        settings=read_settings(body, has_tools=bool(tools)),
        output_format=read_output_format(body),
        input_path=MESSAGES,
        untranslated=omissions.untranslated,
        untranslatable=omissions.untranslatable,
    )
