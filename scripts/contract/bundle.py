"""Makes one self-contained document of the contract's sources, with its references kept."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scripts.contract import overlay
from scripts.contract.merge import merge
from scripts.contract.sources import ContractError, Node, read_folder

ROOT_FILE = "root.yaml"


def bundle(openapi: Path) -> Node:
    """The contract of a folder with `documents/`, `overlays/` and `v1/`."""
    documents = merge(read_folder(openapi / "documents").values())
    for addition in read_folder(openapi / "overlays").values():
        documents = overlay.apply(documents, addition)
    return join(documents, read_folder(openapi / "v1"))


def join(documents: Node, files: Mapping[str, Node]) -> Node:
    """The documents' operations, then those of the files, under the head of root.yaml.

    The files' operations take the root's security where they state none of their own.
    """
    root = files[ROOT_FILE]
    parts = [resolved(name, files) for name in files if name != ROOT_FILE]
    secured = [{**part, "security": root["security"]} for part in parts]
    merged = merge([root, documents, *secured])
    head = {key: value for key, value in root.items() if key not in ("components", "security")}
    kinds = sorted(merged["components"], key=lambda kind: kind == "schemas")
    components = {kind: merged["components"][kind] for kind in kinds}
    return {**head, "paths": merged["paths"], "components": components}


def resolved(name: str, files: Mapping[str, Node]) -> Node:
    """One file, its references to other files made references within the bundle."""

    def rewrite(reference: str) -> str:
        file, _, pointer = reference.partition("#")
        if lookup(files.get(file or name, {}), "#" + pointer) is None:
            raise ContractError(f"v1/{name}: {reference} leads nowhere")
        return "#" + pointer

    result: Node = map_references(files[name], rewrite)
    return result


def map_references(node: Any, rewrite: Callable[[str], str]) -> Any:
    """A copy in which every `$ref` and every discriminator's mapping went through `rewrite`."""
    if isinstance(node, list):
        return [map_references(item, rewrite) for item in node]
    if not isinstance(node, dict):
        return node
    copy = {key: map_references(value, rewrite) for key, value in node.items()}
    if isinstance(copy.get("$ref"), str):
        copy["$ref"] = rewrite(copy["$ref"])
    if isinstance(copy.get("mapping"), dict) and "propertyName" in copy:
        copy["mapping"] = {tag: rewrite(reference) for tag, reference in copy["mapping"].items()}
    return copy


def lookup(document: Node, reference: str) -> Any:
    """What a reference such as `#/components/schemas/Error` leads to, or None."""
    node: Any = document
    for step in reference.removeprefix("#/").split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        elif isinstance(node, dict) and key in node:
            node = node[key]
        else:
            return None
    return node
