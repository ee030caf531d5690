"""The type of a chat body after a surface has changed it, and the field of its conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

from gateway.neutral.json import JsonObject

if TYPE_CHECKING:
    from generated import models

MESSAGES: Annotated[str, models.CreateChatCompletionRequest] = "messages"
"""The field that holds the conversation."""


def chat_request(body: JsonObject) -> models.CreateChatCompletionRequest:
    """The same body under the type of `/v1/chat/completions`. Nothing is checked: the contract's stage has done that.

    A body of Waystone's own operation may hold anything in the fields that its document does not list.
    """
    return cast("models.CreateChatCompletionRequest", body)
