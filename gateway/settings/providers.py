"""The settings of one provider, and what is wrong with them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from gateway.dialects import DIALECTS
from gateway.dialects.profiles.base import Profile
from gateway.providers import Row, compatible
from gateway.providers.address import needed, used, variant
from gateway.settings.models import Retries
from gateway.settings.options import (
    KEY,
    SECONDS,
    WEIGHT,
    AbsolutePath,
    Key,
    Number,
    Seconds,
    Secret,
    Section,
    Text,
    WebAddress,
    Weight,
    Word,
    filled,
    header_names,
    listed,
)
from gateway.settings.problems import Problem, nearest
from gateway.settings.profiles import ProfileSettings, profile_problems
from gateway.wire.request import UNIX
from gateway.wire.tls import TLS, tls_problems

P = TypeVar("P", bound=Profile)

_EMBEDDED = "embedded"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_PEM = "the path of a file in PEM"
_WORD = "letters, digits, '.', '_', ':' and '-'"

PLACES = ("organization", "project", "region", "location", "api_version")
"""The settings that rows have places for in their addresses and headers."""


def _known(dialects: list[str] | None) -> list[str] | None:
    # Checked as a whole, so that the problem stands at the key, whether a list was written or one name.
    if dialects is not None and not set(dialects) <= DIALECTS.keys():
        raise ValueError("not a dialect")
    return dialects


def _as_key(value: Any) -> Any:
    return {"key": value} if isinstance(value, str | SecretStr) else value


class Timeouts(Section):
    """Seconds to wait: for a connection, the first byte, between two pieces of an answer, and for the whole of it."""

    connect: Seconds = Field(default=10.0, description=SECONDS)
    """For a connection."""
    first_byte: Seconds | None = Field(default=None, description=SECONDS)
    """For the head of an answer, and for the first chunk of a stream. [as `timeouts.idle`]"""
    idle: Seconds = Field(default=300.0, description=SECONDS)
    """Between two chunks."""
    total: Seconds = Field(default=600.0, description=SECONDS)
    """For the whole answer."""


class TLSSettings(Section):
    """PEM files: whose certificates are trusted in the place of the system's, and what is shown to the provider."""

    ca: AbsolutePath | None = Field(default=None, description=_PEM)
    """Authorities, trusted for this provider in the place of the system's."""
    client_cert: AbsolutePath | None = Field(default=None, description=_PEM)
    """A certificate that is shown to it."""
    client_key: AbsolutePath | None = Field(default=None, description=_PEM)
    """The key of that certificate, where it is not in the same file."""


class KeySettings(Section):
    """One of several keys, and its share of the requests."""

    key: Secret = Field(min_length=1, description=KEY)
    weight: Weight = Field(default=1.0, description=WEIGHT)


class ProviderSettings(ProfileSettings):
    """One provider. None means: as its row says, for one that is known by name.

    What it says itself of profiles is about each of its dialects that has a use for it.
    """

    provider: Text | None = Field(default=None, description="the name of a known provider, of which this is another")
    """The known provider that this is another instance of; variables of the environment are those of the first."""
    dialect: Annotated[list[str] | None, BeforeValidator(listed), AfterValidator(_known)] = Field(
        default=None, min_length=1, description=f"one of {', '.join(DIALECTS)}, or a list of them, its own first"
    )
    """What it speaks."""
    base_url: WebAddress | None = Field(
        default=None,
        description="an http:// or https:// URL without credentials, query and fragment, "
        "such as http://127.0.0.1:9000/v1; or that of a Unix socket, such as http+unix://%2Frun%2Fserver.sock/v1",
    )
    """Its address, in the place of the one in the last table, version and all: the dialect's own path is put behind it.
    An Azure endpoint without a path is completed. The path of a Unix socket is quoted."""
    api_key: Key = Field(default=None, description=KEY)
    """Its key. A comma in it is part of it."""
    api_keys: list[Annotated[KeySettings, BeforeValidator(_as_key)]] | None = Field(
        default=None, min_length=1, description=f"a list of at least one key ({KEY}), or of {{key, weight}}"
    )
    """Several keys, used in turn by their weight."""
    azure_ad_token: Key = Field(default=None, description=KEY)
    """Azure: an Entra token in place of a key; it is sent as it is and not renewed."""
    access_key_id: Key = Field(default=None, description=KEY)
    """AWS: the id of an access key. Without one, and without `profile`, AWS's usual chain."""
    secret_access_key: Key = Field(default=None, description=KEY)
    """AWS: the secret of that key."""
    session_token: Key = Field(default=None, description=KEY)
    """AWS: what goes with a key that holds for a while only."""
    profile: Text | None = Field(default=None, description="the name of a profile in AWS's own files")
    """AWS: the profile whose credentials are used."""
    credentials_file: AbsolutePath | None = Field(default=None, description="the path of a file")
    """Google: the JSON file of a service account (or of `gcloud`, or of a workload identity). Without one, the
    application-default credentials."""
    organization: Word | None = Field(default=None, description=_WORD)
    """OpenAI: named in a header."""
    project: Word | None = Field(default=None, description=_WORD)
    """OpenAI: named in a header. Google: in the address."""
    region: Word | None = Field(default=None, description=_WORD)
    """Where it is, for addresses that have it in them."""
    location: Word | None = Field(default=None, description=_WORD)
    """The same for Vertex AI, whose locations may be `global`, `us` and `eu`, too."""
    api_version: Word | None = Field(default=None, description=_WORD)
    """Azure: asks the dated API of deployments, which speaks chat only; without it, the `v1` API."""
    deployments: dict[str, Text] | None = Field(
        default=None, description="names of models, each with what it is called there"
    )
    """What models are called there: `{gpt-5: our-gpt-5}`. Its keys are listed as its models."""
    models: list[Text] | None = Field(default=None, description="a list of model names, such as [small, large]")
    """The models it serves. Left out, it is asked for its list."""
    context_windows: dict[str, Annotated[int, Number, Field(ge=256, le=100_000_000)]] | None = Field(
        default=None, description="names of models, or `*` for all others, each with a whole number from 256"
    )
    """How many tokens its models read at once, where its own list does not have that, or has it wrong:
    `{small: 8000, "*": 32000}`."""
    weight: Weight = Field(default=1.0, description=WEIGHT)
    """Its share next to other instances."""
    headers: Annotated[dict[str, Secret], AfterValidator(header_names)] | None = Field(
        default=None, description="header names, each with a text of printable ASCII characters"
    )
    """What goes along with every request. Secret. A header of the same name as a credential's wins over it."""
    query: dict[Text, Secret] | None = Field(
        default=None, description="names, each with a text of printable ASCII characters"
    )
    """The same behind the address of every request. Secret."""
    timeouts: Annotated[Timeouts, BeforeValidator(filled)] = Field(
        default=Timeouts(), description="connect, first_byte, idle or total, each with seconds"
    )
    max_connections: Annotated[int | None, Number] = Field(default=None, ge=1, description="a whole number from 1")
    """Connections to its address that may be in use at once. A request over that waits for one as long as for a
    connection (`timeouts.connect`), then gets a 503 `upstream_busy`. Instances with the same address, certificates and
    limit share it, and each worker counts its own. [no limit]"""
    http2: bool = Field(default=False, description="true or false")
    """Whether HTTP/2 is used where the server speaks that, over another client. [`false`: HTTP/1.1]"""
    tls: Annotated[TLSSettings, BeforeValidator(filled)] = Field(
        default=TLSSettings(), description="ca, client_cert or client_key, each with the path of a file in PEM"
    )
    retries: Retries | None = Field(default=None, description="attempts or longest_wait, each with a number")
    """As at the top, for this provider."""
    by_dialect: Annotated[dict[str, Annotated[ProfileSettings, BeforeValidator(filled)]], BeforeValidator(filled)] = (
        Field(default={}, description="names of dialects, each with what differs in it")
    )
    """What differs in one dialect only. It has precedence over the same setting of the provider."""

    def row(self, name: str, rows: Mapping[str, Row]) -> Row:
        """The row that it goes by; that of an OpenAI-compatible server where none is known."""
        row = rows.get(self.provider or name) or Row(name, (compatible.PROFILE,), "")
        return variant(row, self.given())

    def given(self) -> dict[str, str]:
        """The settings that go into addresses and headers, those of them that are set."""
        return {name: value for name in PLACES if (value := getattr(self, name))}

    def profile_in(self, row: Row, dialect: type[P]) -> P:
        """Its profile in a dialect: that of its row, with what is said here."""
        profile = self.adjusted(row.profile(dialect))
        said = self.by_dialect.get(dialect.dialect)
        return profile if said is None else said.adjusted(profile)

    def own_keys(self) -> Sequence[KeySettings]:
        """The keys, in the order of the file."""
        return [*([KeySettings(key=self.api_key)] if self.api_key else ()), *(self.api_keys or ())]


def provider_problems(providers: Mapping[str, ProviderSettings], rows: Mapping[str, Row]) -> Iterator[Problem]:
    """What is wrong with each of them that no single setting tells."""
    for name, provider in providers.items():
        path = ("providers", name)
        if not _NAME.fullmatch(name):
            yield path, "expected a name of a to z, 0 to 9, '.', '_' and '-' that begins with a letter or a digit"
        elif name == _EMBEDDED:
            yield path, "expected another name; turn the embedded model off by `embedded: {enabled: false}`"
        elif provider.provider is not None and provider.provider not in rows:
            known = f"{nearest(provider.provider, rows)} (known: {', '.join(rows)})"
            yield (*path, "provider"), f"expected the name of a known provider{known}"
        elif provider.provider is None and name not in rows and not (provider.dialect and provider.base_url):
            yield (
                path,
                "expected dialect and base_url, because this provider is not known by name"
                f"{nearest(name, rows)} (known: {', '.join(rows)})",
            )
        else:
            row = provider.row(name, rows)
            for setting, expected in _setting_problems(provider, row):
                yield (*path, setting) if setting else path, expected
            for place, expected in profile_problems(provider.by_dialect, provider.dialect or row.dialects):
                yield (*path, "by_dialect", *place), expected
            for setting, expected in _tls_problems(provider):
                yield (*path, "tls", setting), expected


def _setting_problems(provider: ProviderSettings, row: Row) -> Iterator[tuple[str, str]]:
    given = provider.given()
    for setting in needed(row, provider.base_url):
        if setting not in given:
            yield "", f"expected {setting}: its address has it in it"
    for setting in given.keys() - used(row):
        yield setting, "expected in another provider: this one has no place for it"
    if provider.api_key and provider.api_keys:
        yield "api_keys", "expected either api_key or api_keys"
    if provider.api_keys and not any(key.weight for key in provider.api_keys):
        yield "api_keys", "expected a weight over 0 for at least one of them"
    if provider.http2 and (provider.base_url or "").startswith(UNIX):
        yield "http2", "expected without a Unix socket"
    yield from _credential_problems(provider, row)


def _credential_problems(provider: ProviderSettings, row: Row) -> Iterator[tuple[str, str]]:
    for setting, scheme in _SCHEMES.items():
        if getattr(provider, setting) and row.scheme != scheme:
            yield setting, "expected in another provider: this one is opened by other means"
    if row.scheme == "aws" and not provider.region and not provider.own_keys():
        yield "", "expected region: its requests are signed for it"
    if (provider.access_key_id is None) != (provider.secret_access_key is None):
        yield "", "expected access_key_id and secret_access_key together"
    if provider.session_token and not provider.access_key_id:
        yield "session_token", "expected with access_key_id and secret_access_key only"


def _tls_problems(provider: ProviderSettings) -> Iterator[tuple[str, str]]:
    files = provider.tls.model_dump()
    if provider.base_url and not provider.base_url.startswith("https:"):
        yield from ((setting, "expected with an https:// base_url only") for setting, file in files.items() if file)
    else:
        yield from tls_problems(TLS(**files))


_SCHEMES = {
    "azure_ad_token": "azure",
    "credentials_file": "google",
    "profile": "aws",
    "access_key_id": "aws",
    "secret_access_key": "aws",
    "session_token": "aws",
}
"""The settings that open one kind of provider, and which."""
