"""Validates against the compiled contract, and says what is wrong in words that a caller can act on."""

from collections.abc import Callable
from typing import Any

import jsonschema_rs

from gateway.contract.explanation import Explainer
from gateway.errors import InvalidRequest

Validate = Callable[[Any], None]


def compile_schema(schema: dict[str, Any]) -> Validate:
    """A function that raises `InvalidRequest` for an instance that the schema does not allow."""
    is_valid = jsonschema_rs.Draft202012Validator(schema).is_valid
    explainer = Explainer(schema)

    def validate(instance: Any) -> None:
        if not is_valid(instance):
            raise _refusal(explainer, instance)

    return validate


def _refusal(explainer: Explainer, instance: Any) -> InvalidRequest:
    try:
        return explainer.explain(instance)
    except ValueError:
        # The validator tells that such a body is wrong, but not what of it: it counts 255 levels.
        return InvalidRequest("The body is nested too deeply.", code="invalid_value")
