"""What waystone.yaml says of a provider's profiles: of all of its dialects, or of one."""

from pathlib import Path
from typing import TypeVar

import pytest
from structlog.testing import capture_logs

from gateway.dialects import DIALECTS
from gateway.dialects.profiles.anthropic import AnthropicProfile
from gateway.dialects.profiles.base import Profile
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.providers import ROWS
from gateway.settings import Settings, load
from gateway.settings.document import ConfigurationError
from gateway.settings.profiles import ProfileSettings, dialects_of
from gateway.upstreams import upstream
from tests.unit.lanes import Nowhere

P = TypeVar("P", bound=Profile)
LAB = "providers:\n  lab:\n    base_url: http://127.0.0.1:9/v1\n    dialect: [openai-chat, openai-responses]\n"


def loaded(folder: Path, text: str) -> Settings:
    file = folder / "waystone.yaml"
    file.write_text(text)
    return load(environ={"WAYSTONE_CONFIG": str(file), "HOME": str(folder)})


def profile(settings: Settings, name: str, dialect: type[P]) -> P:
    provider = settings.providers[name]
    return provider.profile_in(provider.row(name, ROWS), dialect)


def test_what_is_said_of_the_provider_counts_in_every_dialect_that_has_a_use_for_it(tmp_path: Path) -> None:
    said = "token_limit_field: max_tokens\n    stream_usage: no\n    hosted_tools: drop\n    developer_role: no"
    settings = loaded(tmp_path, f"{LAB}    {said}\n")
    chat, responses = profile(settings, "lab", ChatProfile), profile(settings, "lab", ResponsesProfile)
    assert (chat.token_limit_field, chat.stream_usage, chat.drops_hosted_tools) == ("max_tokens", False, True)
    assert not chat.takes_developer_role
    assert not responses.takes_developer_role


def test_what_is_said_of_one_dialect_counts_there_alone_and_first(tmp_path: Path) -> None:
    section = "{openai-chat: {developer_role: yes, system_messages: first}}"
    settings = loaded(tmp_path, f"{LAB}    developer_role: no\n    by_dialect: {section}\n")
    chat, responses = profile(settings, "lab", ChatProfile), profile(settings, "lab", ResponsesProfile)
    assert (chat.takes_developer_role, chat.system_messages) == (True, "first")
    assert not responses.takes_developer_role


def test_it_counts_for_every_model_of_a_row(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "providers: {openai: {by_dialect: {openai-chat: {token_limit_field: max_tokens}}}}")
    chat = profile(settings, "openai", ChatProfile)
    assert {of_model.token_limit_field for of_model in (chat, *(of_model for _, of_model in chat.models))} == {
        "max_tokens"
    }


def test_a_row_that_is_asked_in_another_dialect_shares_what_both_know(tmp_path: Path) -> None:
    text = "providers: {lmstudio: {dialect: anthropic-messages, base_url: 'http://127.0.0.1:9'}}"
    found = profile(loaded(tmp_path, text), "lmstudio", AnthropicProfile)
    assert not found.takes_image_urls
    assert found.context_too_long is ROWS["lmstudio"].own.context_too_long


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{anthropic-messages: {hosted_tools: drop}}", "anthropic-messages: expected a dialect that it speaks"),
        ("{chat: {}}", "chat: expected a dialect that it speaks: openai-chat, openai-responses"),
        ("{openai-responses: {stream_usage: no}}", "openai-responses.stream_usage: expected in another dialect"),
        ("{openai-responses: {hosted_tools: drop}}", "openai-responses.hosted_tools: expected in another dialect"),
    ],
)
def test_what_has_no_effect_is_refused_with_its_place(tmp_path: Path, section: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        loaded(tmp_path, f"{LAB}    by_dialect: {section}\n")
    assert f"waystone.yaml:5: providers.lab.by_dialect.{message}" in str(refused.value)


def test_what_no_dialect_of_a_provider_has_a_use_for_is_told_at_the_start(tmp_path: Path) -> None:
    text = "providers: {anthropic: {token_limit_field: max_tokens, hosted_tools: drop, system_messages: first}}"
    provider = loaded(tmp_path, text).providers["anthropic"]

    with capture_logs() as told:
        upstream("anthropic", provider, Nowhere())

    assert [(line["event"], line["provider"], line["setting"]) for line in told] == [
        ("setting_without_use", "anthropic", "token_limit_field"),
        ("setting_without_use", "anthropic", "system_messages"),
    ]


def test_every_setting_is_of_use_to_a_dialect() -> None:
    used = {name: dialects_of(name) for name in ProfileSettings.model_fields}
    assert all(used.values())
    assert set().union(*used.values()) == set(DIALECTS)
