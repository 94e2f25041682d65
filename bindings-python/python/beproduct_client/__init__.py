"""Client for the BeProduct PLM API.

>>> from beproduct_client import BeProduct, Plan
>>> with BeProduct(company_domain="acme", client_id=..., client_secret=..., refresh_token=...,
...                plan=Plan.business_max(licenses=8)) as client:
...     for style in client.style.list(filters=[{"field": "active", "value": "Yes"}]):
...         print(style["headerNumber"])
"""

from importlib.metadata import version as _version

import beproduct_client.client as _generated
from beproduct_client._client import BeProduct, BeProductAsync
from beproduct_client._paging import AsyncPager, Page, Pager
from beproduct_client._response import Response
from beproduct_client._values_of import values_of
from beproduct_client._webhook import parse_event
from beproduct_client.auth import AuthorizationSession, SharedTokenStore, TokenStore, login, login_async
from beproduct_client.client import *

__version__ = _version("beproduct-client")

__all__ = [
    "AsyncPager",
    "AuthorizationSession",
    "BeProduct",
    "BeProductAsync",
    "Page",
    "Pager",
    "Response",
    "SharedTokenStore",
    "TokenStore",
    "login",
    "login_async",
    "parse_event",
    "values_of",
]
__all__ += _generated.__all__
