"""Section 4 of the design as data: which folder may import which, and the graph of all imports.

What only the type checker imports counts like any other import.
"""

from dataclasses import dataclass
from functools import cache

from tests.house.sources import Module, imports, modules, under

OURS = ("gateway", "handlers", "generated", "scripts", "tests")

# The parts of the gateway from the lowest to the highest. A part imports itself and what stands above it in this list,
# or beside it, never what stands below it. A name stands for a module, or for a folder and everything in it.
ORDER: tuple[tuple[str, ...], ...] = (
    ("generated",),
    ("gateway.errors",),
    # The neutral request, and the values that go with it.
    ("gateway.neutral", "gateway.redaction", "gateway.paging"),
    # What needs nothing else.
    ("gateway.waits",),
    ("gateway.wire",),
    ("gateway.sealing",),
    ("gateway.security",),
    ("gateway.logs",),
    ("gateway.open_files",),
    ("gateway.embedded",),
    ("gateway.companion",),
    ("gateway.prices",),
    # Formats and facts.
    ("gateway.surfaces",),
    ("gateway.dialects",),
    ("gateway.providers",),
    ("gateway.credentials",),
    # State, and the contract's stage.
    ("gateway.store",),
    ("gateway.auth",),
    ("gateway.access_log",),
    ("gateway.http",),
    ("gateway.detached",),
    ("gateway.contract",),
    # Prompt templates are held to the contract.
    ("gateway.settings",),
    ("gateway.documentation",),
    ("gateway.schemas",),
    # The configured upstreams, and the way of a request to one of them.
    ("gateway.upstream",),
    ("gateway.upstreams",),
    ("gateway.catalogue",),
    ("gateway.routing",),
    ("gateway.models",),
    ("gateway.accounting",),
    ("gateway.account",),
    ("gateway.tokens",),
    ("gateway.policy",),
    ("gateway.fitting",),
    ("gateway.run",),
    ("gateway.reasoning",),
    ("gateway.short_path",),
    ("gateway.exchange",),
    ("gateway.engine",),
    ("gateway.window",),
    ("gateway.memory",),
    ("gateway.background",),
    ("gateway.outliving",),
    # Composed in `app` alone; a handler is given `services`.
    ("gateway.readiness",),
    ("gateway.services",),
    ("handlers",),
    ("gateway.app",),
    ("gateway.check",),
    ("gateway.cli",),
    ("gateway.__main__",),
)

NEUTRAL = (
    "generated",
    "gateway.errors",
    "gateway.neutral",
    "gateway.wire.sse",
    "gateway.wire.eventstream",
    "gateway.redaction",
)

# The only imports of ours that a folder may have, where that is less than its place in the order would let it.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "generated": (),
    # `http` and `paging` are the types of what a handler takes and returns.
    "handlers": (
        "handlers",
        "generated",
        "gateway.services",
        "gateway.surfaces",
        "gateway.errors",
        "gateway.http",
        "gateway.paging",
    ),
    "gateway.neutral": NEUTRAL,
    "gateway.dialects": ("gateway.dialects", *NEUTRAL),
    "gateway.surfaces": ("gateway.surfaces", *NEUTRAL),
    "gateway.providers": ("gateway.providers", "gateway.dialects.profiles"),
    "gateway.wire": ("gateway.wire", "gateway.errors"),
    "gateway.contract": (
        "gateway.contract",
        "gateway.errors",
        "gateway.access_log",
        "gateway.http",
        "gateway.auth",
        "gateway.wire.sse",
        # Pure readers, both.
        "gateway.wire.unpacking",
    ),
    "gateway.store": ("gateway.store", "gateway.neutral.end_user", "gateway.errors", "gateway.paging", "gateway.waits"),
}

_SHARED = {"gateway.dialects.base", "gateway.surfaces", "gateway.surfaces.base"}
DIALECTS = tuple(
    {
        name.rpartition(".")[0]
        for module in under("gateway/dialects/__init__.py")
        for _, name in imports(module)
        if name.startswith("gateway.dialects.")
    }
    - _SHARED
)
"""What the list of dialects is made of, and not what they share."""
SURFACES = tuple({module.name for module in under("gateway/surfaces/")} - _SHARED)

# What a part may not import although it stands below it: routing and the engine know no format by its name.
MAY_NOT_IMPORT: dict[str, tuple[str, ...]] = {
    "gateway.routing": ("gateway.surfaces", *DIALECTS),
    "gateway.reasoning": ("gateway.surfaces", *DIALECTS),
    "gateway.run": ("gateway.surfaces", *DIALECTS),
    "gateway.upstream": ("gateway.surfaces", *DIALECTS),
    "gateway.short_path": (*SURFACES, *DIALECTS),
    "gateway.exchange": (*SURFACES, *DIALECTS),
    "gateway.engine": (*SURFACES, *DIALECTS),
}

# Arrows that are allowed all the same, as (module, what it imports). There is none.
EXCEPTIONS: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Arrow:
    """An import of one module of ours by another."""

    path: str
    line: int
    source: str
    target: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.target}"


@cache
def arrows() -> tuple[Arrow, ...]:
    """Every import among the modules of the gateway and the handlers."""
    return tuple(
        Arrow(module.path, line, module.name, _module_of(name))
        for module in under("gateway/", "handlers/")
        for line, name in imports(module)
        if is_below(name, OURS)
    )


def arrows_back() -> list[Arrow]:
    """The imports that the tables above forbid, without the exceptions."""
    return [arrow for arrow in forbidden() if (arrow.source, arrow.target) not in EXCEPTIONS]


def forbidden() -> list[Arrow]:
    """The imports that the tables above forbid."""
    return [arrow for arrow in arrows() if not _is_allowed(arrow)]


def cycles() -> list[list[str]]:
    """The groups of modules that import each other, directly or through others, each group sorted.

    A module imports the packages around it, too, but not those that it stands in itself.
    """
    edges: dict[str, set[str]] = {module.name: set() for module in modules()}
    for module in modules():
        for _, name in imports(module):
            edges[module.name] |= {known for known in _loaded_with(name) & edges.keys() if not _holds(known, module)}
    return _components(edges)


def unplaced() -> list[str]:
    """The modules that no part of the order holds."""
    return [module.name for module in under("gateway/", "handlers/") if _part_of(module.name) is None]


def is_below(name: str, prefixes: tuple[str, ...]) -> bool:
    """Whether a dotted name is one of `prefixes`, or inside one of them."""
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def _is_allowed(arrow: Arrow) -> bool:
    source, target = _part_of(arrow.source), _part_of(arrow.target)
    if source is None or target is None or _height(target) > _height(source):
        return False
    if source in MAY_IMPORT and not is_below(arrow.target, MAY_IMPORT[source]):
        return False
    return not is_below(arrow.target, MAY_NOT_IMPORT.get(source, ()))


def _part_of(name: str) -> str | None:
    return next((part for row in ORDER for part in row if is_below(name, (part,))), None)


def _height(part: str) -> int:
    return next(height for height, row in enumerate(ORDER) if part in row)


@cache
def _names() -> frozenset[str]:
    return frozenset(module.name for module in modules())


def _module_of(name: str) -> str:
    """The module that an imported name stands in: itself, or the one that defines it."""
    return name if name in _names() else name.rpartition(".")[0]


def _loaded_with(name: str) -> set[str]:
    """A dotted name and everything that it stands in."""
    parts = name.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts) + 1)}


def _holds(package: str, module: Module) -> bool:
    return is_below(module.name, (package,))


def _components(edges: dict[str, set[str]]) -> list[list[str]]:
    """The strongly connected components with more than one member (Tarjan's algorithm)."""
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        numbers[name] = lowest[name] = len(numbers)
        open_.append(name)
        for target in sorted(edges[name]):
            if target not in numbers:
                visit(target)
            if target in open_:
                lowest[name] = min(lowest[name], lowest[target])
        if lowest[name] == numbers[name]:
            start = open_.index(name)
            if len(open_) - start > 1:
                found.append(sorted(open_[start:]))
            del open_[start:]

    for name in sorted(edges):
        if name not in numbers:
            visit(name)
    return found
