"""Writes generated/models.py: a typed dictionary for each schema of the contract.

The types come from a document derived from the bundle, which differs from it where Python's types cannot
follow JSON Schema: a fallback branch (`type` is anything but the known ones) is tagged with a literal of its
own, so that mypy can tell the branches of a union apart; a map with a few named keys is a plain map; parts
of one object joined by `allOf` are one object; what narrows a union to some fields is an object with these;
what the Waystone documents write in place has a name.
"""

import warnings
from typing import Any

from datamodel_code_generator import InputFileType, LiteralType, generate
from datamodel_code_generator.enums import DataModelType
from datamodel_code_generator.format import Formatter, PythonVersion

from scripts.contract.bundle import lookup
from scripts.contract.sources import ContractError, Node

UNKNOWN_TYPE = "<any other type>"

HEADER = '"""The types of the contract\'s schemas. Written by scripts/generate from openapi/; not to be edited."""'

_CHAT = "#/paths/~1api~1gateway~1v1~1chat~1completions/post"
_RESPONSES = "#/paths/~1api~1gateway~1v1~1responses/post"
_BODY = "requestBody/content/application~1json/schema"
_REPLY = "responses/200/content/application~1json/schema"

# From the inside out: an inner schema has its name before the outer one is moved.
IN_PLACE = {
    "WaystoneChatMessage": f"{_CHAT}/{_BODY}/properties/messages/items/anyOf/0",
    "WaystoneToolMessage": f"{_CHAT}/{_BODY}/properties/messages/items/anyOf/1",
    "WaystoneChatCompletionRequest": f"{_CHAT}/{_BODY}",
    "WaystoneChatCompletionMessage": f"{_CHAT}/{_REPLY}/properties/choices/items/properties/message",
    "WaystoneChatCompletionChoice": f"{_CHAT}/{_REPLY}/properties/choices/items",
    "WaystoneChatCompletionUsage": f"{_CHAT}/{_REPLY}/properties/usage",
    "WaystoneChatCompletion": f"{_CHAT}/{_REPLY}",
    "WaystoneResponseRequest": f"{_RESPONSES}/{_BODY}",
}


def models(bundle: Node) -> str:
    """The text of generated/models.py."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = generate(
            derived(bundle),
            input_file_type=InputFileType.OpenAPI,
            output_model_type=DataModelType.TypingTypedDict,
            target_python_version=PythonVersion.PY_311,
            enum_field_as_literal=LiteralType.All,
            formatters=[Formatter.BUILTIN],
            builtin_format_line_length=110,
            use_type_alias=True,
            use_schema_description=True,
            use_field_description=True,
            use_single_line_docstring=True,
            strict_nullable=True,
            use_typed_nullable_map_values=True,
            use_double_quotes=True,
            disable_timestamp=True,
            keep_model_order=True,
            custom_file_header=HEADER,
        )
    if not isinstance(text, str):
        raise ContractError("the models came out as several modules; a component's name must hold no dot")
    return text


def derived(bundle: Node) -> Node:
    """The document that the types are generated from."""
    document = _simplified(bundle)
    schemas: Node = document["components"]["schemas"]
    for name, pointer in IN_PLACE.items():
        schema = lookup(document, pointer)
        if schema is None:
            raise ContractError(f"{name} should be at {pointer}, where there is nothing")
        schemas[name] = dict(schema)
        schema.clear()
        schema["$ref"] = f"#/components/schemas/{name}"
    return {
        "openapi": document["openapi"],
        "info": document["info"],
        "paths": {},
        "components": {"schemas": schemas},
    }


def _simplified(node: Any) -> Any:
    if isinstance(node, list):
        return [_simplified(item) for item in node]
    if not isinstance(node, dict):
        return node
    copy = {key: _simplified(value) for key, value in node.items()}
    if "properties" in copy and isinstance(copy.get("additionalProperties"), dict):
        del copy["properties"]
    if copy.get("type") == "string" and "enum" in copy.get("not", {}):
        return {"type": "string", "const": UNKNOWN_TYPE}
    if "properties" in copy:
        copy.pop("allOf", None)
    parts = copy.get("allOf", [])
    return _one_object(parts) if parts and all("properties" in part for part in parts) else copy


def _one_object(parts: list[Node]) -> Node:
    properties = {name: schema for part in parts for name, schema in part["properties"].items()}
    required = [name for part in parts for name in part.get("required", [])]
    return {"type": "object", "properties": properties, "required": required}


def request_type(bundle: Node, path: str, method: str) -> str | None:
    """The name in generated/models.py of an operation's request body; None where it takes none."""
    escaped = path.replace("~", "~0").replace("/", "~1")
    pointer = f"#/paths/{escaped}/{method}/{_BODY}"
    schema = lookup(bundle, pointer)
    if schema is None:
        return None
    in_place = {place: name for name, place in IN_PLACE.items()}
    name = schema["$ref"].rpartition("/")[2] if "$ref" in schema else in_place.get(pointer)
    if name is None:
        raise ContractError(
            f"the request of {method.upper()} {path} has no name; give it one in scripts/contract/models.py"
        )
    return str(name)
