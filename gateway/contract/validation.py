"""Validates against the compiled contract, and says what is wrong in words that a caller can act on."""

from collections.abc import Callable
from typing import Any

import jsonschema_rs

from gateway.contract.explanation import Explainer
from gateway.errors import InvalidRequest


class CompiledSchema:
    """A schema of the contract: `is_valid` checks an instance in one call of the compiled validator."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.is_valid: Callable[[Any], bool] = jsonschema_rs.Draft202012Validator(schema).is_valid
        self._explainer = Explainer(schema)

    def require(self, instance: Any) -> None:
        """Raise `InvalidRequest` for an instance that the schema does not allow."""
        if not self.is_valid(instance):
            raise self.refusal(instance)

    def refusal(self, instance: Any) -> InvalidRequest:
        """What is wrong with an instance that is not valid."""
        try:
            return self._explainer.explain(instance)
        except ValueError:
            # The validator finds such a body wrong, but not what of it: it counts 255 levels.
            return InvalidRequest("The body is nested too deeply.", code="invalid_value")
