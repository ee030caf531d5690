"""Finds each string key that code reads from a TypedDict: by subscript, `get`, `in` and `match`.

The types of values follow from annotations, through assignments, loops, comprehensions, calls and patterns. A value
of which nothing is declared has no keys to check; a key of a union must be in one of its members.

A table of field names is held to a type, too, if it is annotated with it: the names in
`TAKEN: "Annotated[frozenset[str], models.CreateResponseRequest]" = frozenset({"model", "input"})`, and a dict's keys.
"""

import ast
from collections.abc import Iterable

from tests.house.declared_types import ANY, NOTHING, Callable, Elements, Function, Instance, Project, Scope, Type
from tests.house.expression_types import Expressions, KeyRead, at, elements, union

_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def key_reads(project: Project, module: str) -> list[KeyRead]:
    """The keys that a module of the project reads, in the order of its lines."""
    scope = project.scope(module)
    if scope is None:
        raise ValueError(f"there is no module {module}")
    reader = _Statements(project, scope)
    for statement in scope.tree.body:
        reader.visit(statement)
    return sorted(reader.reads)


class _Statements(Expressions):
    """Follows one module's statements."""

    def __init__(self, project: Project, scope: Scope) -> None:
        super().__init__(project, scope)
        self._class: str | None = None

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        outer_class, outer = self._class, self.names
        for statement in node.body:
            self._class, self.names = node.name, dict(outer)
            self.visit(statement)
        self._class, self.names = outer_class, outer

    def visit_FunctionDef(self, node: Function) -> None:
        for default in (*node.args.defaults, *node.args.kw_defaults, *node.decorator_list):
            self.infer(default)
        if self._class is None:
            returned = self.project.returned(node, self.scope)
            self.names[node.name] = frozenset({Callable(returned)})
        outer, self.names = self.names, {**self.names, **self._parameters(node)}
        outer_class, self._class = self._class, None
        self._run(node.body)
        self.names, self._class = outer, outer_class

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Assign(self, node: ast.Assign) -> None:
        value = self.infer(node.value)
        for target in node.targets:
            self.bind(target, value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.infer(node.value)
        self.bind(node.target, self.project.annotation(node.annotation, self.scope))
        listing = self.project.listed(node.annotation, self.scope)
        for text in _listed_texts(node.value) if listing else ():
            self.value_at(listing, self.infer(text), text.lineno)

    def visit_If(self, node: ast.If) -> None:
        self.infer(node.test)
        self._fork([node.body, node.orelse])

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.bind(node.target, elements(self.infer(node.iter)))
        self._fork([node.body, []])
        self._run(node.orelse)

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        self.infer(node.test)
        self._fork([node.body, []])
        self._run(node.orelse)

    def visit_Try(self, node: ast.Try) -> None:
        self._fork([[*node.body, *node.orelse], *(handler.body for handler in node.handlers)])
        self._run(node.finalbody)

    def visit_Match(self, node: ast.Match) -> None:
        subject = self.infer(node.subject)
        start, ends = self.names, [self.names]
        for case in node.cases:
            self.names = dict(start)
            self._match(case.pattern, subject)
            self.infer(case.guard)
            if not self._run(case.body):
                ends.append(self.names)
        self.names = _joined(ends)

    def _run(self, body: Iterable[ast.stmt]) -> bool:
        """Follow the statements; whether nothing comes after them."""
        last = None
        for last in body:
            self.visit(last)
        return isinstance(last, _ENDS)

    def _fork(self, bodies: Iterable[list[ast.stmt]]) -> None:
        start, ends = self.names, []
        for body in bodies:
            self.names = dict(start)
            if not self._run(body):
                ends.append(self.names)
        self.names = _joined(ends) if ends else start

    def _parameters(self, node: Function) -> dict[str, Type]:
        arguments = node.args
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        types = {each.arg: self.project.annotation(each.annotation, self.scope) for each in named}
        if arguments.vararg is not None:
            types[arguments.vararg.arg] = frozenset(
                {Elements(self.project.annotation(arguments.vararg.annotation, self.scope))}
            )
        if self._class is not None and named and named[0].annotation is None:
            types[named[0].arg] = frozenset({Instance(self.scope.name, self._class)})
        return types

    def _match(self, pattern: ast.pattern, subject: Type) -> None:
        match pattern:
            case ast.MatchMapping(keys=keys, patterns=patterns):
                for key, inner in zip(keys, patterns, strict=True):
                    self._match(inner, self.value_at(subject, self.infer(key), key.lineno))
            case ast.MatchAs(pattern=inner, name=name):
                if inner is not None:
                    self._match(inner, subject)
                if name is not None:
                    self.names[name] = subject
            case ast.MatchOr(patterns=patterns):
                self._match_all(patterns, subject)
            case ast.MatchSequence(patterns=patterns):
                for number, inner in enumerate(patterns):
                    self._match(inner, at(subject, number))
            case ast.MatchStar(name=str(name)):
                self.names[name] = frozenset({Elements(ANY)})
            case ast.MatchClass():
                self._match_class(pattern, subject)
            case ast.MatchValue(value=value):
                self.infer(value)

    def _match_all(self, patterns: Iterable[ast.pattern], subject: Type) -> None:
        for pattern in patterns:
            self._match(pattern, subject)

    def _match_class(self, pattern: ast.MatchClass, subject: Type) -> None:
        self._match_all(pattern.patterns, subject)
        class_ = self.project.called(self.scope, ast.unparse(pattern.cls))
        for name, inner in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
            self._match(inner, self.attribute(class_, name))


def _listed_texts(value: ast.expr | None) -> Iterable[ast.Constant]:
    """The texts in a set or tuple, and the keys of a dict."""
    parts = value.keys if isinstance(value, ast.Dict) else [value]
    nodes = (node for part in parts if part is not None for node in ast.walk(part))
    return [node for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _joined(ends: list[dict[str, Type]]) -> dict[str, Type]:
    names = {name for end in ends for name in end}
    return {name: union(end.get(name, NOTHING) for end in ends) for name in names}
