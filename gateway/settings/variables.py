"""Which variables of the environment set what."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.providers import Row
from gateway.providers.address import needed, variant
from gateway.settings.document import KeyPath

VARIABLES: Mapping[str, KeyPath] = {
    "WAYSTONE_API_KEY": ("api_key",),
    "WAYSTONE_DATA": ("data_dir",),
    "DATABASE_URL": ("database_url",),
    "HOST": ("host",),
    "PORT": ("port",),
    "WORKERS": ("workers",),
    "LOG_LEVEL": ("log_level",),
    "LOG_FORMAT": ("log_format",),
}
"""The variables that set something, besides those of the providers that are known by name."""

_OPENING = ("api_key", "azure_ad_token", "credentials_file")
# Where the file says one of these, the key of the environment is not meant.
_OTHER_WAYS = ("api_keys", "azure_ad_token", "credentials_file", "profile", "access_key_id")


def variables(values: Mapping[str, Any], environ: Mapping[str, str], rows: Mapping[str, Row]) -> dict[KeyPath, str]:
    """What is set by variables, and by which. `values` is what the file says.

    A provider that the file does not name is on where the environment alone opens and finds it: with a key (or, for
    one that needs none, with its address), and with everything that its address has in it.
    """
    found = {path: name for name, path in VARIABLES.items() if environ.get(name)}
    in_file = values.get("providers") or {}
    # What is no mapping is a mistake in the file, to be told of and not to be covered.
    for name, row in rows.items() if isinstance(in_file, dict) else ():
        told = dict(_of(row, environ))
        if name in in_file:
            told = _beside(told, in_file[name], name)
        elif not _is_on(row, {setting: environ[variable] for setting, variable in told.items()}):
            continue
        found |= {("providers", name, setting): variable for setting, variable in told.items()}
    return found


def _of(row: Row, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The settings of a provider that variables have a value for, with the variable that counts."""
    named: dict[str, Sequence[str | None]] = {
        "api_key": (row.key_variable, *row.key_variables),
        "base_url": (row.base_url_variable,),
        **{setting: (name,) if isinstance(name, str) else name for setting, name in row.variables.items()},
    }
    for setting, names in named.items():
        if variable := next((name for name in names if name and environ.get(name, "").strip()), None):
            yield setting, variable


def _beside(told: dict[str, str], said: Any, name: str) -> dict[str, str]:
    """What of it goes with what the file says of the provider."""
    if not isinstance(said, dict):
        return told
    if said.get("provider", name) != name:
        # Another provider under this one's name.
        return {}
    has_other_way = any(said.get(setting) for setting in _OTHER_WAYS)
    return {setting: variable for setting, variable in told.items() if setting != "api_key" or not has_other_way}


def _is_on(row: Row, given: Mapping[str, str]) -> bool:
    row = variant(row, given)
    is_open = any(given.get(setting) for setting in _OPENING)
    if row.scheme == "none" and not is_open:
        is_open = "base_url" in given
    return is_open and all(setting in given for setting in needed(row, given.get("base_url")))
