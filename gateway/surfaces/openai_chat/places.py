"""Where the items that were made of chat messages stand in the client's own request."""

import re

# Something in the content of an item; the outputs of tools are the content of their messages.
_IN_CONTENT = re.compile(r"\.(?:content|output)(?:\[(\d+)\])?(.*)", re.S)
_MARK = ".cache_control"
_NESTED = {".file_id": ".file.file_id", ".file_url": ".file.file_url", ".image_url": ".image_url.url"}
_IN_CALL = {".call_id": ".id", ".name": ".function.name", ".arguments": ".function.arguments"}


class Places:
    """The places of items by their number, such as `messages[2].tool_calls[0]`."""

    def __init__(self) -> None:
        self._items: list[tuple[str | int, bool]] = []

    def add(self, path: str, *, is_text: bool = False) -> None:
        """Note where the next item stands. `is_text`: its content is no list there, but one text."""
        self._items.append((path, is_text))

    def add_text(self, number: int) -> None:
        """Note that the next item is the message with this number, whose content is one text."""
        self._items.append((number, True))

    def path(self, number: int, within: str = "") -> str:
        """The place of an item, or of something in it, in the terms of chat."""
        place, is_text = self._items[number]
        path = f"messages[{place}]" if isinstance(place, int) else place
        found = _IN_CONTENT.fullmatch(within)
        if found is None:
            is_call = ".tool_calls[" in path
            return path + (_IN_CALL.get(within, within) if is_call else within.replace(".call_id", ".tool_call_id"))
        if is_text and found[2] == _MARK:
            # A text that is marked is one of a message that is.
            return path + _MARK
        if is_text or found[1] is None:
            return f"{path}.content"
        return f"{path}.content[{found[1]}]{_NESTED.get(found[2], found[2])}"
