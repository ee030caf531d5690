"""What the fuzzed gateway has stored, so that requests can name it."""

from collections import deque
from typing import Any

_MOST = 50


class Stored:
    """The ids of responses, and of items with their conversations, as the gateway's answers tell them."""

    def __init__(self) -> None:
        self._responses: deque[dict[str, str]] = deque(maxlen=_MOST)
        self._background: deque[str] = deque(maxlen=_MOST)
        self._items: deque[dict[str, str]] = deque(maxlen=_MOST)

    def learn(self, path: str, parameters: dict[str, Any], document: Any) -> None:
        """Take note of what an operation on a path has answered."""
        match path, document:
            case "/v1/responses", {"object": "response", "id": str() as id_, "store": True}:
                self._responses.append({"response_id": id_})
                if document.get("background"):
                    self._background.append(id_)
            case "/v1/conversations/{conversation_id}/items", {"object": "list", "data": list() as items}:
                conversation = parameters["conversation_id"]
                self._items.extend({"conversation_id": conversation, "item_id": item["id"]} for item in items)
            case "/v1/responses/{response_id}", {"deleted": True, "id": id_}:
                _forget(self._responses, "response_id", id_)
                if id_ in self._background:
                    self._background.remove(id_)
            case "/v1/conversations/{conversation_id}", {"deleted": True, "id": id_}:
                _forget(self._items, "conversation_id", id_)
            case "/v1/conversations/{conversation_id}/items/{item_id}", {"object": "conversation"}:
                _forget(self._items, "item_id", parameters["item_id"])

    def named(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters of a path, with ids of something stored where they are to name that and it is there."""
        kept = self._responses if "response_id" in parameters else self._items if "item_id" in parameters else ()
        return {**parameters, **kept[-1]} if kept else parameters

    def in_background(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters of a path, with the id of a response in the background, or of none where there is none."""
        return {**parameters, "response_id": self._background[-1] if self._background else "unknown"}

    def is_in_background(self, parameters: dict[str, Any]) -> bool:
        """Whether the parameters of a path name a response in the background."""
        return parameters.get("response_id") in self._background

    def spared(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters of a conversation to delete, which is not that of the item that `named` would name.

        Conversations are deleted before items are: without this there would be none left.
        """
        is_needed = bool(self._items) and self._items[-1]["conversation_id"] == parameters["conversation_id"]
        return {**parameters, "conversation_id": "spared"} if is_needed else parameters


def _forget(kept: deque[dict[str, str]], name: str, id_: str) -> None:
    left = [place for place in kept if place[name] != id_]
    kept.clear()
    kept.extend(left)
