"""The settings of providers: instances, keys, clouds, and which variables turn what on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.providers import ROWS, Row
from gateway.settings import ProviderSettings, Settings, describe, load
from gateway.settings.document import ConfigurationError
from tests.servers.certificates import Authority

HOME = {"HOME": "/home/ann"}

CLOUD = Row(
    "cloud",
    (ChatProfile(),),
    "https://{host}/v1/{project}/{location}",
    scheme="google",
    variables={
        "project": ("CLOUD_PROJECT", "OLD_CLOUD_PROJECT"),
        "location": "CLOUD_LOCATION",
        "credentials_file": "CLOUD_CREDENTIALS",
    },
    hosts={"global": "cloud.example", "": "{location}.cloud.example"},
)
DATED = Row("hosted", (ChatProfile(),), "{endpoint}/deployments/{model}?api-version={api_version}", scheme="azure")
HOSTED = Row(
    "hosted",
    (ChatProfile(), ResponsesProfile()),
    "{endpoint}/openai/v1",
    "HOSTED_KEY",
    "HOSTED_ENDPOINT",
    scheme="azure",
    variables={"api_version": "HOSTED_VERSION", "azure_ad_token": "HOSTED_TOKEN"},
    variants={"api_version": DATED},
)
SIGNED = Row(
    "signed",
    (ChatProfile(),),
    "https://{region}.signed.example",
    "SIGNED_BEARER",
    scheme="aws",
    variables={"region": ("SIGNED_REGION", "SIGNED_DEFAULT_REGION")},
)
LOCAL = Row("local", (ChatProfile(),), "http://localhost:1/v1", "LOCAL_KEY", "LOCAL_URL", scheme="none")
OPEN = Row(
    "open",
    (ChatProfile(),),
    "https://open.example/v1",
    "OPEN_KEY",
    "OPEN_URL",
    key_variables=("OTHER_OPEN_KEY",),
    headers={"Open-Organization": "{organization}"},
    variables={"organization": "OPEN_ORG"},
)
KNOWN = {row.name: row for row in (CLOUD, HOSTED, SIGNED, LOCAL, OPEN)}

Load = Callable[..., Settings]


@pytest.fixture
def load_providers(tmp_path: Path) -> Load:
    def load_providers(providers: Any = None, **environ: str) -> Settings:
        file = tmp_path / "w.yaml"
        file.write_text(json.dumps({"providers": providers or {}}))
        return load(file, {**HOME, **environ}, KNOWN)

    return load_providers


@pytest.fixture
def problems(load_providers: Load) -> Callable[..., list[str]]:
    def problems(providers: Any, **environ: str) -> list[str]:
        with pytest.raises(ConfigurationError) as refused:
            load_providers(providers, **environ)
        return [line.partition(": ")[2] for line in str(refused.value).splitlines()]

    return problems


def key(provider: ProviderSettings) -> list[tuple[str, float]]:
    return [(key.key.get_secret_value(), key.weight) for key in provider.own_keys()]


@pytest.mark.parametrize(
    ("environ", "on"),
    [
        ({"OPEN_KEY": "k"}, ["open"]),
        ({"OTHER_OPEN_KEY": "k"}, ["open"]),
        ({"OPEN_KEY": "  "}, []),
        ({"OPEN_URL": "http://127.0.0.1:9", "OPEN_ORG": "o"}, []),
        ({"LOCAL_URL": "http://127.0.0.1:9"}, ["local"]),
        ({"LOCAL_KEY": "k"}, ["local"]),
        ({"HOSTED_KEY": "k"}, []),
        ({"HOSTED_ENDPOINT": "https://res.example"}, []),
        ({"HOSTED_KEY": "k", "HOSTED_ENDPOINT": "https://res.example"}, ["hosted"]),
        ({"HOSTED_TOKEN": "t", "HOSTED_ENDPOINT": "https://res.example"}, ["hosted"]),
        ({"HOSTED_VERSION": "2024-10-21", "HOSTED_ENDPOINT": "https://res.example"}, []),
        ({"CLOUD_PROJECT": "p"}, []),
        ({"CLOUD_PROJECT": "p", "CLOUD_LOCATION": "l"}, []),
        ({"CLOUD_CREDENTIALS": "/a.json", "CLOUD_PROJECT": "p"}, []),
        ({"CLOUD_CREDENTIALS": "/a.json", "CLOUD_PROJECT": "p", "CLOUD_LOCATION": "l"}, ["cloud"]),
        ({"SIGNED_BEARER": "k"}, []),
        ({"SIGNED_REGION": "r"}, []),
        ({"SIGNED_BEARER": "k", "SIGNED_DEFAULT_REGION": "r"}, ["signed"]),
    ],
)
def test_a_provider_is_on_where_the_environment_opens_and_finds_it(
    load_providers: Load, environ: dict[str, str], on: list[str]
) -> None:
    assert list(load_providers(**environ).providers) == on


def test_of_several_variables_the_first_that_is_set_counts(load_providers: Load) -> None:
    settings = load_providers(
        {"cloud": None}, OLD_CLOUD_PROJECT="old", CLOUD_PROJECT="new", CLOUD_LOCATION="l", OTHER_OPEN_KEY="other"
    )
    assert settings.providers["cloud"].project == "new"
    assert key(settings.providers["open"]) == [("other", 1.0)]
    settings = load_providers({"cloud": None}, OLD_CLOUD_PROJECT="old", CLOUD_LOCATION="l", OPEN_KEY="own")
    assert settings.providers["cloud"].project == "old"
    assert key(settings.providers["open"]) == [("own", 1.0)]


def test_a_key_with_a_comma_is_one_key(load_providers: Load) -> None:
    assert key(load_providers(OPEN_KEY="a,b").providers["open"]) == [("a,b", 1.0)]


def test_several_keys_each_have_their_share(load_providers: Load) -> None:
    settings = load_providers({"open": {"api_keys": ["a", {"key": "b", "weight": 2}]}})
    assert key(settings.providers["open"]) == [("a", 1.0), ("b", 2.0)]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("open", {"api_keys": ["a", "b"]}),
        ("hosted", {"azure_ad_token": "t", "base_url": "https://res.example"}),
        ("signed", {"access_key_id": "a", "secret_access_key": "b", "region": "r"}),
        ("signed", {"profile": "p", "region": "r"}),
    ],
)
def test_the_environments_key_is_not_meant_where_the_file_opens_it_otherwise(
    load_providers: Load, row: str, said: dict[str, Any]
) -> None:
    settings = load_providers({row: said}, OPEN_KEY="env", HOSTED_KEY="env", SIGNED_BEARER="env")
    assert settings.providers[row].api_key is None


def test_further_instances_go_by_the_row_that_they_name(load_providers: Load) -> None:
    settings = load_providers(
        {"open-eu": {"provider": "open", "base_url": "https://eu.example/v1", "api_key": "eu", "weight": 3}},
        OPEN_URL="https://other.example/v1",
        OPEN_ORG="o",
    )
    eu = settings.providers["open-eu"]
    assert list(settings.providers) == ["open-eu"]
    assert (eu.row("open-eu", KNOWN), eu.base_url, eu.weight) == (OPEN, "https://eu.example/v1", 3.0)
    # The environment's address and organisation are those of the provider under its own name.
    assert eu.organization is None


def test_variables_are_not_for_another_provider_under_the_same_name(load_providers: Load) -> None:
    settings = load_providers({"open": {"provider": "local"}}, OPEN_KEY="k")
    assert settings.providers["open"].api_key is None


def test_a_setting_may_lead_to_another_row(load_providers: Load) -> None:
    hosted = {"base_url": "https://res.example", "api_key": "k"}
    settings = load_providers({"hosted": hosted, "old": {**hosted, "provider": "hosted", "api_version": "2024-10-21"}})
    assert settings.providers["hosted"].row("hosted", KNOWN) is HOSTED
    assert settings.providers["old"].row("old", KNOWN) is DATED


@pytest.mark.parametrize(
    ("providers", "found"),
    [
        (
            {"x": {"provider": "opne"}},
            "providers.x.provider: expected the name of a known provider; did you mean open?",
        ),
        ({"cloud": {"location": "l"}}, "providers.cloud: expected project: its address has it in it"),
        ({"hosted": {"api_key": "k"}}, "providers.hosted: expected base_url: its address has it in it"),
        ({"open": {"region": "r"}}, "providers.open.region: expected in another provider"),
        ({"open": {"profile": "p"}}, "providers.open.profile: expected in another provider"),
        ({"signed": {"azure_ad_token": "t", "region": "r"}}, "providers.signed.azure_ad_token: expected in another"),
        ({"open": {"api_keys": []}}, "providers.open.api_keys: expected a list of at least one key"),
        ({"open": {"api_keys": [""]}}, "providers.open.api_keys[0].key: expected a text of printable ASCII"),
        ({"open": {"api_keys": ["a", 5]}}, "providers.open.api_keys[1]: expected a list of at least one key"),
        (
            {"open": {"api_keys": [{"key": "a", "wieght": 1}]}},
            "providers.open.api_keys[0].wieght: unknown key; did you mean weight?",
        ),
        ({"open": {"api_key": "a", "api_keys": ["b"]}}, "providers.open.api_keys: expected either api_key or api_keys"),
        ({"open": {"api_keys": [{"key": "a", "weight": 0}]}}, "providers.open.api_keys: expected a weight over 0"),
        ({"open": {"weight": -1}}, "providers.open.weight: expected a share"),
        ({"open": {"deployments": {"a": ""}}}, "providers.open.deployments.a: expected names of models"),
        ({"open": {"query": {"a": 5}}}, "providers.open.query.a: expected names, each with a text"),
        ({"open": {"retries": {"attempts": 0}}}, "providers.open.retries.attempts: expected a whole number"),
        ({"open": {"timeouts": {"first_byte": 0}}}, "providers.open.timeouts.first_byte: expected seconds"),
        ({"open": {"organization": "a b"}}, "providers.open.organization: expected letters, digits"),
        ({"signed": {"region": "r/x"}}, "providers.signed.region: expected letters, digits"),
        ({"signed": {"base_url": "https://x.example"}}, "providers.signed: expected region: its requests are signed"),
        ({"signed": {"region": "r", "access_key_id": "a"}}, "providers.signed: expected access_key_id and secret_acc"),
        ({"signed": {"region": "r", "session_token": "a"}}, "providers.signed.session_token: expected with access_key"),
    ],
)
def test_what_does_not_go_together_is_named(
    problems: Callable[..., list[str]], providers: dict[str, Any], found: str
) -> None:
    assert [line[: len(found)] for line in problems(providers)] == [found]


def test_every_secret_of_a_provider_is_masked(load_providers: Load) -> None:
    secrets = [f"secret-{number}" for number in range(9)]
    settings = load_providers(
        {
            "open": {
                "api_keys": [secrets[0], {"key": secrets[1]}],
                "headers": {"a": secrets[2]},
                "query": {"b": secrets[3]},
            },
            "hosted": {"azure_ad_token": secrets[4], "base_url": "https://res.example"},
            "signed": {
                "region": "r",
                "access_key_id": secrets[5],
                "secret_access_key": secrets[6],
                "session_token": secrets[7],
            },
            "local": {"api_key": secrets[8]},
        }
    )
    shown = json.dumps(describe(settings))
    assert shown.count('"***"') == len(secrets)
    assert "secret-" not in shown + repr(settings) + str(settings)


@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.key_variable], ids=lambda row: row.name)
def test_every_known_provider_is_turned_on_by_the_variables_of_its_row(row: Row, tmp_path: Path) -> None:
    environ = {str(row.key_variable): "sk-test"}
    if row.base_url_variable:
        environ[row.base_url_variable] = "http://127.0.0.1:9"
    for names in row.variables.values():
        environ[names if isinstance(names, str) else names[0]] = "value"
    (tmp_path / "w.yaml").write_text("")
    settings = load(tmp_path / "w.yaml", {**HOME, **environ})
    assert key(settings.providers[row.name]) == [("sk-test", 1.0)]


def test_a_provider_has_its_own_way_to_be_called(load_providers: Load, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    tls = {"ca": str(authority.file), "client_cert": str(authority.issue("client.test"))}
    called = load_providers({"open": {"max_connections": 8, "http2": True, "tls": tls}}).providers["open"]
    assert (called.max_connections, called.http2, called.tls.ca) == (8, True, authority.file)
    plain = load_providers({"open": {"tls": None}}).providers["open"]
    assert (plain.max_connections, plain.http2, plain.tls.ca) == (None, False, None)


def test_a_server_on_a_unix_socket_has_an_address(load_providers: Load) -> None:
    lab = {"dialect": "openai-chat", "base_url": "http+unix://%2FRun%2Flab.sock/v1/"}
    assert load_providers({"lab": lab}).providers["lab"].base_url == "http+unix://%2FRun%2Flab.sock/v1"


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"max_connections": 0}, "providers.open.max_connections: expected a whole number from 1"),
        ({"max_connections": 1.5}, "providers.open.max_connections: expected a whole number from 1"),
        ({"max_connections": True}, "providers.open.max_connections: expected a whole number from 1"),
        ({"http2": "perhaps"}, "providers.open.http2: expected true or false"),
        ({"tls": "a.pem"}, "providers.open.tls: expected ca, client_cert or client_key"),
        ({"tls": {"cert": "a.pem"}}, "providers.open.tls.cert: unknown key"),
        ({"tls": {"ca": "/no/such.pem"}}, "providers.open.tls.ca: expected the path of a file that can be read"),
        ({"tls": {"ca": "/dev/null"}}, "providers.open.tls.ca: expected a file with at least one certificate in PEM"),
        ({"tls": {"client_cert": "/dev/null"}}, "providers.open.tls.client_cert: expected a certificate in PEM, with"),
        (
            {"tls": {"ca": "/dev/null"}, "base_url": "http://127.0.0.1:9/v1"},
            "providers.open.tls.ca: expected with an https:// base_url only",
        ),
        ({"base_url": "http+unix://run/v1"}, "providers.open.base_url: expected an http:// or https:// URL"),
        ({"base_url": "http+unix://%2Frun", "http2": True}, "providers.open.http2: expected without a Unix socket"),
    ],
)
def test_a_way_to_call_that_is_none_is_named(
    problems: Callable[..., list[str]], said: dict[str, Any], problem: str
) -> None:
    (found,) = problems({"open": said})
    assert found.startswith(problem)
