"""Every field of a profile is read by the gateway: one that nothing reads would be a fact without an effect."""

import ast

import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.profiles.base import ConversationProfile, Profile
from tests.house.sources import under

_PROFILES = "gateway/dialects/profiles/"
# What a value that holds a profile is called; `profiles[...]` is one as well.
_PROFILE_NAMES = ("profile", "_profile", "own", "profiles")


@pytest.mark.parametrize("profile", [Profile, ConversationProfile, *(one.profile_type for one in DIALECTS.values())])
def test_every_field_of_a_profile_is_read(profile: type[Profile]) -> None:
    declared = {name for name in profile.__annotations__ if name != "dialect"}

    assert declared <= _read(*_readers(profile))


def _readers(profile: type[Profile]) -> tuple[str, ...]:
    """The parts of the gateway that read the fields that a class has of its own: its dialect, or any one."""
    if not profile.dialect:
        return "gateway/dialects/", "gateway/models.py", "gateway/routing/", "gateway/tokens/"
    # What the gateway does where an upstream does not is told apart by profiles, too.
    return f"gateway/dialects/{profile.__module__.rpartition('.')[2]}/", "gateway/window/"


def _read(*places: str) -> set[str]:
    """The names that are read off profiles there, and those that a profile's method reads whose own name is."""
    modules = [module for module in under(*places) if not module.path.startswith(_PROFILES)]
    read = {name for module in modules for name in _names_off(module.tree, *_PROFILE_NAMES)}
    methods = [
        node for module in under(_PROFILES) for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef)
    ]
    return read | {name for method in methods if method.name in read for name in _names_off(method, "self")}


def _names_off(tree: ast.AST, *owners: str) -> set[str]:
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return {node.attr for node in nodes if _last_name(node.value) in owners}


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
