"""Every refusal as problem details (RFC 9457) plus `code` and `requestId`: one mapping from errors to HTTP."""

import re
from typing import Any

import msgspec
import psycopg
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from api.pages.problems import problem_page, wants_page
from livestreamx.errors import DomainError, Invalid, TooMany, Unavailable
from livestreamx.observe.request import request_id

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "urn:livestreamx:problem:"

CODES = {
    400: ("bad_request", "The request could not be read"),
    401: ("unauthenticated", "Sign in first"),
    403: ("forbidden", "Not allowed"),
    404: ("not_found", "There is no such thing"),
    405: ("method_not_allowed", "This address does not take that method"),
    413: ("body_too_large", "The body is too large"),
    415: ("unsupported_media_type", "Send JSON"),
    422: ("invalid", "The input is not valid"),
    429: ("rate_limited", "Too many requests"),
    500: ("internal", "Something went wrong on our side"),
    503: ("unavailable", "Try again in a moment"),
}

AnyRequest = Request[Any, Any, Any]
log = structlog.get_logger("api")


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field; `field` is its path, such as `$.title`."""

    field: str
    message: str


def problem(
    request: AnyRequest,
    status: int,
    *,
    code: str = "",
    title: str = "",
    detail: str = "",
    headers: dict[str, str] | None = None,
    extra: dict[str, Any] | None = None,
) -> Response[Any]:
    """The answer to a request that was refused."""
    usual_code, usual_title = CODES.get(status, ("refused", "The request was refused"))
    code, title = code or usual_code, title or usual_title
    body = {
        "type": TYPE_BASE + code,
        "title": title,
        "status": status,
        "detail": detail or title,
        "instance": request.scope["path"],
        "code": code,
        "requestId": request_id(),
        **(extra or {}),
    }
    if wants_page(request):
        return problem_page(request, body, headers or {})
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers or {})


def from_domain(request: AnyRequest, error: DomainError) -> Response[Any]:
    """A refusal by the rules."""
    headers = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(max(1, -(-error.retry_after_ms // 1000)))
    return problem(
        request,
        error.status,
        code=error.given_code,
        title=error.title,
        detail=error.detail,
        headers=headers,
        extra=error.extra,
    )


def field_errors(error: ValidationException) -> list[FieldError]:
    """The fields that a validation error names; `$` when it names none."""
    extra = error.extra if isinstance(error.extra, list) else []
    found = [FieldError(str(item.get("key") or "$"), str(item.get("message", ""))) for item in extra]
    return found or [FieldError("$", error.detail)]


def from_validation(request: AnyRequest, error: ValidationException) -> Response[Any]:
    """Input of the wrong shape: 422 with the list of fields."""
    errors = field_errors(error)
    detail = "; ".join(f"{item.field}: {item.message}" for item in errors)
    return problem(request, 422, detail=detail, extra={"errors": msgspec.to_builtins(errors)})


def from_http(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """A refusal by the framework: no such route, no such method, unreadable body."""
    status = error.status_code
    if status >= 500:
        return from_bug(request, error)
    _, title = CODES.get(status, ("", ""))
    detail = title if status in (404, 405) else re.sub(r"^\d{3}: ", "", error.detail)
    return problem(request, status, detail=detail, headers=dict(error.headers or {}))


def from_depth(request: AnyRequest, _: RecursionError) -> Response[Any]:
    """JSON nested deeper than any of ours."""
    return problem(request, 400, detail="The body is nested too deeply")


def from_encoding(request: AnyRequest, _: UnicodeDecodeError) -> Response[Any]:
    """Text that is not UTF-8."""
    return problem(request, 400, detail="The body is not UTF-8")


def from_database(request: AnyRequest, error: psycopg.Error) -> Response[Any]:
    """What PostgreSQL would not take: a value outside its types is the client's, an outage is ours and passes."""
    if isinstance(error, psycopg.DataError):
        return from_domain(request, Invalid("A value is outside what can be stored"))
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        log.warning("database_unavailable", error=type(error).__name__, path=request.scope["path"])
        return from_domain(request, Unavailable("The database did not answer"))
    return from_bug(request, error)


def from_outage(request: AnyRequest, error: Exception) -> Response[Any]:
    """An engine that is not there."""
    log.warning("engine_unavailable", error=type(error).__name__, path=request.scope["path"])
    return from_domain(request, Unavailable())


def from_bug(request: AnyRequest, error: Exception) -> Response[Any]:
    """Ours: logged with its trace; the client learns the request id only."""
    log.error("unhandled", path=request.scope["path"], exc_info=error)
    return problem(request, 500, detail="Something went wrong on our side; the request id finds it in our logs")


HANDLERS: ExceptionHandlersMap = {
    DomainError: from_domain,
    ValidationException: from_validation,
    HTTPException: from_http,
    RecursionError: from_depth,
    UnicodeDecodeError: from_encoding,
    psycopg.Error: from_database,
    PoolTimeout: from_outage,
    RedisError: from_outage,
    Exception: from_bug,
}
