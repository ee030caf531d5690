"""Which pages may call the gateway from a browser."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from gateway.settings.options import Section, listed

_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://[^/\s?#,]+")


def _origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    if not all(_ORIGIN.fullmatch(origin) for origin in origins):
        raise ValueError("not an origin")
    return origins


class CorsSettings(Section):
    """Calls from pages in a browser (CORS). A key in a page is known to everybody who sees the page."""

    origins: Annotated[tuple[str, ...], BeforeValidator(listed), AfterValidator(_origins)] = Field(
        default=(), description="origins such as `https://app.example.com`, without a path, or `*` for all"
    )
    """The origins of the pages that may. [none]"""
