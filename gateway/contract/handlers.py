"""Finds the handler of every operation, and says which one is missing."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from gateway.contract.bundle import Bundle
from gateway.contract.naming import handler_of

Handler = Callable[..., Any]


class MissingHandler(Exception):
    """An operation of the contract has no handler. The message names the file and the function to write."""


def find_handlers(bundle: Bundle) -> dict[str, Handler]:
    """The handler of every operation by operationId. Raises `MissingHandler`."""
    return {spec.id: _find(spec.id, *handler_of(spec.id, spec.tags)) for spec in bundle.operations.values()}


def _find(operation_id: str, module_name: str, function_name: str) -> Handler:
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        module = None
    function: Handler | None = getattr(module, function_name, None)
    if function is None:
        file = module_name.replace(".", "/") + ".py"
        raise MissingHandler(
            f"The contract has an operation {operation_id!r}, but there is no function {function_name!r} in {file}. "
            f"Write it, or let `scripts/generate --scaffold` write its outline."
        )
    return function
