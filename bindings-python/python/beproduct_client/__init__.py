"""Client for the BeProduct PLM API.

>>> from beproduct_client import BeProduct, Plan
>>> with BeProduct(company_domain="acme", client_id=..., client_secret=..., refresh_token=...,
...                plan=Plan.business_max(licenses=8)) as client:
...     for style in client.style.list(filters=[{"field": "active", "value": "Yes"}]):
...         print(style["headerNumber"])
"""

from importlib.metadata import version as _version

from beproduct_client._client import BeProduct, BeProductAsync
from beproduct_client._errors import (
    AuthError,
    BeProductError,
    BeProductException,
    CallbackError,
    CallCancelledError,
    CallTimeoutError,
    ClosedError,
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
from beproduct_client._meta import Attempt, Meta, RateFigures, Wait
from beproduct_client._paging import AsyncPager, Page, Pager, Position
from beproduct_client._plan import Plan
from beproduct_client._quota import (
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
from beproduct_client._response import Response
from beproduct_client.auth import (
    AsyncAuth,
    Auth,
    AuthorizationSession,
    SharedTokenStore,
    Tokens,
    TokenStore,
    UserInfo,
    login,
    login_async,
)

__version__ = _version("beproduct-client")

__all__ = [
    "AsyncAuth",
    "AsyncPager",
    "Attempt",
    "Auth",
    "AuthError",
    "AuthorizationSession",
    "BeProduct",
    "BeProductAsync",
    "BeProductError",
    "BeProductException",
    "CallCancelledError",
    "CallTimeoutError",
    "CallbackError",
    "ClosedError",
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
    "Page",
    "Pager",
    "PermissionDeniedError",
    "Plan",
    "Position",
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
]
