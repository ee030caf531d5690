"""The embedded model's process: llama.cpp's own HTTP server, until standard input ends.

A program, run by `gateway.embedded.model`; it imports nothing of ours. It reads an order from standard
input, one line of JSON, and answers with one line: `{"url": …}` or `{"failure": …}`. Standard input ends
with the gateway, however that ends, so the model never outlives it.
"""

import hashlib
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

# Two requests at a time. A prompt and its answer share a slot's 2,048 tokens: a longer prompt is refused
# with 400, an answer that reaches the end is cut with finish reason "length".
_SLOTS = 2
_CONTEXT_TOKENS = 2048 * _SLOTS

# llama.cpp looks for cancelled requests between batches. With its 2,048 a prompt that nobody waits for
# any more was computed for 20 s; with 128 for 1 to 2 s, at nearly the same speed (measured here).
_BATCH_TOKENS = 128

# For requests that name no limit; the gateway sends one with each.
_ANSWER_TOKENS = 256

# More than slots, because an idle connection that is kept alive holds a thread.
_HTTP_THREADS = 16


class _CannotLoad(Exception):
    """The message ends a sentence, and reaches clients: no paths."""


def main() -> None:
    """Load the model, say where it is, and serve until standard input ends."""
    order = json.loads(sys.stdin.readline())
    try:
        server = _start(order)
    except _CannotLoad as error:
        _reply({"failure": str(error)})
    else:
        _reply({"url": server.listening_address})
        sys.stdin.read()
    # Not by an ordinary exit: it would wait for requests under way.
    os._exit(0)


def _start(order: dict[str, str]) -> Any:
    _check(Path(order["weights"]), order["sha256"])
    # Threads that spin while they wait take the cores from the gateway. libgomp reads this when it is loaded.
    os.putenv("OMP_WAIT_POLICY", "passive")
    try:
        runtime = importlib.import_module("xllamacpp")
    except (ImportError, OSError):
        raise _CannotLoad('its runtime cannot be loaded; python -c "import xllamacpp" says why') from None
    try:
        return runtime.Server(_parameters(runtime, order))
    except RuntimeError:
        raise _CannotLoad(f"llama.cpp cannot load {Path(order['weights']).name}") from None


def _check(weights: Path, sha256: str) -> None:
    try:
        with weights.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _CannotLoad(f"{weights.name} cannot be read: {error.strerror}") from None
    if found != sha256:
        raise _CannotLoad(
            f"{weights.name} is not the file it should be (SHA-256 {found[:12]}…, expected {sha256[:12]}…); "
            "remove it and install it again"
        )


def _parameters(runtime: Any, order: dict[str, str]) -> Any:
    parameters = runtime.CommonParams()
    parameters.model.path = order["weights"]
    parameters.model_alias = {order["alias"]}
    parameters.api_keys = [order["api_key"]]
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_parallel = _SLOTS
    parameters.n_ctx = _CONTEXT_TOKENS
    parameters.ctx_shift = False  # it would drop the middle of a conversation in silence
    parameters.n_batch = parameters.n_ubatch = _BATCH_TOKENS
    parameters.n_predict = _ANSWER_TOKENS
    parameters.sampling.temp = 0.0  # this model talks nonsense at any other
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = _threads()
    parameters.n_threads_http = _HTTP_THREADS
    parameters.cache_ram_mib = 0  # its default keeps up to 8 GiB of prompts
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.verbosity = 0
    return parameters


def _threads() -> int:
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, cores // 2)


def _reply(reply: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
