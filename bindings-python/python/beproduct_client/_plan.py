"""What a company has bought."""

from __future__ import annotations

from typing import Any


class Plan:
    """Requests per day (docs/service.md, Limits by edition)."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings

    @classmethod
    def business_max(cls, licenses: int) -> Plan:
        """2,000 requests a day, or 250 for each user licence if that is lower."""
        return cls({"edition": "business_max", "licenses": licenses})

    @classmethod
    def enterprise(cls, licenses: int) -> Plan:
        """25,000 requests a day, or 500 for each user licence if that is lower."""
        return cls({"edition": "enterprise", "licenses": licenses})

    @classmethod
    def requests_per_day(cls, limit: int) -> Plan:
        """An explicit limit."""
        return cls({"requests_per_day": limit})

    def __repr__(self) -> str:
        return f"Plan({self._settings})"
