"""Logs: lines for a person on a terminal, JSON for everything else, and no secret in either."""

import logging
import re
import sys
from contextvars import ContextVar

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_SECRETS = re.compile(
    r"""
      (?P<before>                                       # named as a secret; the name stays
          \b(?:bearer|basic)\s+
        | (?:api[-_]?key|authorization|password|secret)[\\"']*\s*[:=]
          \s*[\\"']*(?:(?:bearer|basic)\s+)?
        | [?&]key=
        | ://[^/\s:@]*:(?=[^/\s@]+@)                    # a password in an address
      )[^\s"'\\,;&@]{4,}
      | \b(?:sk|xai|pplx|csk|nvapi)-[\w-]{8,}           # the prefixes of providers' keys, and of ours
      | \b(?:gsk_|hf_|AIza)[\w-]{8,}
    """,
    re.VERBOSE | re.IGNORECASE,
)

REQUEST_ID: ContextVar[str] = ContextVar("REQUEST_ID", default="")
"""The id of the request that the current task works for, which every line that it causes carries; empty for none."""

# What libraries say of their ordinary life is not news about this server.
_QUIET = ("alembic", "asyncio", "connexion", "httpcore", "httpx", "sqlalchemy", "uvicorn")

# These write whole addresses, and what goes there, at the level debug: a key may be among it. The gateway's own lines
# tell whom it calls.
_NEVER_TALKATIVE = ("botocore", "google", "pyqwest", "urllib3")


def _with_request_id(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    if request_id := REQUEST_ID.get():
        event.setdefault("request_id", request_id)
    return event


# What every line tells beside its message, whoever logged it.
_FIELDS: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    _with_request_id,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
)


def redact(text: str) -> str:
    """`text` with everything that looks like a key or a password written as ***."""
    return _SECRETS.sub(lambda found: f"{found['before'] or ''}***", text)


def is_for_person(format: str) -> bool:
    """Whether lines are for a person (`text`) or for programs (`json`); `auto`: for a person on a terminal."""
    return sys.stderr.isatty() if format == "auto" else format == "text"


def configure(level: str, format: str = "auto", *, has_libraries: bool = False) -> None:
    """Send every logger of this process to stderr from `level` on, in the format `auto`, `json` or `text`.

    Libraries' own lines are left out below warnings, unless `has_libraries`.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_FIELDS,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    lines = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_FIELDS,
        processors=_renderers(is_for_person(format)),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(lines)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(level.upper() if has_libraries else logging.WARNING)
    for name in _NEVER_TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _renderers(console: bool) -> list[Processor]:
    """The way from an event to a line; the line is redacted last, so tracebacks are covered too."""
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if console:
        # A plain traceback: the pretty ones print local variables, and keys are among them.
        lines = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        return [remove, lines, _redact_line]
    return [
        remove,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(lambda event, **options: orjson.dumps(event, **options).decode()),
        _redact_line,
    ]


def _redact_line(logger: WrappedLogger, method: str, line: EventDict | str) -> str:
    return redact(str(line))
