"""The requests of the day."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypedDict, cast

from beproduct_client._plan import Plan, plan_settings
from beproduct_client._resource import Resource


class Usage(TypedDict):
    """Requests of one operation under one label."""

    operation: str
    label: str
    requests: int


class LimitStatus(TypedDict):
    """How one limit stands."""

    window: Literal["day", "hour", "minute"]
    limit: int
    """Requests of the window."""
    used: int
    """Requests counted in it."""
    remaining: int
    """Requests left in it."""
    resets_at: str
    """End of the window, ISO 8601."""


class QuotaStatus(TypedDict):
    """How the quota stands."""

    store: Literal["memory", "sqlite", "redis"]
    """Where requests are counted."""
    limit: int | None
    """Requests of the day, if there is a limit."""
    used: int
    """Requests counted today, those included that are leased to a process and may not be used yet."""
    remaining: int | None
    """Requests left today, if there is a limit."""
    resets_at: str
    """Beginning of the next day, ISO 8601."""
    usage: list[Usage]
    """Requests counted today by operation and label, most first. What is leased is not among them before it is settled."""
    limits: list[LimitStatus]
    """Every limit that the plan has."""
    leased: int
    """Requests of today that are leased, by all who share the ledger."""
    others: int
    """Requests of today that others sent, outside of the ledger, as far as the service told."""
    pace: float
    """Requests an hour at present: those of this hour, and of the last one for the part that is still to come."""
    runs_out_at: str | None
    """When the requests of the day are used up at this pace, ISO 8601; None when they last until the reset."""
    paused_until: str | None
    """The service asked to wait until then, ISO 8601."""


class ReportRow(TypedDict):
    """Requests of one kind."""

    day: str
    """Date on which the day began, `2026-11-25`."""
    operation: str
    """Empty for requests of others and of processes that ended without telling."""
    label: str
    """The caller's label, or empty; `others` for requests that the service told of."""
    process: str
    """`host:process id`, or empty for requests of others and for days that are over for a week."""
    requests: int


class Share(TypedDict):
    """A name and its requests."""

    name: str
    """The day, operation, label or process."""
    requests: int


# `from` cannot be the name of a member of a class.
QuotaReport = TypedDict(
    "QuotaReport",
    {
        "from": str,
        "to": str,
        "requests": int,
        "by_day": list[Share],
        "by_operation": list[Share],
        "by_label": list[Share],
        "by_process": list[Share],
        "rows": list[ReportRow],
    },
)
"""Who used the quota, and for what.

`from` and `to` are the first and the last day, `2026-11-25`, the last being today; `requests` is how many there were in
all. `by_day` is in order, without the days that had no requests; `by_operation`, `by_label` and `by_process` have most
first. `rows` is all of it, by day and then most first.
"""


class _WorkNeeds(TypedDict):
    operation: str
    """Id or short name of the operation: `style.list`."""


class Work(_WorkNeeds, total=False):
    """Some work: calls of one operation."""

    count: int
    """How many records a list has, numbers are looked up or rows are written; for other operations, how many calls are
    made (default 1)."""
    page_size: int
    """Records a page, for lists. Default 200."""


class EstimateItem(TypedDict):
    """The requests that one piece of work takes."""

    operation: str
    """Id of the operation."""
    count: int
    """Records, numbers, rows or calls."""
    requests: int


class Estimate(TypedDict):
    """The requests that some work takes, without retries and without the schema of a folder whose filters are checked."""

    requests: int
    """Requests in all."""
    remaining: int | None
    """Requests left today, if there is a limit."""
    enough: bool
    """Whether they are enough. True without a limit."""
    items: list[EstimateItem]
    """Each piece of the work."""


class QuotaEvent(TypedDict):
    """Something about the quota."""

    event: Literal["threshold", "others", "limit"]
    """What happened. `threshold`: 80 or 95 percent of the day's limit were reached, once a day for all who share a ledger.
    `others`: the service told of requests that others sent, outside of the ledger; they are counted now. `limit`: a limit
    was reached, and a call wants to be sent."""
    window: Literal["day", "hour", "minute"]
    """Which limit it is about."""
    limit: int | None
    """Requests of the window, if there is a limit."""
    used: int
    """Requests counted in the window."""
    remaining: int | None
    """Requests left in the window, if there is a limit."""
    resets_at: str
    """End of the window, ISO 8601."""
    resets_in: float
    """Seconds until then."""
    threshold: int | None
    """The share that was reached, in percent; of `threshold`."""
    requests: int | None
    """Requests that others sent; of `others`."""
    operation: str | None
    """Id of the operation that wants to be sent; of `limit`."""
    label: str | None
    """Its label; of `limit`."""


class Quota(Resource):
    """The daily quota: how it is used, and what some work will take."""

    def status(self) -> QuotaStatus:
        """How the quota is used. Sends nothing."""
        return cast(QuotaStatus, self._call("quota.status", {}, {}))

    def report(self, days: int = 30) -> QuotaReport:
        """Requests of the last days, by day, operation, label and process. Sends nothing.

        :param days: Number of days including today, from 1 to 90.
        :raises ConfigError: when `days` is out of range.
        """
        return cast(QuotaReport, self._call("quota.report", {"days": days}, {}))

    def estimate(self, work: Iterable[Work]) -> Estimate:
        """Compares the requests that some work takes with those that are left today. Sends nothing.

        :param work: What is to be done: `[{"operation": "style.list", "count": 5000}]`.
        :raises ConfigError: when an operation is unknown, a list has no `count`, or a member is missing or wrong.
        """
        return cast(Estimate, self._call("quota.estimate", {"work": work}, {}))

    def change_plan(self, plan: Plan) -> None:
        """Replaces the plan, also of clients that act for other users. Requests that are counted stay counted.

        :raises ConfigError: when the plan is invalid; the former one stays.
        """
        self._call("quota.change_plan", {"plan": plan_settings(plan)}, {})


class AsyncQuota(Resource):
    """`Quota` for asyncio."""

    async def status(self) -> QuotaStatus:
        """How the quota is used. Sends nothing."""
        return cast(QuotaStatus, await self._call("quota.status", {}, {}))

    async def report(self, days: int = 30) -> QuotaReport:
        """Requests of the last days, by day, operation, label and process. Sends nothing.

        :param days: Number of days including today, from 1 to 90.
        :raises ConfigError: when `days` is out of range.
        """
        return cast(QuotaReport, await self._call("quota.report", {"days": days}, {}))

    async def estimate(self, work: Iterable[Work]) -> Estimate:
        """Compares the requests that some work takes with those that are left today. Sends nothing.

        :param work: What is to be done: `[{"operation": "style.list", "count": 5000}]`.
        :raises ConfigError: when an operation is unknown, a list has no `count`, or a member is missing or wrong.
        """
        return cast(Estimate, await self._call("quota.estimate", {"work": work}, {}))

    async def change_plan(self, plan: Plan) -> None:
        """Replaces the plan, also of clients that act for other users. Requests that are counted stay counted.

        :raises ConfigError: when the plan is invalid; the former one stays.
        """
        await self._call("quota.change_plan", {"plan": plan_settings(plan)}, {})
