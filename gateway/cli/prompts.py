"""`waystone prompts`: the prompt templates of the settings, listed, and expanded as requests would be."""

from collections.abc import Sequence
from typing import Annotated

import orjson
import typer

from gateway.cli import tables
from gateway.cli.state import ConfigPath
from gateway.errors import GatewayError
from gateway.neutral.json import JsonObject
from gateway.redaction import without_secrets
from gateway.settings import ConfigurationError, load
from gateway.settings.prompts import prompt_templates
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.request.prompt import create_response
from gateway.surfaces.responses.request.templates import PromptTemplates, VersionedPrompt, expanded

_HEAD = ("id", "version", "", "model", "variables")

app = typer.Typer(help="List and expand the prompt templates of the settings.", add_completion=False)


@app.callback(invoke_without_command=True)
def prompts(
    context: typer.Context,
    config: ConfigPath = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """List the prompt templates of the settings, each version with its variables."""
    if context.invoked_subcommand is not None:
        return
    rows = [row for id_, prompt in _templates(config).prompts.items() for row in _rows(id_, prompt)]
    if as_json:
        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
    else:
        tables.show(_HEAD, map(_cells, rows))


@app.command()
def render(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The id of a prompt.")],
    version: Annotated[str | None, typer.Option(help="Its version. Default: the one for requests without.")] = None,
    variables: Annotated[
        list[str] | None, typer.Option("--var", metavar="NAME=VALUE", help="The text of a variable; once for each.")
    ] = None,
    config: ConfigPath = None,
) -> None:
    """Print the request that a prompt stands for, as JSON, without the secrets of its tools."""
    reference: JsonObject = {"id": id_, "version": version, "variables": {**_given(variables or ())}}
    templates = _templates(config)
    try:
        rendered = templates.render(reference)
    except GatewayError as error:
        raise _failed(str(error)) from None
    if rendered is None:
        known = ", ".join(templates.prompts) or "none"
        raise _failed(f"There is no prompt {id_!r} in the settings; there are: {known}.")
    request = without_secrets(extensions(expanded(create_response({"prompt": reference}), rendered)))
    typer.echo(orjson.dumps(request, option=orjson.OPT_INDENT_2).decode())


def _templates(config: ConfigPath) -> PromptTemplates:
    try:
        return prompt_templates(load(config).prompts)
    except ConfigurationError as error:
        # It shows no values, only what was expected in their place.
        raise _failed(str(error)) from None


def _given(variables: Sequence[str]) -> JsonObject:
    given: JsonObject = {}
    for variable in variables:
        name, sign, text = variable.partition("=")
        if not sign or not name:
            raise _failed(f"--var {variable!r}: expected NAME=VALUE")
        if name in given:
            raise _failed(f"--var {name}: expected once")
        given[name] = text
    return given


def _failed(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(2)


def _rows(id_: str, prompt: VersionedPrompt) -> list[JsonObject]:
    return [
        {
            "id": id_,
            "version": name,
            "is_default": name == prompt.default,
            "model": template.fields.get("model"),
            "variables": [*template.uses()],
        }
        for name, template in prompt.versions.items()
    ]


def _cells(row: JsonObject) -> tuple[str, ...]:
    variables = row["variables"]
    return (
        str(row["id"]),
        str(row["version"]),
        "default" if row["is_default"] else "",
        str(row["model"] or ""),
        " ".join(map(str, variables if isinstance(variables, list) else ())),
    )
