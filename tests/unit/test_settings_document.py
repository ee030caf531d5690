"""docs/configuration.md says what is so: every setting and every variable, and an example that can be loaded."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.providers import ROWS, Row
from gateway.settings import ProviderSettings, Settings, Timeouts, load
from gateway.settings.bounds import Bounds
from gateway.settings.options import Section

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "configuration.md").read_text()


def rows(heading: str) -> Iterator[list[str]]:
    """The cells of the table below a heading."""
    section = TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    for line in re.findall(r"^\| (?!---)(.*) \|$", section, re.MULTILINE)[1:]:
        yield [cell.strip() for cell in line.split("|")]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize(("heading", "model"), [("At the top", Settings), ("A provider", ProviderSettings)])
def test_every_setting_is_in_its_table(heading: str, model: type[Settings] | type[ProviderSettings]) -> None:
    assert {name for row in rows(heading) for name in named(row[0])} == set(model.model_fields)


@pytest.mark.parametrize(("name", "bounds"), [*Bounds()])
def test_every_bound_is_in_its_table_with_its_default(name: str, bounds: Section) -> None:
    section = TEXT.partition(f"| bound of `{name}` |")[2].partition("\n\n")[0]
    lines = [line.split("|") for line in section.splitlines()[2:]]
    told = {named(cells[1])[0]: cells[3].strip() for cells in lines}
    assert told == {field: f"{value:g}" if isinstance(value, float) else str(value) for field, value in bounds}


def test_every_time_out_is_told_with_its_default() -> None:
    told = next(row[1] for row in rows("A provider") if row[0] == "`timeouts`")
    for name, value in Timeouts():
        default = "as `idle`" if value is None else f"{value:g}"
        assert f"`{name}` [{default}]" in told


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_every_variable_of_a_provider_is_in_the_table(row: Row) -> None:
    told = next(cells for cells in rows("Variables") if named(cells[0]) == [row.name])
    assert named(told[1]) == [name for name in (row.key_variable, *row.key_variables) if name]
    assert named(told[2]) == [name for name in (row.base_url_variable,) if name]
    further = [names if isinstance(names, str) else ", ".join(names) for names in row.variables.values()]
    assert ", ".join(named(told[3])) == ", ".join(further)
    assert [part.partition(":")[0].strip() for part in told[3].split(";") if part] == list(row.variables)
    assert named(told[4]) == [row.base_url]


def test_the_table_names_no_provider_that_is_not_there() -> None:
    assert [named(cells[0])[0] for cells in rows("Variables")] == list(ROWS)


def test_the_example_can_be_loaded(tmp_path: Path) -> None:
    example = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)[0]
    file = tmp_path / "w.yaml"
    file.write_text(example)
    keys = dict.fromkeys(("EU_KEY_1", "EU_KEY_2", "AZURE_OPENAI_API_KEY", "OPENAI_API_KEY"), "sk-test")
    settings = load(file, {"HOME": "/home/ann", **keys})
    assert list(settings.providers) == ["openai", "openai-eu", "azure", "vertex", "bedrock", "lab"]
    assert list(settings.models) == ["fast", "openai/gpt-5"]
