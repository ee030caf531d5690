"""scripts/generate --scaffold begins the handlers that are missing, and touches no other."""

import ast
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.contract.naming import handler_of
from scripts.contract.scaffold import write_missing

ROOT = Path(__file__).parents[2]
BUNDLE: dict[str, Any] = json.loads((ROOT / "generated" / "openapi.json").read_text())


@pytest.mark.parametrize(
    ("operation_id", "tags", "handler"),
    [
        ("chat.completions.create", ["chat"], ("handlers.chat.completions", "create")),
        ("models.list", [], ("handlers.models", "list")),
        ("postApiGatewayV1Responses", ["waystone"], ("handlers.waystone", "post_api_gateway_v1_responses")),
        ("getHTTPStatus", ["health", "other"], ("handlers.health", "get_http_status")),
    ],
)
def test_operation_ids_name_their_handlers(operation_id: str, tags: list[str], handler: tuple[str, str]) -> None:
    assert handler_of(operation_id, tags) == handler


@pytest.mark.parametrize(
    ("operation_id", "tags", "message"),
    [
        ("createIt", [], "neither a dot in its id nor a tag"),
        ("files.import", ["files"], "'import', which is no Python name"),
        ("files..list", ["files"], "'', which is no Python name"),
        ("createIt", ["my files"], "'my files', which is no Python name"),
    ],
)
def test_ids_that_give_no_python_name_are_refused(operation_id: str, tags: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        handler_of(operation_id, tags)


@given(st.text(), st.lists(st.text(), max_size=2))
def test_any_id_gives_a_python_name_or_an_error(operation_id: str, tags: list[str]) -> None:
    try:
        module, function = handler_of(operation_id, tags)
    except ValueError:
        return
    ast.parse(f"from {module} import {function}")


def test_scaffold_begins_every_handler_with_its_types(tmp_path: Path) -> None:
    begun = write_missing(BUNDLE, tmp_path)

    assert "handlers/chat/completions.py::create" in begun
    assert (tmp_path / "handlers" / "chat" / "completions.py").read_text() == (
        '"""Handles chat.completions."""\n'
        "\n"
        "from typing import TYPE_CHECKING\n"
        "\n"
        "from gateway.http import Reply, Request, StreamReply\n"
        "from gateway.services import Gateway\n"
        "\n"
        "if TYPE_CHECKING:\n"
        "    from generated.models import CreateChatCompletionRequest\n"
        "\n"
        "\n"
        'async def create(request: "Request[CreateChatCompletionRequest]", gateway: Gateway) -> Reply | StreamReply:\n'
        '    """Create a chat completion."""\n'
        '    raise NotImplementedError("chat.completions.create: write me")\n'
    )
    assert (tmp_path / "handlers" / "chat" / "__init__.py").exists()


def test_a_module_with_modules_below_it_is_begun_as_a_package(tmp_path: Path) -> None:
    begun = write_missing(BUNDLE, tmp_path)

    assert "handlers/responses/__init__.py::retrieve" in begun
    assert "handlers/responses/input_items.py::list" in begun
    assert not (tmp_path / "handlers" / "responses.py").exists()


def test_scaffold_writes_modules_that_python_reads(tmp_path: Path) -> None:
    begun = write_missing(BUNDLE, tmp_path)

    for place in begun:
        module, function = place.split("::")
        tree = ast.parse((tmp_path / module).read_text())
        assert function in [node.name for node in tree.body if isinstance(node, ast.AsyncFunctionDef)]


def test_scaffold_begins_nothing_twice(tmp_path: Path) -> None:
    write_missing(BUNDLE, tmp_path)

    assert write_missing(BUNDLE, tmp_path) == []


def test_scaffold_adds_to_a_module_and_leaves_what_is_there(tmp_path: Path) -> None:
    module = tmp_path / "handlers" / "models.py"
    module.parent.mkdir()
    module.write_text(
        '"""The models."""\n\nimport json\n\nfrom gateway.http import Reply\n\n\n'
        'def list() -> Reply:\n    return Reply(b"")\n'
    )

    begun = [place for place in write_missing(BUNDLE, tmp_path) if "models" in place]

    assert begun == ["handlers/models.py::retrieve"]
    assert module.read_text().startswith(
        '"""The models."""\n\nimport json\n\n'
        "from gateway.http import Reply, Request\nfrom gateway.services import Gateway\n\n\n"
        'def list() -> Reply:\n    return Reply(b"")\n\n\nasync def retrieve('
    )


def test_the_handlers_that_exist_are_those_that_the_contract_names(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "handlers", tmp_path / "handlers")

    assert write_missing(BUNDLE, tmp_path) == []
