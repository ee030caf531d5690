"""The settings: precedence, what a provider needs, and messages that name the place and show no secret."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.providers import Row
from gateway.settings import Settings, describe, load
from gateway.settings.document import ConfigurationError

HOME = {"HOME": "/home/ann"}
SECRET = "sk-4f9c-that-is-never-shown"


ROWS: Mapping[str, Row] = {
    row.name: row
    for row in (
        Row("openai", (ChatProfile(),), "https://api.openai.example/v1", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
        Row("groq", (ChatProfile(),), "https://api.groq.example/openai/v1", "GROQ_API_KEY"),
    )
}

Load = Callable[..., Settings]


@pytest.fixture
def load_yaml(tmp_path: Path) -> Load:
    def load_yaml(text: str, **environ: str) -> Settings:
        file = tmp_path / "w.yaml"
        file.write_text(text)
        return load(file, {**HOME, **environ}, ROWS)

    return load_yaml


@pytest.fixture
def problems(load_yaml: Load, tmp_path: Path) -> Callable[..., list[str]]:
    def problems(text: str, **environ: str) -> list[str]:
        with pytest.raises(ConfigurationError) as refused:
            load_yaml(text, **environ)
        return str(refused.value).replace(f"{tmp_path}/", "").splitlines()

    return problems


def test_nothing_need_be_said() -> None:
    settings = load(environ=HOME, rows=ROWS)

    assert (settings.host, settings.port, settings.workers, settings.log_level) == (
        "127.0.0.1",
        3000,
        1,
        "info",
    )
    assert settings.data_dir == Path("/home/ann/.local/share/waystone")
    assert settings.database_url == "sqlite:////home/ann/.local/share/waystone/waystone.db"
    assert settings.max_body_bytes == 20 * 1024 * 1024
    assert settings.api_key is None
    assert settings.embedded.enabled
    assert settings.providers == {}


def test_environment_wins_over_file_and_file_over_defaults(load_yaml: Load) -> None:
    settings = load_yaml("port: 4000\nhost: '::1'\nworkers: 2", PORT="5000", WORKERS="")

    assert (settings.port, settings.host, settings.workers, settings.log_level) == (5000, "::1", 2, "info")


def test_every_variable_sets_its_field(load_yaml: Load) -> None:
    settings = load_yaml(
        "",
        HOST="::",
        PORT="0",
        WORKERS="4",
        LOG_LEVEL="DEBUG",
        WAYSTONE_DATA="/srv/waystone",
        WAYSTONE_API_KEY=SECRET,
    )

    assert (settings.host, settings.port, settings.workers, settings.log_level) == ("::", 0, 4, "debug")
    assert settings.data_dir == Path("/srv/waystone")
    assert settings.database_url == "sqlite:////srv/waystone/waystone.db"
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == SECRET


def test_other_variables_are_left_alone(load_yaml: Load) -> None:
    settings = load_yaml("", PROVIDERS="x", EMBEDDED="x", API_KEY="x", DATA_DIR="x", MAX_BODY_BYTES="x")

    assert settings == load(environ=HOME, rows=ROWS)


def test_data_folder_follows_xdg(load_yaml: Load) -> None:
    assert load_yaml("", XDG_DATA_HOME="/data").data_dir == Path("/data/waystone")
    assert load_yaml("", XDG_DATA_HOME="relative").data_dir == Path("/home/ann/.local/share/waystone")


def test_file_is_named_by_variable_or_lies_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(environ=HOME).port == 3000
    Path("waystone.yaml").write_text("port: 1")
    Path("other.yaml").write_text("port: 2")
    Path("third.yaml").write_text("port: 3")

    assert load(environ=HOME).port == 1
    assert load(environ={**HOME, "WAYSTONE_CONFIG": "other.yaml"}).port == 2
    assert load(Path("third.yaml"), {**HOME, "WAYSTONE_CONFIG": "other.yaml"}).port == 3


def test_a_named_file_must_exist() -> None:
    with pytest.raises(ConfigurationError, match=r"/no/such\.yaml: cannot be read \(No such file or directory\)"):
        load(environ={**HOME, "WAYSTONE_CONFIG": "/no/such.yaml"})


def test_a_key_in_the_environment_turns_its_provider_on(load_yaml: Load) -> None:
    settings = load_yaml("", OPENAI_API_KEY=SECRET, OPENAI_BASE_URL="http://127.0.0.1:9/v1/", GROQ_API_KEY="")

    assert list(settings.providers) == ["openai"]
    assert settings.providers["openai"].base_url == "http://127.0.0.1:9/v1"
    assert settings.providers["openai"].dialect is None


def test_a_base_url_alone_turns_nothing_on(load_yaml: Load) -> None:
    assert load_yaml("", OPENAI_BASE_URL="http://127.0.0.1:9/v1").providers == {}


def test_a_known_provider_is_on_when_it_stands_in_the_file(load_yaml: Load) -> None:
    settings = load_yaml("providers:\n  openai:\n  groq: {models: [a]}", OPENAI_BASE_URL="http://127.0.0.1:9/v1")

    assert list(settings.providers) == ["openai", "groq"]
    assert settings.providers["openai"].base_url == "http://127.0.0.1:9/v1"


def test_environment_adds_to_what_the_file_says_of_a_provider(load_yaml: Load) -> None:
    settings = load_yaml("providers: {openai: {api_key: x, models: [a]}}", OPENAI_API_KEY=SECRET)

    openai = settings.providers["openai"]
    assert openai.models == ["a"]
    assert openai.api_key is not None
    assert openai.api_key.get_secret_value() == SECRET


def test_a_server_of_ones_own(load_yaml: Load) -> None:
    settings = load_yaml(
        "providers:\n"
        "  lab:\n"
        "    dialect: openai-chat\n"
        "    base_url: http://127.0.0.1:9000/v1\n"
        "    api_key: ${LAB_KEY:-none}\n"
        "    models: [small, org/large]\n"
        "    headers: {X-Tenant: '${TENANT}'}\n"
        "    timeouts: {connect: 1}\n"
        "    token_limit_field: max_tokens\n"
        "    stream_usage: no\n",
        TENANT="t1",
    )

    lab = settings.providers["lab"]
    assert lab.api_key is not None
    assert lab.api_key.get_secret_value() == "none"
    assert lab.models == ["small", "org/large"]
    assert lab.headers is not None
    assert lab.headers["X-Tenant"].get_secret_value() == "t1"
    assert (lab.timeouts.connect, lab.timeouts.idle, lab.timeouts.total) == (1.0, 300.0, 600.0)
    assert lab.stream_usage is False


def test_settings_cannot_be_changed(load_yaml: Load) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_yaml("").port = 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("port: abc", "w.yaml:1: port: expected a whole number from 0 to 65535"),
        ("\nport: 70000", "w.yaml:2: port: expected a whole number from 0 to 65535"),
        ("port: 1.5", "w.yaml:1: port: expected a whole number from 0 to 65535"),
        ("workers: yes", "w.yaml:1: workers: expected a whole number from 1 to 256"),
        ("workers: 0", "w.yaml:1: workers: expected a whole number from 1 to 256"),
        ("log_level: loud", "w.yaml:1: log_level: expected debug, info, warning or error"),
        ("host: ''", "w.yaml:1: host: expected the name or address to listen on"),
        ("data_dir: [a]", "w.yaml:1: data_dir: expected the path of a folder"),
        ("data_dir: ~no-such-user/x", "w.yaml:1: data_dir: expected the path of a folder"),
        (
            "max_body_bytes: -1",
            "w.yaml:1: max_body_bytes: expected a whole number of bytes from 1 to 2147483648",
        ),
        ("embedded: no", "w.yaml:1: embedded: expected a mapping, `enabled: true` or `enabled: false`"),
        ("embedded: {enabled: x}", "w.yaml:1: embedded.enabled: expected true or false"),
        (
            "database_url: mysql://x",
            "w.yaml:1: database_url: expected sqlite:///path/to/file or postgresql://",
        ),
        ("api_key: 5", "w.yaml:1: api_key: expected at least 20 printable ASCII characters that nobody can guess"),
        ("api_key: sk-1234567890123456", "w.yaml:1: api_key: expected at least 20 printable ASCII characters"),
        ("api_key: '  sk-1234567890123456   '", "w.yaml:1: api_key: expected at least 20 printable ASCII characters"),
        ("hots: x", "w.yaml:1: hots: unknown key; did you mean host? (known here: host, "),
        ("providers: [a]", "w.yaml:1: providers: expected the names of providers"),
        ("providers: {lab: x}", "w.yaml:1: providers.lab: expected the names of providers"),
    ],
)
def test_a_wrong_value_is_named_with_its_place_and_what_was_expected(
    text: str, message: str, problems: Callable[..., list[str]]
) -> None:
    assert [line[: len(message)] for line in problems(text)] == [message]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("dialect: soap", "dialect: expected one of openai-chat"),
        ("base_url: ftp://x", "base_url: expected an http:// or https:// URL"),
        ("base_url: http://", "base_url: expected an http:// or https:// URL"),
        ("base_url: http://me:pw@host", "base_url: expected an http:// or https:// URL"),
        ("base_url: http://host:99999", "base_url: expected an http:// or https:// URL"),
        ("base_url: 'http://[::1'", "base_url: expected an http:// or https:// URL"),
        ("base_url: http://host/v1?key=x", "base_url: expected an http:// or https:// URL"),
        ('base_url: "http://host/a\\nb"', "base_url: expected an http:// or https:// URL"),
        ('api_key: "a\\nb"', "api_key: expected a text of printable ASCII"),
        ("models: small", "models: expected a list of model names"),
        ("models: ['']", "models[0]: expected a list of model names"),
        ("headers: {'a b': c}", "headers: expected header names"),
        ("headers: {a: 5}", "headers.a: expected header names"),
        ("timeouts: {connect: 0}", "timeouts.connect: expected seconds"),
        ("timeouts: {total: .inf}", "timeouts.total: expected seconds"),
        ("timeouts: {idel: 5}", "timeouts.idel: unknown key; did you mean idle?"),
        ("stream_usage: perhaps", "stream_usage: expected true or false"),
        ("token_limit_field: tokens", "token_limit_field: expected max_tokens or max_completion_tokens"),
        ("system_messages: last", "system_messages: expected anywhere, first or none"),
        ("by_dialect: [openai-chat]", "by_dialect: expected names of dialects, each with what differs in it"),
        ("by_dialect: {openai-chat: {stream_usage: perhaps}}", "by_dialect.openai-chat.stream_usage: expected true or"),
        ("by_dialect: {openai-chat: {limit: 5}}", "by_dialect.openai-chat.limit: unknown key"),
        ("apikey: x", "apikey: unknown key; did you mean api_key?"),
    ],
)
def test_a_wrong_value_of_a_provider_is_named(line: str, message: str, problems: Callable[..., list[str]]) -> None:
    message = f"w.yaml:3: providers.models.{message}"

    # A provider may have the name of a field.
    found = problems(f"providers:\n  models:\n    {line}")

    assert [one[: len(message)] for one in found] == [message]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "opnai: {api_key: x}",
            "opnai: expected dialect and base_url, because this provider is not known by name",
        ),
        ("lab: {dialect: openai-chat}", "lab: expected dialect and base_url"),
        ("lab: {base_url: 'http://x'}", "lab: expected dialect and base_url"),
        ("a/b: {}", "a/b: expected a name of a to z"),
        ("Lab: {}", "Lab: expected a name of a to z"),
        ("-lab: {}", "-lab: expected a name of a to z"),
        ("'': {}", ": expected a name of a to z"),
        ("embedded: {}", "embedded: expected another name"),
    ],
)
def test_a_provider_that_cannot_be_one_is_named(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text(f"providers:\n  {text}")

    with pytest.raises(ConfigurationError) as refused:
        load(file, HOME, ROWS)

    assert str(refused.value).startswith(f"{file}:2: providers.{message}")


def test_a_provider_that_is_nearly_known_is_suggested(problems: Callable[..., list[str]]) -> None:
    assert "did you mean openai? (known: openai, groq)" in problems("providers: {opnai: {}}")[0]


def test_problems_come_together_in_the_order_of_the_file(problems: Callable[..., list[str]]) -> None:
    found = problems("workers: x\nhots: y\nport: z", LOG_LEVEL="loud")

    assert [line.partition(": expected")[0].partition(": unknown")[0] for line in found] == [
        "environment variable LOG_LEVEL",
        "w.yaml:1: workers",
        "w.yaml:2: hots",
        "w.yaml:3: port",
    ]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", SECRET),
        ("WORKERS", SECRET),
        ("LOG_LEVEL", SECRET),
        ("DATABASE_URL", SECRET),
        ("WAYSTONE_API_KEY", f"{SECRET}\n\u00e9"),
        ("OPENAI_API_KEY", f"{SECRET}\0"),
        ("OPENAI_BASE_URL", SECRET),
    ],
)
def test_a_wrong_variable_is_named_and_its_value_is_not(
    variable: str, value: str, problems: Callable[..., list[str]]
) -> None:
    found = problems("providers: {openai: }", **{variable: value})

    assert [line.partition(":")[0] for line in found] == [f"environment variable {variable}"]
    assert SECRET not in str(found)


@pytest.mark.parametrize(
    "key", ["port", "log_level", "database_url", "embedded", "hots", "providers", "max_body_bytes"]
)
def test_what_a_file_holds_never_stands_in_a_message(key: str, tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text(f"{key}: ${{KEY}}")

    with pytest.raises(ConfigurationError) as refused:
        load(file, {**HOME, "KEY": SECRET}, ROWS)

    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_no_secret_shows_in_repr_or_description(load_yaml: Load) -> None:
    settings = load_yaml(
        "providers: {openai: {headers: {X-Key: '${OPENAI_API_KEY}'}}}",
        OPENAI_API_KEY=SECRET,
        WAYSTONE_API_KEY=SECRET,
        DATABASE_URL=f"postgresql://ann:{SECRET}:/@{SECRET}@host/db?sslpassword={SECRET}&x=1",
    )

    described = describe(settings)

    assert SECRET not in repr(settings) + str(settings) + json.dumps(described)
    assert described["database_url"] == "postgresql://ann:***@host/db?sslpassword=***&x=1"
    assert described["providers"]["openai"]["headers"] == {"X-Key": "***"}
    assert described["api_key"] == "***"


def test_what_a_row_says_is_shown_as_in_force_and_what_nobody_says_is_not(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    azure = "{base_url: 'https://r.example', api_key: abcdef}"
    file.write_text(f"providers: {{bedrock: {{region: eu-west-1}}, azure: {azure}}}")
    shown = describe(load(file, HOME))["providers"]
    assert shown["bedrock"]["base_url"] == "https://bedrock-runtime.eu-west-1.amazonaws.com"
    assert shown["bedrock"]["dialect"] == ["bedrock-converse"]
    assert shown["azure"]["base_url"] == "https://r.example/openai/v1"
    assert None not in shown["bedrock"].values()


def test_what_is_said_of_one_dialect_is_shown_alone(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text("providers: {openai: {by_dialect: {openai-chat: {stream_usage: no}}}, anthropic: {by_dialect: }}")
    shown = describe(load(file, HOME))["providers"]
    assert [shown[name]["by_dialect"] for name in shown] == [{"openai-chat": {"stream_usage": False}}, {}]


_KEYS = st.sampled_from([*Settings.model_fields, "lab", "base_url", "models", "timeouts", "headers", "connect", "x"])
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(["${A}", "http://x"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=12,
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=5), st.dictionaries(st.sampled_from(["PORT", "A"]), st.text()))
def test_any_file_gives_settings_or_a_configuration_error(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any], environ: dict[str, str]
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(json.dumps(values))  # JSON is YAML

    with suppress(ConfigurationError):
        assert json.dumps(describe(load(file, {**HOME, **environ}, ROWS)))
