"""docs/configuration.md has an example that can be loaded. Its tables come from the code (scripts/document)."""

import re
from pathlib import Path

from gateway.settings import load

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "configuration.md").read_text()


def test_the_example_can_be_loaded(tmp_path: Path) -> None:
    example = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)[0]
    file = tmp_path / "w.yaml"
    file.write_text(example)
    keys = dict.fromkeys(("EU_KEY_1", "EU_KEY_2", "AZURE_OPENAI_API_KEY", "OPENAI_API_KEY"), "sk-test")
    settings = load(file, {"HOME": "/home/ann", **keys})
    assert list(settings.providers) == ["openai", "openai-eu", "azure", "vertex", "bedrock", "lab"]
    assert list(settings.models) == ["fast", "openai/gpt-5"]
