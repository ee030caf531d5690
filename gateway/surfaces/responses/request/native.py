"""Puts reasoning back as its author made it, in a body that goes to an upstream of the same dialect."""

from gateway.neutral.identifiers import is_own_id
from gateway.neutral.json import JsonObject, objects_in, text_or_empty, text_or_none
from gateway.neutral.seals import EARLIER_TURN, OpenSeal, removal


def restored_items(
    items: list[JsonObject], open_seal: OpenSeal, *, sees_earlier: bool = True
) -> tuple[list[JsonObject], list[JsonObject]]:
    """The items as the author may have them, and reports of those that were removed because they are not for it.

    Unless it `sees_earlier` reasoning, so are those of turns before the last message of the user's.

    Encrypted content that is no seal of the gateway's goes on: its upstream knows whether it is its own.
    """
    kept: list[JsonObject] = []
    removed: list[JsonObject] = []
    begin = 0 if sees_earlier else _current_turn(items)
    for index, item in enumerate(items):
        if item.get("type") != "reasoning":
            kept.append(item)
            continue
        found = EARLIER_TURN if index < begin else _restored(item, open_seal)
        if isinstance(found, str):
            removed.append(removal(text_or_empty(item.get("id")), found))
        elif found is not None:
            kept.append(found)
    return kept, removed


def has_reasoning(items: list[JsonObject]) -> bool:
    """Whether there is anything to restore."""
    return any(item.get("type") == "reasoning" for item in objects_in(items))


def _current_turn(items: list[JsonObject]) -> int:
    """Where the turn that goes on begins: at the last message of the user's."""
    return max((index for index, item in enumerate(items) if item.get("role") == "user"), default=0)


def _restored(item: JsonObject, open_seal: OpenSeal) -> JsonObject | str | None:
    """The item; a reason why it must be removed; None for reasoning of which its author has kept nothing."""
    content = text_or_none(item.get("encrypted_content"))
    opened = None if content is None else open_seal(content)
    if opened is None:
        # What the gateway showed without a seal is of no use to its author, and no other provider is to have it.
        return "model_mismatch" if is_own_id(text_or_empty(item.get("id"))) else item
    if isinstance(opened, str):
        return opened
    own = {name: value for name, value in item.items() if name not in ("id", "encrypted_content", "status")}
    if "encrypted_content" in opened:
        if not own.get("content"):
            own.pop("content", None)
        return {**own, **opened}
    # It was made in another dialect of the same provider: only what was shown of it can go back.
    return own if own.get("content") else None
