"""What the project declares of its values' types: annotations, read from the syntax, with no import and no mypy.

A type is a set of members, so that a union is one. What bears no key (a text, a number, None) is no member; what may
bear any key is `Anything`.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A TypedDict, by module and name."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Elements:
    """A list, or anything else that is iterated over."""

    of: "Type"


@dataclass(frozen=True, slots=True)
class Values:
    """A plain dict: any key may be in it."""

    of: "Type"


@dataclass(frozen=True, slots=True)
class Positions:
    """A tuple."""

    of: tuple["Type", ...]


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a class of ours."""

    module: str
    name: str
    arguments: tuple["Type", ...] = ()


@dataclass(frozen=True, slots=True)
class Callable:
    """A function of ours, by what it returns."""

    returns: "Type"


@dataclass(frozen=True, slots=True)
class Text:
    """A text that the code spells out, and where."""

    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Anything:
    """A value of which nothing is declared."""


Member = Dictionary | Elements | Values | Positions | Instance | Callable | Text | Anything
Type = frozenset[Member]

ANY: Type = frozenset({Anything()})
NOTHING: Type = frozenset()

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef | ast.Assign | ast.AnnAssign

_KEYLESS = {"str", "int", "float", "bool", "bytes", "None", "Literal", "type"}
_ELEMENTS = {"list", "List", "set", "frozenset", "deque", "Sequence", "MutableSequence", "Collection", "Iterable"} | {
    "Iterator",
    "Generator",
    "AsyncIterable",
    "AsyncIterator",
    "AsyncGenerator",
}
_MAPS = {"dict", "Dict", "Mapping", "MutableMapping", "defaultdict"}
_TRANSPARENT = {"Optional", "NotRequired", "Required", "Annotated", "Final", "ClassVar", "Awaitable", "ReadOnly"}
_BINDERS = {"Generic", "Protocol"}


@dataclass(frozen=True)
class Scope:
    """The names of one module."""

    name: str
    path: str
    tree: ast.Module
    imports: Mapping[str, str]
    definitions: Mapping[str, Definition]


@dataclass
class Project:
    """The modules below a folder, each parsed when it is first asked for."""

    root: Path
    _scopes: dict[str, Scope | None] = field(default_factory=dict)
    _fields: dict[Dictionary, dict[str, Type]] = field(default_factory=dict)
    _aliases_being_read: list[ast.stmt] = field(default_factory=list)

    def scope(self, module: str) -> Scope | None:
        """The names of a module of ours; None for others."""
        if module not in self._scopes:
            path = self.root / module.replace(".", "/")
            files = (path.with_suffix(".py"), path / "__init__.py")
            file = next((file for file in files if file.is_file()), None)
            self._scopes[module] = _scope(module, file, self.root) if file is not None else None
        return self._scopes[module]

    def modules(self, *folders: str) -> Iterator[str]:
        """The names of the modules in some folders."""
        for folder in folders:
            for file in sorted((self.root / folder).rglob("*.py")):
                yield ".".join(file.relative_to(self.root).with_suffix("").parts).removesuffix(".__init__")

    def find(self, scope: Scope, dotted: str) -> tuple[Scope, Definition] | None:
        """Where a name that a module uses is defined, through imports."""
        head, _, rest = dotted.partition(".")
        if not rest and head in scope.definitions:
            return scope, scope.definitions[head]
        if head not in scope.imports:
            return None
        module, _, name = ".".join(filter(None, (scope.imports[head], rest))).rpartition(".")
        found = self.scope(module) if module else None
        return self.find(found, name) if found is not None and found is not scope else None

    def annotation(self, node: ast.expr | None, scope: Scope, bound: Mapping[str, Type] | None = None) -> Type:
        """The type that an annotation declares; `bound` holds what type variables stand for."""
        match node:
            case ast.Constant(value=None):
                return NOTHING
            case ast.Constant(value=str(text)):
                return self.annotation(ast.parse(text, mode="eval").body, scope, bound)
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return self.annotation(left, scope, bound) | self.annotation(right, scope, bound)
            case ast.Subscript(value=value, slice=index):
                arguments = index.elts if isinstance(index, ast.Tuple) else [index]
                return self._applied(value, arguments, scope, bound)
            case ast.Name() | ast.Attribute():
                return self._named(ast.unparse(node), (), scope, bound)
            case _:
                return ANY

    def listed(self, node: ast.expr, scope: Scope) -> Type:
        """The type whose fields a value lists by name: `X` of `Annotated[frozenset[str], X]`; else nothing."""
        match node:
            case ast.Constant(value=str(text)):
                return self.listed(ast.parse(text, mode="eval").body, scope)
            case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[_, type_])):
                return self.annotation(type_, scope)
            case _:
                return NOTHING

    def fields(self, dictionary: Dictionary) -> dict[str, Type]:
        """The keys of a TypedDict and the types of their values."""
        if dictionary not in self._fields:
            found: dict[str, Type] = {}
            for scope, class_ in self._ancestry(dictionary.module, dictionary.name):
                for statement in class_.body:
                    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                        found.setdefault(statement.target.id, self.annotation(statement.annotation, scope))
            self._fields[dictionary] = found
        return self._fields[dictionary]

    def attribute(self, instance: Instance, name: str) -> Type:
        """The type of an attribute of an object of ours."""
        bound: Mapping[str, Type] = {}
        for scope, class_ in self._ancestry(instance.module, instance.name):
            bound = dict(zip(_type_variables(class_), instance.arguments, strict=False)) or bound
            for node, found in _attributes(class_):
                if found == name:
                    return self._declared(node, scope, bound)
        return ANY

    def returned(self, function: Function, scope: Scope, bound: Mapping[str, Type] | None = None) -> Type:
        """What a call of a function of ours gives, once it is awaited."""
        return self.annotation(function.returns, scope, bound) if function.returns is not None else ANY

    def called(self, scope: Scope, dotted: str) -> Type:
        """What a call of a name gives."""
        found = self.find(scope, dotted)
        match found:
            case (where, ast.ClassDef() as class_):
                return self._of_class(where, class_, ())
            case (where, ast.FunctionDef() | ast.AsyncFunctionDef() as function):
                return self.returned(function, where)
            case _:
                return ANY

    def _declared(self, node: ast.AST, scope: Scope, bound: Mapping[str, Type]) -> Type:
        match node:
            case ast.AnnAssign(annotation=annotation) | ast.arg(annotation=annotation):
                return self.annotation(annotation, scope, bound)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                returns = self.returned(node, scope, bound)
                is_property = any("property" in ast.unparse(decorator) for decorator in node.decorator_list)
                return returns if is_property else frozenset({Callable(returns)})
            case _:
                return ANY

    def _applied(
        self, value: ast.expr, arguments: list[ast.expr], scope: Scope, bound: Mapping[str, Type] | None
    ) -> Type:
        name = ast.unparse(value).rpartition(".")[2]
        if name in _KEYLESS:
            return NOTHING
        read = [self.annotation(argument, scope, bound) for argument in arguments]
        if name in _ELEMENTS or (name == "tuple" and ast.unparse(arguments[-1]) == "..."):
            return frozenset({Elements(read[0])})
        if name in _MAPS:
            return frozenset({Values(read[-1])})
        if name == "tuple":
            return frozenset({Positions(tuple(read))})
        if name == "Union":
            return frozenset().union(*read)
        if name in _TRANSPARENT:
            return read[0]
        return self._named(ast.unparse(value), tuple(read), scope, bound)

    def _named(self, dotted: str, arguments: tuple[Type, ...], scope: Scope, bound: Mapping[str, Type] | None) -> Type:
        if bound and dotted in bound:
            return bound[dotted]
        match self.find(scope, dotted):
            case (where, ast.ClassDef() as class_):
                return self._of_class(where, class_, arguments)
            case (where, ast.Assign() | ast.AnnAssign() as alias):
                return self._of_alias(where, alias, bound)
            case _:
                return _builtin(dotted.rpartition(".")[2])

    def _of_alias(self, scope: Scope, alias: ast.Assign | ast.AnnAssign, bound: Mapping[str, Type] | None) -> Type:
        if alias in self._aliases_being_read:  # It is part of itself, as JSON is.
            return ANY
        self._aliases_being_read.append(alias)
        found = self.annotation(alias.value, scope, bound)
        self._aliases_being_read.pop()
        return found

    def _of_class(self, scope: Scope, class_: ast.ClassDef, arguments: tuple[Type, ...]) -> Type:
        if self._is_typed_dict(scope, class_):
            return frozenset({Dictionary(scope.name, class_.name)})
        return frozenset({Instance(scope.name, class_.name, arguments)})

    def _is_typed_dict(self, scope: Scope, class_: ast.ClassDef) -> bool:
        return any(
            ast.unparse(base).rpartition(".")[2] == "TypedDict"
            for _, ancestor in self._ancestry(scope.name, class_.name)
            for base in ancestor.bases
        )

    def _ancestry(self, module: str, name: str) -> Iterator[tuple[Scope, ast.ClassDef]]:
        """A class and the classes of ours that it inherits from."""
        scope = self.scope(module)
        class_ = scope.definitions.get(name) if scope is not None else None
        if scope is None or not isinstance(class_, ast.ClassDef):
            return
        yield scope, class_
        for base in class_.bases:
            plain = base.value if isinstance(base, ast.Subscript) else base
            match self.find(scope, ast.unparse(plain)):
                case (where, ast.ClassDef(name=inherited)) if (where.name, inherited) != (module, name):
                    yield from self._ancestry(where.name, inherited)


def _builtin(name: str) -> Type:
    if name in _KEYLESS:
        return NOTHING
    if name in _ELEMENTS or name == "tuple":
        return frozenset({Elements(ANY)})
    return frozenset({Values(ANY)}) if name in _MAPS else ANY


def _type_variables(class_: ast.ClassDef) -> list[str]:
    for base in class_.bases:
        if isinstance(base, ast.Subscript) and ast.unparse(base.value).rpartition(".")[2] in _BINDERS:
            return ast.unparse(base.slice).strip("()").replace(" ", "").split(",")
    return []


def _attributes(class_: ast.ClassDef) -> Iterator[tuple[ast.AST, str]]:
    """What declares an attribute of a class's objects, and its name."""
    for statement in class_.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement, statement.target.id
        elif isinstance(statement, Function):
            yield statement, statement.name
            if statement.name == "__init__":
                yield from _assigned(statement)


def _assigned(init: Function) -> Iterator[tuple[ast.AST, str]]:
    parameters = {parameter.arg: parameter for parameter in (*init.args.args, *init.args.kwonlyargs)}
    for node in ast.walk(init):
        match node:
            case ast.AnnAssign(target=ast.Attribute(value=ast.Name(id="self"), attr=name)):
                yield node, name
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=ast.Name(id=given)):
                if given in parameters:
                    yield parameters[given], name


def _scope(module: str, file: Path, root: Path) -> Scope:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    imports: dict[str, str] = {}
    definitions: dict[str, Definition] = {}
    for node in _top_level(tree.body):
        match node:
            case ast.Import(names=names):
                imports.update({alias.asname: alias.name for alias in names if alias.asname})
                imports.update({root: root for alias in names for root in [alias.name.partition(".")[0]]})
            case ast.ImportFrom(module=base, names=names, level=level):
                start = ".".join(package.split(".")[: len(package.split(".")) - level + 1]) if level else ""
                source = ".".join(filter(None, (start, base)))
                imports.update({alias.asname or alias.name: f"{source}.{alias.name}" for alias in names})
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                definitions[name] = node
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                definitions[name] = node
    return Scope(module, file.relative_to(root).as_posix(), tree, imports, definitions)


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those under a condition too: that is where imports for types alone stand."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from _top_level(node.body)
