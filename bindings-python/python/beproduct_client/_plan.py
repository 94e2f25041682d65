"""What a company has bought."""

from __future__ import annotations

from typing import Any


class Plan:
    """How many requests there are, and when days begin (docs/service/limits.md, Limits by edition).

    Every plan takes `requests_per_hour` and `requests_per_minute`, limits of each full hour and minute besides that of the
    day (default: none); `day_start`, the time at which days begin, as `06:30` (default `00:00`); and `time_zone`, the zone
    of that time, as `America/New_York` (default UTC). The client that gets a plan checks it.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = {name: value for name, value in settings.items() if value is not None}

    @classmethod
    def business_max(
        cls,
        licenses: int,
        *,
        requests_per_hour: int | None = None,
        requests_per_minute: int | None = None,
        day_start: str | None = None,
        time_zone: str | None = None,
    ) -> Plan:
        """2,000 requests a day, or 250 for each user licence if that is lower."""
        edition = {"edition": "business_max", "licenses": licenses}
        return cls({**edition, **_besides(requests_per_hour, requests_per_minute, day_start, time_zone)})

    @classmethod
    def enterprise(
        cls,
        licenses: int,
        *,
        requests_per_hour: int | None = None,
        requests_per_minute: int | None = None,
        day_start: str | None = None,
        time_zone: str | None = None,
    ) -> Plan:
        """25,000 requests a day, or 500 for each user licence if that is lower."""
        edition = {"edition": "enterprise", "licenses": licenses}
        return cls({**edition, **_besides(requests_per_hour, requests_per_minute, day_start, time_zone)})

    @classmethod
    def requests_per_day(
        cls,
        limit: int,
        *,
        requests_per_hour: int | None = None,
        requests_per_minute: int | None = None,
        day_start: str | None = None,
        time_zone: str | None = None,
    ) -> Plan:
        """An explicit limit."""
        besides = _besides(requests_per_hour, requests_per_minute, day_start, time_zone)
        return cls({"requests_per_day": limit, **besides})

    @classmethod
    def from_service(
        cls,
        *,
        requests_per_hour: int | None = None,
        requests_per_minute: int | None = None,
        day_start: str | None = None,
        time_zone: str | None = None,
    ) -> Plan:
        """The limits that the service states, for what is not given here.

        They are asked for once a day by whoever comes first of those who share a ledger; that request counts.
        """
        besides = _besides(requests_per_hour, requests_per_minute, day_start, time_zone)
        return cls({"from_service": True, **besides})

    @classmethod
    def unlimited(
        cls,
        *,
        requests_per_hour: int | None = None,
        requests_per_minute: int | None = None,
        day_start: str | None = None,
        time_zone: str | None = None,
    ) -> Plan:
        """No limit of the day: only those given here."""
        return cls(_besides(requests_per_hour, requests_per_minute, day_start, time_zone))

    def __repr__(self) -> str:
        return f"Plan({self._settings})"


def _besides(
    requests_per_hour: int | None, requests_per_minute: int | None, day_start: str | None, time_zone: str | None
) -> dict[str, Any]:
    return {
        "requests_per_hour": requests_per_hour,
        "requests_per_minute": requests_per_minute,
        "day_start": day_start,
        "time_zone": time_zone,
    }


def plan_settings(plan: Any) -> Any:
    """A plan as the engine reads it. What is none stays as it is, for the engine to refuse."""
    return plan._settings if isinstance(plan, Plan) else plan
