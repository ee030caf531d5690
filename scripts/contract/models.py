"""Writes generated/models.py: a typed dictionary for each schema of the contract.

The types come from a document derived from the bundle, which differs from it where Python's types cannot
follow JSON Schema: a fallback branch (`type` is anything but the known ones) is tagged with a literal of its
own, so that mypy can tell the branches of a union apart; a map with a few named keys is a plain map; parts
of one object joined by `allOf` are one object; what narrows a union to some fields is an object with these;
every schema that is written in place has a name (see `in_place` and `type_names`).
"""

import warnings
from typing import Any

from datamodel_code_generator import InputFileType, LiteralType, generate
from datamodel_code_generator.enums import DataModelType
from datamodel_code_generator.format import Formatter, PythonVersion

from scripts.contract.in_place import media, named_schemas
from scripts.contract.sources import ContractError, Node
from scripts.contract.type_names import UNKNOWN_TYPE, request_name

HEADER = '"""The types of the contract\'s schemas. Written by scripts/generate from openapi/; not to be edited."""'

# No type can hold a text to these; the generator would name each such text after its field, though.
_TEXT_LIMITS = ("minLength", "maxLength", "pattern")


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
    """The document that the types are generated from: nothing but named schemas."""
    document = _simplified(bundle)
    return {
        "openapi": document["openapi"],
        "info": document["info"],
        "paths": {},
        "components": {"schemas": named_schemas(document)},
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
    for limit in _TEXT_LIMITS if copy.get("type") == "string" else ():
        copy.pop(limit, None)
    if "properties" in copy:
        copy.pop("allOf", None)
    parts = copy.get("allOf", [])
    return _one_object(parts) if parts and all("properties" in part for part in parts) else copy


def _one_object(parts: list[Node]) -> Node:
    properties = {name: schema for part in parts for name, schema in part["properties"].items()}
    required = [name for part in parts for name in part.get("required", [])]
    return {"type": "object", "properties": properties, "required": required}


def request_type(bundle: Node, operation: Node) -> str | None:
    """The name in generated/models.py of an operation's request body; None where it takes none."""
    media_types = (media_type for media_type, _ in media(bundle, operation.get("requestBody", {})))
    return next((request_name(operation, media_type) for media_type in media_types), None)
