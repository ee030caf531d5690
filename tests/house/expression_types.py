"""The types of expressions, and the keys that they read from TypedDicts."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from tests.house.declared_types import (
    ANY,
    NOTHING,
    Anything,
    Callable,
    Dictionary,
    Elements,
    Instance,
    Member,
    Positions,
    Project,
    Scope,
    Text,
    Type,
    Values,
)

_READERS = {"get", "pop", "setdefault"}
_SAME_ELEMENTS = {"list", "tuple", "set", "frozenset", "sorted", "reversed", "iter"}
_SAME = {"copy", "deepcopy", "replace"}

_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp


@dataclass(frozen=True, slots=True, order=True)
class KeyRead:
    """A key that is read from a value, and the names of the types that the value may have."""

    path: str
    line: int
    key: str
    types: tuple[str, ...]
    exists: bool

    def __str__(self) -> str:
        return f"{self.path}:{self.line} reads {self.key!r}, which {' | '.join(self.types)} does not have"


class Expressions(ast.NodeVisitor):
    """Visits expressions of one module; `infer` returns their types. Takes down each key that is read."""

    def __init__(self, project: Project, scope: Scope) -> None:
        self.reads: set[KeyRead] = set()
        self.project = project
        self.scope = scope
        self.names: dict[str, Type] = {}

    def infer(self, node: ast.expr | None) -> Type:
        """The type of an expression."""
        found: Type = self.visit(node) if node is not None else NOTHING
        return found

    def generic_visit(self, node: ast.AST) -> Type:
        for child in ast.iter_child_nodes(node):
            self.visit(child)
        return ANY

    def bind(self, target: ast.expr, value: Type) -> None:
        match target:
            case ast.Name(id=name):
                self.names[name] = value
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                for number, each in enumerate(targets):
                    self.bind(each, at(value, number))
            case ast.Starred(value=inner):
                self.bind(inner, frozenset({Elements(value)}))
            case _:
                self.infer(target)

    def visit_Lambda(self, node: ast.Lambda) -> Type:
        parameters = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        with_parameters = {parameter.arg: ANY for parameter in parameters}
        outer, self.names = self.names, {**self.names, **with_parameters}
        returned = self.infer(node.body)
        self.names = outer
        return frozenset({Callable(returned)})

    def visit_NamedExpr(self, node: ast.NamedExpr) -> Type:
        value = self.infer(node.value)
        self.bind(node.target, value)
        return value

    def visit_Constant(self, node: ast.Constant) -> Type:
        return frozenset({Text(node.value, node.lineno)}) if isinstance(node.value, str) else NOTHING

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Type:
        self.generic_visit(node)
        return NOTHING

    def visit_Name(self, node: ast.Name) -> Type:
        if node.id in self.names:
            return self.names[node.id]
        match self.project.find(self.scope, node.id):
            case (where, ast.AnnAssign(annotation=annotation)):
                return self.project.annotation(annotation, where)
            case (where, ast.Assign(value=ast.Constant(value=str(text)) as value)):
                # Of another module, the text stands on no line of this one.
                return frozenset({Text(text, value.lineno if where is self.scope else node.lineno)})
            case (where, ast.FunctionDef() | ast.AsyncFunctionDef() as function):
                return frozenset({Callable(self.project.returned(function, where))})
            case _:
                return ANY

    def visit_Attribute(self, node: ast.Attribute) -> Type:
        return self.attribute(self.infer(node.value), node.attr)

    def visit_Subscript(self, node: ast.Subscript) -> Type:
        value = self.infer(node.value)
        match node.slice:
            case ast.Slice():
                self.generic_visit(node.slice)
                return value
            case ast.Constant(value=int(number)) if number >= 0:
                return at(value, number)
            case _:
                return self.value_at(value, self.infer(node.slice), node.slice.lineno) | elements(value)

    def visit_Compare(self, node: ast.Compare) -> Type:
        sides = [self.infer(side) for side in (node.left, *node.comparators)]
        for operator, left, right, side in zip(node.ops, sides, sides[1:], node.comparators, strict=False):
            if isinstance(operator, ast.In | ast.NotIn):
                self.value_at(right, left, side.lineno)
        return NOTHING

    def visit_BoolOp(self, node: ast.BoolOp) -> Type:
        return union(self.infer(value) for value in node.values)

    def visit_IfExp(self, node: ast.IfExp) -> Type:
        self.infer(node.test)
        return self.infer(node.body) | self.infer(node.orelse)

    def visit_BinOp(self, node: ast.BinOp) -> Type:
        either = self.infer(node.left) | self.infer(node.right)
        return frozenset(member for member in either if not isinstance(member, Text))

    def visit_Await(self, node: ast.Await) -> Type:
        return self.infer(node.value)

    def visit_Starred(self, node: ast.Starred) -> Type:
        return elements(self.infer(node.value))

    def visit_List(self, node: ast.List | ast.Set) -> Type:
        return frozenset({Elements(union(self.infer(element) for element in node.elts))}) if node.elts else NOTHING

    visit_Set = visit_List

    def visit_Tuple(self, node: ast.Tuple) -> Type:
        read = tuple(self.infer(element) for element in node.elts)
        if any(isinstance(element, ast.Starred) for element in node.elts):
            return frozenset({Elements(union(read))})
        return frozenset({Positions(read)})

    def visit_Dict(self, node: ast.Dict) -> Type:
        self.generic_visit(node)
        return ANY if node.keys else NOTHING

    def visit_ListComp(self, node: _Comprehension) -> Type:
        outer = self.names
        self.names = dict(outer)
        self._generators(node.generators)
        element = self.infer(node.elt)
        self.names = outer
        return frozenset({Elements(element)})

    visit_SetComp = visit_ListComp
    visit_GeneratorExp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> Type:
        outer = self.names
        self.names = dict(outer)
        self._generators(node.generators)
        self.infer(node.key)
        value = self.infer(node.value)
        self.names = outer
        return frozenset({Values(value)})

    def visit_Call(self, node: ast.Call) -> Type:
        arguments = [self.infer(argument) for argument in (*node.args, *(word.value for word in node.keywords))]
        name = ast.unparse(node.func).rpartition(".")[2]
        if name == "cast" and len(arguments) == 2:
            return self.project.annotation(node.args[0], self.scope)
        if isinstance(node.func, ast.Attribute):
            return self._method(node.func, arguments, node)
        if isinstance(node.func, ast.Name) and arguments and node.func.id not in self.names:
            found = _of_builtin(name, arguments)
            if found is not None:
                return found
        return _returned(self.infer(node.func)) | self._created(node.func) or ANY

    def _generators(self, generators: Iterable[ast.comprehension]) -> None:
        for generator in generators:
            self.bind(generator.target, elements(self.infer(generator.iter)))
            for condition in generator.ifs:
                self.infer(condition)

    def _method(self, function: ast.Attribute, arguments: list[Type], node: ast.Call) -> Type:
        value = self.infer(function.value)
        if function.attr in _READERS and arguments:
            return self.value_at(value, arguments[0], node.args[0].lineno if node.args else node.lineno) | union(
                arguments[1:]
            )
        if function.attr in ("values", "items"):
            values = union(self._values(member) for member in value)
            pairs = frozenset({Positions((NOTHING, values))})
            return frozenset({Elements(values if function.attr == "values" else pairs)})
        if function.attr == "copy":
            return value
        if function.attr in _SAME and arguments:
            return arguments[0]
        return _returned(self.attribute(value, function.attr)) | self._created(function) or ANY

    def _created(self, function: ast.expr) -> Type:
        """What a call gives if a class is called, or a function of a module."""
        if not isinstance(function, ast.Name | ast.Attribute) or ast.unparse(function).partition(".")[0] in self.names:
            return NOTHING
        return self.project.called(self.scope, ast.unparse(function))

    def attribute(self, value: Type, name: str) -> Type:
        instances = [member for member in value if isinstance(member, Instance)]
        return union(self.project.attribute(member, name) for member in instances) if instances else ANY

    def _values(self, member: Member) -> Type:
        match member:
            case Dictionary():
                return union(self.project.fields(member).values())
            case Values(of=of):
                return of
            case _:
                return ANY if isinstance(member, Anything) else NOTHING

    def value_at(self, value: Type, key: Type, line: int) -> Type:
        """The type of what a value holds under a key. Takes down the key if the value may be a TypedDict.

        A plain dict beside it is no excuse: what may be either is read by the TypedDict's keys.
        """
        dictionaries = [member for member in value if isinstance(member, Dictionary)]
        may_be_other = any(isinstance(member, Anything) for member in value)
        found = union(member.of for member in value if isinstance(member, Values))
        if any(isinstance(member, Anything) for member in value):
            found |= ANY
        for text in (member for member in key if isinstance(member, Text)):
            fields = [self.project.fields(dictionary) for dictionary in dictionaries]
            found |= union(each[text.value] for each in fields if text.value in each)
            if dictionaries:
                names = tuple(sorted(dictionary.name for dictionary in dictionaries))
                exists = may_be_other or any(text.value in each for each in fields)
                path = self.scope.path
                self.reads |= {KeyRead(path, place, text.value, names, exists) for place in (line, text.line)}
        return found


def union(types: Iterable[Type]) -> Type:
    return frozenset(member for type_ in types for member in type_)


def elements(value: Type) -> Type:
    """The type of what iterating over a value gives."""
    return union(_iterated(member) for member in value)


def _iterated(member: Member) -> Type:
    match member:
        case Elements(of=of):
            return of
        case Positions(of=types):
            return union(types)
        case Anything() | Instance() | Callable():
            return ANY
        case _:
            return NOTHING


def at(value: Type, number: int) -> Type:
    """The type of the value at a position of a tuple or list."""
    positions = [member.of for member in value if isinstance(member, Positions)]
    return union(types[number] for types in positions if number < len(types)) | elements(
        frozenset(member for member in value if not isinstance(member, Positions))
    )


def _returned(function: Type) -> Type:
    return union(member.returns for member in function if isinstance(member, Callable))


def _of_builtin(name: str, arguments: list[Type]) -> Type | None:
    """What a function of Python's gives, where its elements or values are those of an argument."""
    first = elements(arguments[0])
    if name in _SAME_ELEMENTS:
        return frozenset({Elements(first)})
    if name == "enumerate":
        return frozenset({Elements(frozenset({Positions((NOTHING, first))}))})
    if name == "zip":
        return frozenset({Elements(frozenset({Positions(tuple(elements(each) for each in arguments))}))})
    if name in ("next", "min", "max"):
        return first | union(arguments[1:2])
    if name in ("filter", "map") and len(arguments) > 1:
        return frozenset({Elements(elements(arguments[1]) if name == "filter" else _returned(arguments[0]) or ANY)})
    return arguments[0] if name in _SAME else None
