"""Gives reasoning that was sealed for its author back to that author, and takes it away from everybody else."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway.generation import Generation, Recovered
from gateway.identifiers import is_own_id
from gateway.sealing import Sealed, Sealer, is_sealed
from gateway.surfaces.openai_chat.reasoning import restored


class Recovery:
    """Opens the seals of one request, on its way to one provider and model."""

    def __init__(self, sealer: Sealer, key_id: str, provider: str, model: str) -> None:
        self._sealer = sealer
        self._key_id = key_id
        self._author = (provider, model)

    def recover(self, generation: Generation, *, is_native: bool) -> Generation:
        """The request with the state of its reasoning in place, as `Recovered` items.

        What only others can use is told in `removed`. It is taken out of a native request; elsewhere it stays in its
        place, so that places in error messages are the client's, and goes nowhere without its state. Encrypted
        content that is no seal of ours goes on in a native request: its upstream can tell whether it is its own.
        """
        if generation.native is not None:
            body = restored(generation.native.body, self._opened)
            if body is not generation.native.body:
                generation = replace(generation, native=replace(generation.native, body=body))
        if not any(item.get("type") == "reasoning" for item in generation.items):
            return generation
        items: list[dict[str, Any]] = []
        removed: list[dict[str, Any]] = []
        for item in generation.items:
            found = self._item(item, is_native=is_native) if item.get("type") == "reasoning" else item
            if isinstance(found, str):
                removed.append(_removal(item, found))
                if is_native:
                    continue
                found = item
            items.append(found)
        return replace(generation, items=items, removed=removed)

    def _item(self, item: dict[str, Any], *, is_native: bool) -> dict[str, Any] | str:
        """The item as the upstream is to get it, or the reason why it must not."""
        content = item.get("encrypted_content")
        if isinstance(item, Recovered):
            # What a chat client says of its reasoning in plain words belongs to whoever answers.
            return item
        if not is_sealed(content):
            # What the gateway told without a seal its author wants not back, and nobody else is to have it.
            return item if is_native and not is_own_id(str(item.get("id"))) else "model_mismatch"
        sealed = self._sealer.open(self._key_id, str(content))
        if sealed is None:
            return "organization_mismatch"
        if not self._is_author(sealed):
            return "model_mismatch"
        return Recovered(item, sealed.state)

    def _opened(self, text: str) -> Mapping[str, Any] | None:
        sealed = self._sealer.open(self._key_id, text)
        return sealed.state if sealed is not None and self._is_author(sealed) else None

    def _is_author(self, sealed: Sealed) -> bool:
        return (sealed.provider, sealed.model) == self._author


def _removal(item: dict[str, Any], reason: str) -> dict[str, Any]:
    return {"id": str(item.get("id") or ""), "type": "reasoning", "action": "removed", "reason": reason}
