"""Who may talk to the studio: allowed hosts, token or cookie, exact origins, bounded bodies, a policy for the pages.

A page of another site must not reach this server through the user's browser: not by a name that resolves here (Host),
not by a form or script that sends along the cookie (Origin), not by a frame (policy). A program must know the token.
"""

import contextlib
import hmac
import ipaddress
import json
import re
import secrets
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gansmith.files import write_whole
from gansmith.machine import cache_folder
from gansmith.studio.studio import Studio

LOCAL = ("127.0.0.1", "localhost", "[::1]")
MOST_BYTES = 1 << 20
MOST_BYTES_AT = {"/api/uploads": 8 << 30, "/api/models": 32 << 20}
"""Bytes that a request may send to an address and those below it; every other one takes `MOST_BYTES`."""
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:;"
    " object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
SANDBOX = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""The policy of pages that a command wrote: they may neither run nor load anything."""
SECRET, SECRET_BYTES = "studio.secret", 32
REFUSED = 1008  # policy violation, of a WebSocket


class Refusal(Exception):
    """A request that is not let in: HTTP status, sentence, remedy."""

    def __init__(self, status: int, sentence: str, remedy: str):
        super().__init__(sentence)
        self.status, self.sentence, self.remedy = status, sentence, remedy


class Guard:
    """ASGI middleware: lets in what may come in, and sets the headers of what goes out."""

    def __init__(self, app: ASGIApp, studio: Studio):
        self.app, self.studio = app, studio
        self.cookie = "gansmith_" + sha256(str(studio.runs).encode()).hexdigest()[:8]
        self.password = password(studio.runs)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or hand it on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        try:
            by_address = self._check(scope)
            receive = _bounded(scope, receive)
        except Refusal as refusal:
            await _refuse(refusal, scope, receive, send)
            return
        if by_address and scope["type"] == "http" and not scope["path"].startswith("/api/"):
            await self._forward(scope, send)
            return
        cookie = self._set_cookie() if by_address else None
        await self.app(scope, receive, _outgoing(send, cookie))

    def _check(self, scope: Scope) -> bool:
        """Raise Refusal for what may not come in; tell whether the token stood in the address."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_allowed(host):
            raise Refusal(403, "this studio does not answer to that host name", "open the address that it printed")
        token = self.studio.token
        by_address = _same(dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("token", ""), token)
        by_header = _same(headers.get("authorization", "").removeprefix("Bearer "), token)
        by_cookie = _same(cookie_parser(headers.get("cookie", "")).get(self.cookie, ""), self.password)
        if not (by_address or by_header or by_cookie):
            raise Refusal(401, "the token is missing or wrong", "open the address that gansmith studio printed")
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        origin = headers.get("origin")
        if changes and origin != f"http://{host}" and (origin is not None or not (by_address or by_header)):
            raise Refusal(403, "the request does not come from a page of this studio", "use the studio's own pages")
        return by_address

    def _is_allowed(self, host: str) -> bool:
        name = re.sub(r":\d+$", "", host)
        if name in LOCAL or name in self.studio.hosts:
            return True
        return "*" in self.studio.hosts and _is_address(name)

    def _set_cookie(self) -> str:
        return f"{self.cookie}={self.password}; Path=/; HttpOnly; SameSite=Strict"

    async def _forward(self, scope: Scope, send: Send) -> None:
        """Send a browser on to the same page without the token, which it keeps as a cookie from now on."""
        query = [pair for pair in parse_qsl(scope["query_string"].decode("latin-1")) if pair[0] != "token"]
        path = "/" + quote(scope["path"].lstrip("/\\"))
        address = path + (f"?{urlencode(query)}" if query else "")
        headers = [(b"location", address.encode("latin-1")), (b"set-cookie", self._set_cookie().encode())]
        start: Message = {"type": "http.response.start", "status": 303, "headers": headers}
        await _outgoing(send)(start)
        await send({"type": "http.response.body", "body": b""})


def password(runs: Path) -> str:
    """Return what a browser that was let in shows from then on, to later studios over the same runs, too.

    It is derived from a secret of this user, made once and kept in `cache_folder()`, readable by nobody else; whoever
    deletes that file shuts all browsers out. Where none can be kept, it is good for one studio only.
    """
    path = cache_folder() / SECRET
    try:
        secret = path.read_bytes()
    except OSError:
        secret = b""
    if len(secret) != SECRET_BYTES:
        secret = secrets.token_bytes(SECRET_BYTES)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, secret, mode=0o600)
    return hmac.new(secret, str(runs).encode(), sha256).hexdigest()


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("latin-1", "replace"), wanted.encode())


def _is_address(name: str) -> bool:
    """Whether a host is a number: such a one cannot be made to resolve to another place."""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _most_bytes(path: str) -> int:
    return next((most for at, most in MOST_BYTES_AT.items() if path == at or path.startswith(at + "/")), MOST_BYTES)


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """Return `receive` that refuses a body which grows beyond the limit; Refusal where its length is announced."""
    most, seen = _most_bytes(scope["path"]), 0
    sentence, remedy = f"the request is larger than the {most:,} bytes that this address takes", "send less at once"
    length = Headers(scope=scope).get("content-length", "0")
    if not length.isdecimal() or int(length) > most:
        raise Refusal(413, sentence, remedy)

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > most:
                raise HTTPException(413, f"{sentence}; {remedy}")
        return message

    return counted


def _outgoing(send: Send, cookie: str | None = None) -> Send:
    """Return `send` that adds the headers of every response."""

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if cookie:
                headers.append("Set-Cookie", cookie)
        await send(message)

    return guarded


async def _refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without letting the request in: JSON below /api, a sentence elsewhere, a closed WebSocket."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": REFUSED, "reason": refusal.sentence})
        return
    as_json = scope["path"].startswith("/api/")
    told = {"error": refusal.sentence, "remedy": refusal.remedy}
    text = json.dumps(told) if as_json else f"gansmith studio: {refusal.sentence}; {refusal.remedy}\n"
    kind = b"application/json" if as_json else b"text/plain; charset=utf-8"
    headers = [(b"content-type", kind), (b"connection", b"close")]
    start: Message = {"type": "http.response.start", "status": refusal.status, "headers": headers}
    await _outgoing(send)(start)
    await send({"type": "http.response.body", "body": text.encode()})
