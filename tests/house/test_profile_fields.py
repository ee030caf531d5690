"""Every field of a profile is read by the gateway: one that nothing reads would be a fact without an effect."""

import ast

import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.profiles.base import ConversationProfile, Profile
from tests.house.sources import under


@pytest.mark.parametrize("profile", [Profile, ConversationProfile, *(one.profile_type for one in DIALECTS.values())])
def test_every_field_of_a_profile_is_read(profile: type[Profile]) -> None:
    # `Profile.of` reads the models.
    declared = profile.__annotations__.keys() - {"dialect", "models"}

    assert declared <= _read(*_readers(profile))


def _readers(profile: type[Profile]) -> tuple[str, ...]:
    """The parts of the gateway that read the fields that a class has of its own: its dialect, or any one."""
    if not profile.dialect:
        return "gateway/dialects/", "gateway/models.py", "gateway/routing/"
    return (f"gateway/dialects/{profile.__module__.rpartition('.')[2]}/",)


def _read(*places: str) -> set[str]:
    """The names that are read off profiles there, other than by the profiles themselves."""
    modules = [module for module in under(*places) if not module.path.startswith("gateway/dialects/profiles/")]
    nodes = [node for module in modules for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)]
    return {node.attr for node in nodes if _last_name(node.value) in ("profile", "_profile")}


def _last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
