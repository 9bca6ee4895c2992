"""What went wrong, as the pages and scripts are told it: a sentence, a remedy and the fitting HTTP status."""

import sys
import traceback
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gansmith.data.shown import shown
from gansmith.errors import GansmithError, UsageError

STATUS, RETRY_AFTER = "status", "retry_after"
PLAIN = {
    404: ("there is nothing at this address", "GET /api/openapi.json lists the addresses"),
    405: ("this address does not answer that method", "GET /api/openapi.json lists the methods"),
}


class NotFound(UsageError):
    """A run, a model or a file of one that is not there: 404."""

    status = 404


class Conflict(UsageError):
    """Something that cannot be done while things are as they are: 409."""

    status = 409


class TooLarge(UsageError):
    """More bytes than are taken: 413."""

    status = 413


def answer(error: GansmithError) -> JSONResponse:
    """Put an error into a response: its own status, 429 where it says after how many seconds to ask again, else 400."""
    after = getattr(error, RETRY_AFTER, None)
    status = getattr(error, STATUS, 400 if after is None else 429)
    headers = {} if after is None else {"Retry-After": str(after)}
    return JSONResponse(told(error), status, headers)


def told(error: GansmithError) -> dict[str, str]:
    """Return sentence and remedy, JSON-ready; for WebSocket messages as for responses."""
    return {"error": shown(str(error)), "remedy": shown(error.remedy)}


def misread(errors: Sequence[Any], what: str, remedy: str) -> UsageError:
    """Return the first error of a validation as a sentence; `what` was sent, should it name no part of it."""
    first = errors[0]
    place = ".".join(str(part) for part in first["loc"] if part not in ("query", "body", "path")) or what
    return UsageError(f"{place}: {first['msg']}", remedy)


def install(app: FastAPI) -> None:
    """Make every failure of `app` one of those responses."""

    @app.exception_handler(GansmithError)
    async def known(request: Request, error: Any) -> JSONResponse:
        return answer(error)

    @app.exception_handler(RequestValidationError)
    async def unreadable(request: Request, error: Any) -> JSONResponse:
        return answer(misread(error.errors(), "the request", "GET /api/openapi.json says what is expected"))

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: Any) -> JSONResponse:
        sentence, remedy = PLAIN.get(error.status_code, (str(error.detail), ""))
        return JSONResponse({"error": sentence, "remedy": remedy}, error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        traceback.print_exception(error, file=sys.stderr)
        sentence = f"unexpected {type(error).__name__}: {shown(str(error))}"
        remedy = "the terminal of the studio shows where; please report it"
        return JSONResponse({"error": sentence, "remedy": remedy}, 500)
