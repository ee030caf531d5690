"""Database URLs: which engine they name, and what of them may be shown."""

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store.errors import StoreError
from gateway.store.location import locate


def test_sqlite_path_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert locate("sqlite:///state/waystone.db").file == tmp_path / "state" / "waystone.db"
    assert locate("sqlite:////var/lib/waystone.db").file == Path("/var/lib/waystone.db")


def test_percent_encoded_path_is_decoded() -> None:
    assert locate("sqlite:////data/a%20b%3Fc/x.db").file == Path("/data/a b?c/x.db")


@given(name=st.text(st.characters(codec="utf-8", exclude_characters="/\x00"), min_size=1))
def test_url_handed_to_the_migration_names_the_same_file(name: str) -> None:
    location = locate(f"sqlite:////data/x{quote(name)}")
    assert location.file == Path(f"/data/x{name}")
    assert locate(location.text).file == location.file


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="name a file"):
        locate(url)


@pytest.mark.parametrize("url", ["mysql://u:hunter2@h/db", "mongodb://u:hunter2@h", "redis://:hunter2@h"])
def test_other_engines_are_refused_without_the_password(url: str) -> None:
    with pytest.raises(StoreError, match="SQLite or PostgreSQL") as caught:
        locate(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "waystone.db", "postgresql", "postgresql://u:hunter2@h:port/db", "://hunter2"])
def test_what_is_no_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(StoreError, match="cannot be read") as caught:
        locate(url)
    assert "hunter2" not in str(caught.value)


@given(password=st.text("ÄÖÜ%:?&=+ #[]", min_size=4))
def test_password_is_neither_shown_nor_printed(password: str) -> None:
    location = locate(f"postgres://waystone:{password}@db.example:5433/state?sslmode=require")
    assert location.shown == "postgresql://waystone:***@db.example:5433/state"
    assert password not in repr(location)
