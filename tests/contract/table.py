"""Holds the table of settings to a contract, whose types `gateway.neutral` does not import."""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.neutral.settings import PLACES, RESPONSES_RULES, RULES, SAME, Kind, Rule

CHAT, RESPONSES = "CreateChatCompletionRequest", "CreateResponse"
_JSON_TYPES: Mapping[Kind, frozenset[str]] = {
    "number": frozenset({"number"}),
    "integer": frozenset({"integer"}),
    "flag": frozenset({"boolean"}),
    "text": frozenset({"string"}),
    "texts": frozenset({"string", "array"}),
    "list": frozenset({"array"}),
    "object": frozenset({"object"}),
}


class Contract:
    """The schemas of a bundle."""

    def __init__(self, bundle: Mapping[str, Any]) -> None:
        self._schemas: Mapping[str, Any] = bundle["components"]["schemas"]

    def names(self, schema: str) -> set[str]:
        """The fields that a schema lists."""
        return set(self._properties(self._schemas[schema]))

    def field(self, schema: str, path: str) -> Mapping[str, Any] | None:
        """The schema at a dotted path; None where it leads to none."""
        found: Mapping[str, Any] | None = self._schemas[schema]
        for name in path.split("."):
            found = None if found is None else self._properties(found).get(name)
        return found

    def types(self, schema: Mapping[str, Any]) -> set[str]:
        """The JSON types that a schema allows, without null."""
        schema = self._resolved(schema)
        given = schema.get("type", [])
        own = {given} if isinstance(given, str) else set(given)
        return own.union(*(self.types(one) for one in schema.get("anyOf", ()))) - {"null"}

    def _properties(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        schema = self._resolved(schema)
        found = dict(schema.get("properties", {}))
        for part in (*schema.get("allOf", ()), *schema.get("anyOf", ())):
            found |= self._properties(part)
        return found

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        return schema


def faults(bundle: Mapping[str, Any]) -> list[str]:
    """Where the table says of a name, a place, a type or a range what the contract does not: a line for each."""
    contract = Contract(bundle)
    found: list[str] = []
    for name, rule in RULES.items():
        if rule.is_in_chat:
            found += _faults(contract, CHAT, name, rule)
        if rule.place is not None:
            found += _faults(contract, RESPONSES, name if rule.place == SAME else rule.place, rule)
    for path, rule in RESPONSES_RULES.items():
        found += _faults(contract, RESPONSES, path, rule)
    return found


def unlisted(bundle: Mapping[str, Any], in_chat: Iterable[str], in_responses: Iterable[str]) -> list[str]:
    """The fields of the contract that are neither in the table nor, as `in_chat` and `in_responses` are, elsewhere."""
    contract = Contract(bundle)
    same = {name for name, rule in RULES.items() if rule.place == SAME}
    heads = {path.partition(".")[0] for path in (*PLACES.values(), *RESPONSES_RULES)}
    chat = contract.names(CHAT) - RULES.keys() - set(in_chat)
    return sorted(chat | (contract.names(RESPONSES) - same - heads - set(in_responses)))


def _faults(contract: Contract, schema: str, path: str, rule: Rule) -> list[str]:
    field = contract.field(schema, path)
    if field is None:
        return [f"{schema} has no {path}"]
    found = []
    if contract.types(field) != _JSON_TYPES[rule.kind]:
        found.append(f"{schema}.{path} is no {rule.kind}")
    for end, ours in (("minimum", rule.least), ("maximum", rule.most)):
        # The limit of tokens is one setting in both, which the Responses API takes from 16 on; chat states none.
        if ours != field.get(end) and not path.startswith("max_"):
            found.append(f"{schema}.{path} has the {end} {field.get(end)}, not {ours}")
    return found
