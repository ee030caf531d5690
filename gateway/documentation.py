"""The contract for readers: `/openapi.json`, `/openapi.yaml`, and Swagger UI at `/docs` with assets of our own."""

import asyncio
from importlib.util import find_spec
from os import PathLike, stat_result
from pathlib import Path

import yaml
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gateway.contract.bundle import Bundle

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Waystone API</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = 'SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null});\n'
# Scripts and styles from here only; Swagger UI sets inline styles and shows data: images.
# No page of another may show this one in a frame.
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
_NO_SNIFFING = {"x-content-type-options": "nosniff"}


def documentation_routes(bundle: Bundle) -> list[BaseRoute]:
    """The routes that show the contract. They need no key: the contract is no secret."""

    async def as_json(_: Request) -> Response:
        return Response(bundle.raw, media_type="application/json", headers=_NO_SNIFFING)

    written = OnceWritten(bundle)

    async def as_yaml(_: Request) -> Response:
        return Response(await written.get(), media_type="application/yaml", headers=_NO_SNIFFING)

    async def page(_: Request) -> Response:
        return HTMLResponse(_PAGE, headers={"content-security-policy": _POLICY, **_NO_SNIFFING})

    async def start(_: Request) -> Response:
        return Response(_START, media_type="text/javascript", headers=_NO_SNIFFING)

    return [
        Route("/openapi.json", as_json),
        Route("/openapi.yaml", as_yaml),
        Route("/docs", page),
        Route("/docs/start.js", start),
        Mount("/docs/assets", _Assets(directory=_assets())),
    ]


class _Assets(StaticFiles):
    """Files whose types are as they are sent."""

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(_NO_SNIFFING)
        return response


class OnceWritten:
    """The contract as YAML, written when the first client wants it: that takes a second of a thread."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._writing = asyncio.Lock()
        self._text: bytes | None = None

    async def get(self) -> bytes:
        """The whole text."""
        async with self._writing:
            if self._text is None:
                self._text = await asyncio.to_thread(self._write)
        return self._text

    def _write(self) -> bytes:
        return yaml.dump(self._bundle.document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, encoding="utf-8")


class _Dumper(yaml.CSafeDumper):
    """Writes every part out where it stands: aliases are legal YAML, but few OpenAPI readers expect them."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _assets() -> Path:
    """The folder of the `swagger-ui-py` distribution, whose Python code is not needed and not imported."""
    spec = find_spec("swagger_ui")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the package swagger-ui-py is not installed")
    return Path(spec.submodule_search_locations[0]) / "static"
