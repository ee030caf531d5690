"""Where the Gemini API and Vertex AI are, and which facts count for which model."""

import pytest

from gateway.dialects.profiles.gemini import GeminiProfile
from gateway.providers import gemini, vertex
from gateway.providers.address import address, needed
from gateway.providers.row import Row


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("us-central1", "us-central1-aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
    ],
)
def test_vertex_is_where_its_location_says(location: str, host: str) -> None:
    url, query = address(vertex.ROW, None, {"project": "p-1", "location": location})
    assert url == f"https://{host}/v1beta1/projects/p-1/locations/{location}/publishers/google"
    assert query == ""


def test_vertex_needs_a_project_and_a_location_unless_it_is_somewhere_else() -> None:
    assert set(needed(vertex.ROW, None)) == {"project", "location"}
    assert list(needed(vertex.ROW, "https://aiplatform.googleapis.com/v1/publishers/google")) == []


@pytest.mark.parametrize("row", [gemini.ROW, vertex.ROW])
@pytest.mark.parametrize(
    ("model", "form", "reads_json_schema", "wants_signatures"),
    [
        ("gemini-3-pro-preview", "thinkingLevel", True, True),
        ("gemini-3.6-flash", "thinkingLevel", True, True),
        ("gemini-flash-latest", "thinkingLevel", True, True),
        ("gemini-2.5-pro", "thinkingBudget", True, False),
        ("gemini-2.5-flash-lite", "thinkingBudget", True, False),
        ("gemini-2.0-flash-001", None, False, False),
        ("gemini-1.5-pro", None, False, False),
        ("gemma-3-27b-it", None, False, False),
    ],
)
def test_facts_are_those_of_the_model(
    row: Row, model: str, form: str | None, reads_json_schema: bool, wants_signatures: bool
) -> None:
    facts = row.profile(GeminiProfile).of(model)
    assert (facts.thinking and facts.thinking.form) == form
    assert (facts.takes_json_schema, facts.wants_signatures) == (reads_json_schema, wants_signatures)
    assert facts.takes_formats_with_tools == facts.takes_hosted_with_tools == wants_signatures
