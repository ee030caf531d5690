"""The exceptions to the house's rules: each listed with its reason, and only while it is there."""

import ast
from collections.abc import Iterator

from tests.house.sources import Module, modules

# Where everything may be caught: path::function -> why.
CATCH_ALL: dict[str, str] = {
    "gateway/background/attempt.py::Attempt.run": "the edge of a task: logged, and the response fails",
    "gateway/background/rounds.py::Rounds._round": "the edge of a task that must go on: logged, and tried again",
    "gateway/cli/exchange.py::Exchange.run": "the edge of what stands outside the stage: logged, and a plain 500",
    "gateway/contract/stage.py::Operation._answer": "the edge: a defect is logged, and told in the envelope",
    "gateway/outliving/idempotency/leases.py::Upkeep._repeat": "the edge of a task: logged, and the next turn comes",
    "gateway/short_path.py::ShortPath.answer": "raised again, once the request is accounted",
    "gateway/short_path.py::ShortPath._keep": "the same",
    "gateway/store/threads.py::Threads._settle": "the edge of a thread: what a work raises is its caller's",
}

# Where an import may stand inside a function: path::function -> why. A cycle is never a reason.
INNER_IMPORTS: dict[str, str] = {
    "gateway/store/kept_asyncpg.py::KeptAsyncpg.fetch": "the driver of a database that most gateways do not have",
    "gateway/store/notices.py::Listener._listen_forever": "the driver of a database that most gateways do not have",
    "gateway/credentials/google.py::application_default": "27 MB that only a gateway with a Google account needs",
    "gateway/sealing.py::Sealer._cipher": "11 MB that a gateway whose models do not reason never needs",
    "gateway/sealing.py::Sealer._invalid": "the same library",
    "gateway/credentials/aws.py::Chain._fetch": "botocore: 26 MB that only AWS's own chain of credentials needs",
    "gateway/wire/transports.py::Transports._over_pyqwest": "7 MB and threads that only a proxy or HTTP/2 needs",
    "gateway/wire/unpacking.py::_Zstandard.__init__": "a library for answers that were asked not to be compressed",
    "gateway/tokens/process.py::_Tokenizers.__init__": "a library of the process beside the server, which never has it",
    "gateway/cli/tables.py::show": "the server's process loads the commands, and only a table needs rich",
    "gateway/cli/tables.py::_table": "the same library",
}

_EVERYTHING = {"Exception", "BaseException"}


def test_everything_is_caught_only_at_the_listed_edges() -> None:
    found = {f"{module.path}::{name}" for module in modules() for name in _catching_all(module)}
    assert found == CATCH_ALL.keys(), _differences(found, CATCH_ALL)


def test_imports_stand_inside_only_the_listed_functions() -> None:
    found = {
        f"{module.path}::{name}"
        for module in modules()
        for name, function in module.functions()
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in _own_nodes(function))
    }
    assert found == INNER_IMPORTS.keys(), _differences(found, INNER_IMPORTS)


def _catching_all(module: Module) -> Iterator[str]:
    for name, function in [("", module.tree), *module.functions()]:
        for node in _own_nodes(function):
            if isinstance(node, ast.ExceptHandler) and _is_everything(node.type):
                yield name


def _is_everything(caught: ast.expr | None) -> bool:
    match caught:
        case None:
            return True
        case ast.Tuple():
            return any(_is_everything(one) for one in caught.elts)
        case ast.Name():
            return caught.id in _EVERYTHING
        case _:
            return False


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions inside it, which have names of their own."""
    for node in ast.iter_child_nodes(function):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _own_nodes(node)


def _differences(found: set[str], listed: dict[str, str]) -> str:
    gone = sorted(listed.keys() - found)
    return f"not listed: {sorted(found - listed.keys())}; listed, but no longer there: {gone}"
