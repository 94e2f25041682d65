"""Client for the BeProduct PLM API.

>>> from beproduct_client import BeProduct, Plan
>>> with BeProduct(company_domain="acme", client_id=..., client_secret=..., refresh_token=...,
...                plan=Plan.business_max(licenses=8)) as client:
...     for style in client.style.list(filters=[{"field": "active", "value": "Yes"}]):
...         print(style["headerNumber"])
"""

from importlib.metadata import version as _version

from beproduct_client._client import BeProduct, BeProductAsync
from beproduct_client._paging import AsyncPager, Page, Pager
from beproduct_client._response import Response
from beproduct_client._values_of import values_of
from beproduct_client.auth import AuthorizationSession, SharedTokenStore, TokenStore, login, login_async
from beproduct_client.client.auth import Tokens, UserInfo
from beproduct_client.client.errors import (
    AuthError,
    BeProductError,
    BeProductException,
    CallbackError,
    CallCancelledError,
    CallTimeoutError,
    ClientClosedError,
    ConfigError,
    ConflictError,
    DecodeError,
    IncompleteError,
    InternalError,
    NetworkError,
    NotFoundError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitedError,
    ServerError,
    ValidationError,
)
from beproduct_client.client.history import Attempt, Meta, Outcome, Position, Progress, RateFigures, Wait
from beproduct_client.client.options import CallOptions
from beproduct_client.client.plan import Plan
from beproduct_client.client.quota import (
    Estimate,
    EstimateItem,
    LimitStatus,
    QuotaEvent,
    QuotaReport,
    QuotaStatus,
    ReportRow,
    Share,
    Usage,
    Work,
)

__version__ = _version("beproduct-client")

__all__ = [
    "AsyncPager",
    "Attempt",
    "AuthError",
    "AuthorizationSession",
    "BeProduct",
    "BeProductAsync",
    "BeProductError",
    "BeProductException",
    "CallCancelledError",
    "CallOptions",
    "CallTimeoutError",
    "CallbackError",
    "ClientClosedError",
    "ConfigError",
    "ConflictError",
    "DecodeError",
    "Estimate",
    "EstimateItem",
    "IncompleteError",
    "InternalError",
    "LimitStatus",
    "Meta",
    "NetworkError",
    "NotFoundError",
    "Outcome",
    "Page",
    "Pager",
    "PermissionDeniedError",
    "Plan",
    "Position",
    "Progress",
    "QuotaEvent",
    "QuotaExceededError",
    "QuotaReport",
    "QuotaStatus",
    "RateFigures",
    "RateLimitedError",
    "ReportRow",
    "Response",
    "ServerError",
    "Share",
    "SharedTokenStore",
    "TokenStore",
    "Tokens",
    "Usage",
    "UserInfo",
    "ValidationError",
    "Wait",
    "Work",
    "login",
    "login_async",
    "values_of",
]
