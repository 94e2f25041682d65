"""The exceptions of the client: one class for each kind, all with the same attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from beproduct_client._meta import Attempt, Wait


class BeProductException(Exception):
    """Base of all errors, under the name that the official client uses."""


class BeProductError(BeProductException):
    """An error of a call, or of making a client.

    Neither the text nor any attribute holds tokens, secrets, request bodies or queries.
    """

    kind: ClassVar[str] = "error"
    """What went wrong: `config`, `auth`, `not_found`, ... It belongs to the class."""
    message: str
    """One sentence, with what to do next where that is known."""
    status: int | None
    """Status of the last answer, if there was one."""
    code: str | None
    """Code of the service or of the identity server, such as `invalid_grant`."""
    retryable: bool
    """Whether the same call may succeed later and can be repeated without harm."""
    retry_after: float | None
    """How long the service asks to wait, in seconds."""
    outcome: str
    """What is known of the effect: `not_sent`, `refused`, `applied` or `unknown`."""
    request_id: str | None
    """Id of the request: the service's own when it sent one, else the client's."""
    operation: str | None
    """Id of the operation."""
    method: str | None
    """HTTP verb of the request."""
    url: str | None
    """Address of the request, without its query."""
    attempts: list[Attempt]
    waits: list[Wait]
    body_excerpt: str | None
    """Head of the answer's body, without secrets."""
    details: Any
    """What became of each record, for calls that carry several."""

    def __init__(self, message: str, text: str | None = None, **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        # The message with the place and the possible effect, as the engine words it.
        self._text = text or message
        known = _defaults()
        if unknown := fields.keys() - known.keys():
            raise TypeError(f"an error has no field {', '.join(sorted(unknown))}")
        for name, value in {**known, **fields}.items():
            setattr(self, name, value)

    def __str__(self) -> str:
        return f"{self.kind}: {self._text}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


def _defaults() -> dict[str, Any]:
    return {
        "status": None,
        "code": None,
        "retryable": False,
        "retry_after": None,
        "outcome": "not_sent",
        "request_id": None,
        "operation": None,
        "method": None,
        "url": None,
        "attempts": [],
        "waits": [],
        "body_excerpt": None,
        "details": None,
    }


class ConfigError(BeProductError, ValueError):
    """A setting, an argument or an option is missing or wrong. Nothing was sent."""

    kind = "config"


class AuthError(BeProductError):
    """Nobody is signed in, or no longer."""

    kind = "auth"


class PermissionDeniedError(BeProductError):
    """Signed in, but not allowed to."""

    kind = "permission"


class NotFoundError(BeProductError):
    """There is no such record."""

    kind = "not_found"


class ValidationError(BeProductError):
    """The service refused what was sent."""

    kind = "validation"


class ConflictError(BeProductError):
    """The answer is not the one record that was asked for."""

    kind = "conflict"


class RateLimitedError(BeProductError):
    """The service asks to wait longer than the caller is willing to."""

    kind = "rate_limited"


class QuotaExceededError(BeProductError):
    """The requests of the day are used up."""

    kind = "quota_exceeded"


class CallTimeoutError(BeProductError, TimeoutError):
    """The deadline passed."""

    kind = "timeout"


class NetworkError(BeProductError):
    """No connection, or one that broke."""

    kind = "network"


class ServerError(BeProductError):
    """The service failed."""

    kind = "server"


class DecodeError(BeProductError):
    """The answer could not be read."""

    kind = "decode"


class IncompleteError(BeProductError):
    """A list ended before all of its records had come. `details` has `received` and `total`."""

    kind = "incomplete"


class CallCancelledError(BeProductError):
    """The call was cancelled."""

    kind = "cancelled"


class ClosedError(BeProductError):
    """The client was closed before."""

    kind = "closed"


class CallbackError(BeProductError):
    """Code that was handed to the client failed: a token store, a listener. `__cause__` is what it raised."""

    kind = "callback"


class InternalError(BeProductError):
    """A fault of this client. Please report it."""

    kind = "internal"


_CLASSES: dict[str, type[BeProductError]] = {
    one.kind: one
    for one in (
        ConfigError,
        AuthError,
        PermissionDeniedError,
        NotFoundError,
        ValidationError,
        ConflictError,
        RateLimitedError,
        QuotaExceededError,
        CallTimeoutError,
        NetworkError,
        ServerError,
        DecodeError,
        IncompleteError,
        CallCancelledError,
        ClosedError,
        CallbackError,
        InternalError,
    )
}


class UnderlyingError(Exception):
    """What the engine below met: the text of a transport's or a library's own error."""


def from_fields(fields: dict[str, Any]) -> BeProductError:
    """The error of the kind that the fields name."""
    fields = dict(fields)
    cause = fields.pop("cause", None)
    # Python's exceptions come with the error itself.
    fields.pop("host_failure", None)
    error = _CLASSES[fields.pop("kind")](fields.pop("message"), **fields)
    if cause:
        error.__cause__ = UnderlyingError(cause)
    return error


def after_fork() -> BeProductError:
    """For a call that the parent process had begun."""
    return ClosedError("the process was forked during the call; only the parent gets its answer")
