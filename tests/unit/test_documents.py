"""scripts/document: the pages are what the code gives, and a page that is not is shown."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from gateway.settings.options import Section, Text
from scripts.documents.command import run
from scripts.documents.marked import MarkerError, fill
from scripts.documents.settings import Entry, entries
from scripts.documents.table import CENTRE, LEFT, table

ROOT = Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- stars: written by scripts/document -->\n", "\n<!-- end -->\n"


def test_pages_are_what_the_code_gives(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ROOT, ["--check"]) == 0, capsys.readouterr().out


def test_check_shows_what_differs_and_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text("old\n")
    assert run(tmp_path, ["--check"], {"page.md": lambda old: old.replace("old", "new")}) == 1
    assert "-old\n+new\n" in capsys.readouterr().out
    assert page.read_text() == "old\n"


def test_without_check_a_page_is_written_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for said in ("wrote page.md\n", ""):
        assert run(tmp_path, [], {"page.md": lambda _: "new\n"}) == 0
        assert capsys.readouterr().out == said
    assert (tmp_path / "page.md").read_text() == "new\n"


def test_a_table_is_written_between_its_comments_and_the_rest_is_kept() -> None:
    page = f"Before.\n\n{BEGIN}\nold\n{END}\nAfter.\n"
    filled = fill(page, {"stars": lambda: "| Vega |"})
    assert filled == page.replace("old", "| Vega |")
    assert fill(filled, {"stars": lambda: "| Vega |"}) == filled


@pytest.mark.parametrize(
    "page",
    ["", BEGIN, BEGIN + END + BEGIN + END, BEGIN.replace("stars", "moons") + END],
    ids=["none", "no end", "twice", "another"],
)
def test_comments_that_do_not_fit_the_tables_are_refused(page: str, tmp_path: Path) -> None:
    with pytest.raises(MarkerError, match="stars"):
        fill(page, {"stars": lambda: "| Vega |"})
    (tmp_path / "page.md").write_text(page)
    assert run(tmp_path, [], {"page.md": lambda old: fill(old, {"stars": lambda: "| Vega |"})}) == 1
    assert (tmp_path / "page.md").read_text() == page


def test_a_table_is_markdown() -> None:
    lines = table(("star", "seen"), [("Vega", "a|b"), ("Deneb", "")], [LEFT, CENTRE]).splitlines()
    assert lines == ["| star | seen |", "| --- | :-: |", "| Vega | a\\|b |", "| Deneb | |"]


class Lens(Section):
    """A part of a telescope."""

    width: int = Field(default=70, description="millimetres")
    """How wide
    it is."""
    coat: Text | None = Field(default=None, description="a colour")
    """What is on it. [nothing]"""


class Telescope(Section):
    """What a test looks through."""

    name: Text = Field(default="Ann", description="a text")
    """What it is called."""
    lens: Annotated[Lens, "the front"] = Field(default=Lens(), description="a mapping")
    spare: Lens | None = Field(default=None, description="a mapping")
    """Another one, as `lens`."""


class Blank(Section):
    """A section with a setting that nobody has described."""

    colour: Text = Field(default="red", description="a text")


def test_settings_are_described_by_their_docstrings() -> None:
    assert list(entries(Telescope)) == [
        Entry("name", "What it is called.", "a text", "`Ann`"),
        Entry("lens.width", "How wide it is.", "millimetres", "70"),
        Entry("lens.coat", "What is on it.", "a colour", "nothing"),
        Entry("spare", "Another one, as `lens`.", "a mapping", ""),
    ]


def test_a_setting_without_a_docstring_is_refused() -> None:
    with pytest.raises(LookupError, match=r"Blank\.colour"):
        list(entries(Blank))
