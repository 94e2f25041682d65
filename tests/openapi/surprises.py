"""Answers with 500 that the real service gives, and that the simulator imitates on purpose. They are no failures here.

Each has the method and the path of the document, a text of the answer, and why.
"""

from __future__ import annotations

SURPRISES = [
    (
        "POST",
        "/Style/FlatBom",
        "Input string was not in a correct format.",
        "a filter on `id` is refused with 500",
    ),
    (
        "POST",
        "/Report/FlatBom",
        "Input string was not in a correct format.",
        "as in the list of the styles",
    ),
    (
        "POST",
        "/Style/Sku/{header_id}/{app_id}/Generate",
        "Object reference not set to an instance of an object.",
        "SKUs are generated only when every colorway has a picture of its swatch",
    ),
    (
        "POST",
        "/Style/PageSets",
        "Value cannot be null. (Parameter 'source')",
        "a request that adds a set is refused, whatever it holds",
    ),
]


def is_documented(method: str, path: str, text: str) -> bool:
    return any(method == one and path == other and part in text for one, other, part, _ in SURPRISES)
