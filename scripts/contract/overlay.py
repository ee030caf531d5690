"""Applies OpenAPI Overlays 1.0 to a document.

Targets are a subset of JSONPath: `$`, then any number of `.name`, `.*`, `['any name']`, `[*]` and `[0]`.
Two things are stricter than the standard, since an overlay here that does nothing is a mistake: a target
that selects nothing, and an action without `update` or `remove`, are errors.
"""

import re
from copy import deepcopy
from typing import Any

from scripts.contract.sources import ContractError, Node

Step = str | int | None

_STEP = re.compile(r"\.(?P<name>[\w-]+)|(?P<any>\.\*|\[\*\])|\['(?P<quoted>[^']*)'\]|\[(?P<index>\d+)\]")


def apply(document: Node, overlay: Node) -> Node:
    """A copy of the document after the overlay's actions, one by one."""
    if overlay.get("overlay") != "1.0.0" or not overlay.get("actions"):
        raise ContractError("not an overlay: it needs `overlay: 1.0.0` and a list of `actions`")
    result = deepcopy(document)
    for action in overlay["actions"]:
        _act(result, action)
    return result


def _act(document: Node, action: Node) -> None:
    target = action.get("target", "")
    steps = parse_target(target)
    places = select(document, steps)
    if not places:
        raise ContractError(f"overlay target {target} selects nothing")
    if action.get("remove"):
        _remove(places, target)
    elif "update" in action:
        for parent, key in places:
            _update(parent[key], action["update"], target)
    else:
        raise ContractError(f"overlay target {target}: the action has neither update nor remove")


def parse_target(target: str) -> list[Step]:
    """The steps from the root; None stands for every child."""
    if not target.startswith("$"):
        raise ContractError(f"overlay target {target!r} does not begin with $")
    steps: list[Step] = []
    position = 1
    while position < len(target):
        match = _STEP.match(target, position)
        if match is None:
            raise ContractError(f"overlay target {target!r}: cannot read {target[position:]!r}")
        name, index = match["name"] or match["quoted"], match["index"]
        steps.append(None if match["any"] else int(index) if index else name or "")
        position = match.end()
    return steps


def select(document: Node, steps: list[Step]) -> list[tuple[Any, Any]]:
    """The places that the steps lead to, each as its container and the key or index in it."""
    places: list[tuple[Any, Any]] = [({"$": document}, "$")]
    for step in steps:
        places = [(parent[key], child) for parent, key in places for child in _children(parent[key], step)]
    return places


def _children(node: Any, step: Step) -> list[Any]:
    keys: list[Any] = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    return keys if step is None else [key for key in keys if key == step]


def _remove(places: list[tuple[Any, Any]], target: str) -> None:
    if target == "$":
        raise ContractError("an overlay cannot remove the whole document")
    for parent, key in reversed(places):
        del parent[key]


def _update(node: Any, update: Any, target: str) -> None:
    if isinstance(node, list):
        node.append(deepcopy(update))
    elif isinstance(node, dict) and isinstance(update, dict):
        _merge(node, update)
    else:
        raise ContractError(f"overlay target {target}: only an object or an array can be updated")


def _merge(node: Node, update: Node) -> None:
    for key, value in update.items():
        old = node.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            old.extend(deepcopy(value))
        else:
            node[key] = deepcopy(value)
