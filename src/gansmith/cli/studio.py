"""`gansmith studio`: the pages to watch trainings and to play with models."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gansmith.cli.app import app
from gansmith.errors import UsageError


@app.command
def studio(
    place: Path = Path("runs"),
    /,
    *,
    port: Annotated[int | None, Parameter(help="Left out: 8765, or the next that is free; 0 takes any.")] = None,
    host: Annotated[str, Parameter(help="Address to listen at; 0.0.0.0 is all of this machine's.")] = "127.0.0.1",
    no_browser: Annotated[bool, Parameter(help="Do not open a browser.")] = False,
) -> None:
    """Watch trainings and play with what they learned, in the browser.

    PLACE is a folder of runs, a run or a model. The address is printed with its token,
    which lets in whoever has it. Ctrl-C closes the studio; trainings go on.
    """
    if port is not None and not 0 <= port < 1 << 16:
        raise UsageError(f"there is no port {port}", "take one from 1024 to 65535, or leave out --port")
    try:
        import fastapi  # noqa: F401
        import multipart  # noqa: F401
        import uvicorn  # noqa: F401
        import websockets  # noqa: F401
    except ImportError as error:
        raise UsageError(f"the studio needs {error.name}", "pip install 'gansmith[studio]'") from None
    from gansmith.studio import server

    server.serve(place, host, port, browser=not no_browser)
