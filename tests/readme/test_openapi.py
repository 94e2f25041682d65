"""docs/openapi.json is a valid OpenAPI document."""

import json
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def test_a_validator_accepts_the_document() -> None:
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    wrong = [
        f"{'/'.join(map(str, error.path))}: {error.message}"
        for error in OpenAPIV31SpecValidator(document).iter_errors()
    ]
    assert wrong == []
