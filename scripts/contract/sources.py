"""Reads the YAML files under openapi/."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

Node = dict[str, Any]


class ContractError(Exception):
    """The sources do not make a contract. The message names the file or the place in it."""


class _Loader(yaml.CSafeLoader):
    """Refuses what YAML allows and JSON cannot say: repeated keys, and keys that are not strings."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        mapping = super().construct_mapping(node, deep)
        where = f"{node.start_mark.name}, line {node.start_mark.line + 1}"
        if len(mapping) < len(node.value):
            raise ContractError(f"{where}: a key is repeated")
        for key in mapping:
            if not isinstance(key, str):
                raise ContractError(f"{where}: the key {key!r} is not a string; quote it")
        return mapping


def read_file(path: Path) -> Node:
    """The mapping that the file holds."""
    with path.open("rb") as stream:
        try:
            content = yaml.load(stream, _Loader)
        except yaml.YAMLError as error:
            raise ContractError(f"{path}: {error}") from None
    if not isinstance(content, dict):
        raise ContractError(f"{path}: holds no mapping")
    return content


def read_folder(folder: Path) -> dict[str, Node]:
    """The YAML files of a folder by name, in alphabetical order."""
    return {path.name: read_file(path) for path in sorted(folder.glob("*.yaml"))}
