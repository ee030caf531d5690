"""The contract is written as YAML once, however many clients want it, and holds nobody up meanwhile."""

import asyncio
from typing import Any

import pytest
import yaml

from gateway.contract.bundle import Bundle
from gateway.documentation import OnceWritten


def test_yaml_is_written_once_for_all_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[object] = []
    dump = yaml.dump

    def counted(document: object, **options: Any) -> Any:
        written.append(document)
        return dump(document, **options)

    monkeypatch.setattr(yaml, "dump", counted)

    async def get_all() -> list[bytes]:
        once = OnceWritten(Bundle.load())
        return [*await asyncio.gather(*(once.get() for _ in range(5))), await once.get()]

    texts = asyncio.run(get_all())
    assert len(written) == 1
    assert {*texts} == {texts[0]}
    assert yaml.load(texts[0], yaml.CSafeLoader) == Bundle.load().document
