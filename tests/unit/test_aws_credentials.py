"""AWS credentials: signatures as the facts and botocore have them, and chains that are fetched, kept and renewed."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.credentials.aws import AWSCredential, Chain, StaticKeys
from gateway.credentials.sigv4 import AccessKeys, signed_headers
from gateway.errors import UpstreamDown
from gateway.wire.transport import Call

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PATH = "/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse-stream"
CALL = Call(
    "bedrock",
    "POST",
    f"https://bedrock-runtime.us-east-1.amazonaws.com{PATH}",
    {"Content-Type": "application/json"},
    b'{"messages":[{"role":"user","content":[{"text":"hi"}]}]}',
)


def headers(credential: AWSCredential, call: Call = CALL) -> dict[str, str]:
    return dict(asyncio.run(credential.headers(call)))


def static(token: str | None = None) -> AWSCredential:
    return AWSCredential(StaticKeys(KEY, SECRET, token), "us-east-1", now=lambda: NOW)


# Shared facts on providers, section 7.
@pytest.mark.parametrize(
    ("token", "signature"),
    [
        (None, "0742f878e80fa9d678117954223dab41a314e5544da1083ff4f3e7aaf52e5244"),
        ("TOKENX", "8f7589f79de47c25d3e1d242aebd4ceb11fde1d25972e56a1fd78465ccd49300"),
    ],
)
def test_signature_is_the_one_of_the_facts(token: str | None, signature: str) -> None:
    found = headers(static(token))
    assert found["authorization"].endswith(f"Signature={signature}")
    assert found.get("x-amz-security-token") == token
    assert found["x-amz-date"] == "20260102T030405Z"


@given(
    st.sampled_from(["POST", "GET"]),
    st.text(st.sampled_from("abc-._~%3A/ä+"), max_size=12),
    st.sampled_from(["", "?a=1", "?b=2&a=1"]),
    st.binary(max_size=20),
    st.sampled_from([None, "token/with+signs=="]),
)
@settings(deadline=None)
def test_signature_is_the_one_that_botocore_makes(
    method: str, path: str, query: str, body: bytes, token: str | None
) -> None:
    # Nobody calls paths with empty or dotted segments, which botocore would tidy up.
    segments = [segment for segment in path.split("/") if segment.strip(".")]
    path = "/" + "/".join(segments).replace("%", "%25").replace("ä", "%C3%A4")
    url = f"https://bedrock.eu-central-1.amazonaws.com:8443{path}{query}"
    call = Call("bedrock", method, url, {"content-type": "application/json"}, body)
    ours = signed_headers(call, AccessKeys(KEY, SECRET, token), "eu-central-1", "bedrock", NOW)
    request = AWSRequest(method, url, {"content-type": "application/json", "x-amz-date": ours["x-amz-date"]}, body)
    if token:
        request.headers["x-amz-security-token"] = token
    request.context["timestamp"] = ours["x-amz-date"]
    auth = SigV4Auth(Credentials(KEY, SECRET, token), "bedrock", "eu-central-1")
    canonical = auth.canonical_request(request)
    assert ours["authorization"].endswith(auth.signature(auth.string_to_sign(request, canonical), request))


def test_host_is_signed_as_clients_send_it() -> None:
    plain = Call("bedrock", "GET", "https://bedrock.eu.example/a", {})
    spelt = Call("bedrock", "GET", "https://Bedrock.eu.example:443/a", {})
    assert headers(static(), plain) == headers(static(), spelt)


def test_secrets_are_those_that_were_used() -> None:
    credential = static("TOKENX")
    headers(credential)
    assert set(credential.secrets) == {KEY, SECRET, "TOKENX"}
    assert SECRET not in repr(AccessKeys(KEY, SECRET, "TOKENX"))
    assert KEY not in credential.label


def test_configured_keys_cannot_be_fetched_anew() -> None:
    assert static().forget() is False


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which AWS's tools know nothing yet."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


def test_chain_finds_a_profile(home: Path) -> None:
    (home / "credentials").write_text(f"[work]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    found = headers(AWSCredential(Chain("work"), "us-east-1", now=lambda: NOW))
    assert found == headers(static())


def test_chain_finds_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "TOKENX")
    assert headers(AWSCredential(Chain(), "us-east-1", now=lambda: NOW)) == headers(static("TOKENX"))


def test_nothing_to_be_found_says_what_to_do(home: Path) -> None:
    with pytest.raises(UpstreamDown) as caught:
        headers(AWSCredential(Chain(), "us-east-1"))
    assert caught.value.code == "upstream_auth"
    assert "AWS_ACCESS_KEY_ID" in caught.value.message
    assert caught.value.message.startswith("bedrock")


def test_profile_that_does_not_exist_is_named(home: Path) -> None:
    with pytest.raises(UpstreamDown, match="'nobody'"):
        headers(AWSCredential(Chain("nobody"), "us-east-1"))


class Fetched:
    """Credentials that are fetched, as those of a role are; what they are fetched from is counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.threads: list[int] = []
        self.error: Exception | None = None
        self.seconds = 3600
        monkeypatch.setattr(botocore.session.Session, "get_credentials", lambda session: self.fetch())

    def fetch(self) -> Any:
        metadata = self._refresh()
        return RefreshableCredentials.create_from_metadata(metadata, self._refresh, "sts-assume-role")

    def _refresh(self) -> dict[str, Any]:
        self.threads.append(threading.get_ident())
        if self.error is not None:
            raise self.error
        expiry = datetime.fromtimestamp(datetime.now(UTC).timestamp() + self.seconds, UTC)
        number = len(self.threads)
        return {
            "access_key": f"ASIA{number}",
            "secret_key": f"secret-{number}",
            "token": f"token-{number}",
            "expiry_time": expiry.isoformat(),
        }


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> Fetched:
    return Fetched(monkeypatch)


def test_what_was_fetched_is_kept(fetched: Fetched) -> None:
    credential = AWSCredential(Chain("role"), "us-east-1")

    async def asked() -> set[str]:
        found = await asyncio.gather(*(credential.headers(CALL) for _ in range(8)))
        return {one["x-amz-security-token"] for one in found}

    assert asyncio.run(asked()) == {"token-1"}
    assert len(fetched.threads) == 1
    assert fetched.threads[0] != threading.get_ident()


def test_what_expires_is_renewed_in_a_thread(fetched: Fetched) -> None:
    fetched.seconds = 1
    credential = AWSCredential(Chain("role"), "us-east-1")
    headers(credential)
    found = headers(credential)
    assert found["x-amz-security-token"] == f"token-{len(fetched.threads)}"
    assert len(fetched.threads) > 2
    assert threading.get_ident() not in fetched.threads


def test_forgotten_credentials_are_fetched_anew(fetched: Fetched) -> None:
    credential = AWSCredential(Chain("role"), "us-east-1")
    assert credential.forget() is False
    headers(credential)
    assert credential.forget() is True
    assert headers(credential)["x-amz-security-token"] == "token-2"


@pytest.mark.parametrize(
    "make",
    [
        lambda: ClientError({"Error": {"Code": "AccessDenied", "Message": f"not for {SECRET}"}}, "AssumeRole"),
        lambda: OSError(f"no such file: {SECRET}"),
    ],
)
def test_failure_tells_its_kind_and_no_more(fetched: Fetched, make: Callable[[], Exception]) -> None:
    fetched.error = make()
    with pytest.raises(UpstreamDown) as caught:
        headers(AWSCredential(Chain("role"), "us-east-1"))
    assert caught.value.code == "upstream_auth"
    assert type(fetched.error).__name__ in caught.value.message
    assert SECRET not in caught.value.message
