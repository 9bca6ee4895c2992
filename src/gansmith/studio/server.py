"""The server process: a free port, one line that says the address, and uvicorn until Ctrl-C."""

import contextlib
import errno
import gc
import socket
import sys
import webbrowser
from pathlib import Path

import uvicorn

from gansmith.errors import UsageError
from gansmith.studio.app import create_app
from gansmith.studio.new_run import gans
from gansmith.studio.studio import Studio

PORT = 8765
TRIED = 20  # ports, where none was asked for
EVERYWHERE = ("0.0.0.0", "::")
MOST_MESSAGE = 8 << 20  # bytes of a WebSocket message


def serve(place: Path, host: str = "127.0.0.1", port: int | None = None, browser: bool = True) -> None:
    """Serve a folder of runs, a run or a model until Ctrl-C; trainings that were started here go on.

    Raises UsageError where the port is taken or the host is none of this machine's.
    """
    listening = listen(host, port)
    gans()  # imports every GAN, here: two requests that came at once would do so side by side
    studio, page = Studio.open(place, hosts=(host, socket.gethostname(), "*") if host in EVERYWHERE else (host,))
    shown = "127.0.0.1" if host in EVERYWHERE else f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listening.getsockname()[1]}{page}?token={studio.token}"
    config = uvicorn.Config(
        create_app(studio),
        log_level="critical",
        access_log=False,
        server_header=False,
        ws_max_size=MOST_MESSAGE,
        timeout_graceful_shutdown=1,  # streams of events never end by themselves
    )
    server = Announced(config, address, browser)
    gc.freeze()  # what is loaded by now stays: looking through it for garbage again would hold everybody up for 0.2 s
    with contextlib.suppress(KeyboardInterrupt):
        server.run([listening])
    print("the studio is closed; trainings go on", file=sys.stderr)


class Announced(uvicorn.Server):
    """A server that says where it is as soon as it answers there."""

    def __init__(self, config: uvicorn.Config, address: str, browser: bool):
        super().__init__(config)
        self.address, self.browser = address, browser

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, then print the address."""
        await super().startup(sockets)
        print(self.address, flush=True)
        if self.browser and sys.stdout.isatty():
            webbrowser.open(self.address)


def listen(host: str, port: int | None) -> socket.socket:
    """Return a socket that listens at `port`, 0 for any; without one at `PORT` or the next that is free."""
    *before, last = range(PORT, PORT + TRIED) if port is None else (port,)
    for number in before:
        with contextlib.suppress(OSError):
            return _bound(host, number)
    try:
        return _bound(host, last)
    except OSError as error:
        raise _refused(host, last, error) from None


def _refused(host: str, port: int, error: OSError) -> UsageError:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return UsageError(f"{host} is no address of this machine", "leave out --host, or name one that is")
    if isinstance(error, PermissionError):
        return UsageError(f"port {port} needs the rights of root", f"gansmith studio --port {PORT}")
    return UsageError(f"port {port} is in use", f"gansmith studio --port {_free_port(host)}")


def _bound(host: str, port: int) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)
    except BaseException:
        listening.close()
        raise
    return listening


def _free_port(host: str) -> int:
    with _bound(host, 0) as free:
        return free.getsockname()[1]
