"""The application: every router below /api, the pages, and the guard around all of it."""

import importlib
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

import gansmith
from gansmith.studio import problems
from gansmith.studio.security import Guard
from gansmith.studio.studio import Studio

STATIC = Path(__file__).parent / "static"
ROUTERS = ("runs", "events", "models", "explorer", "brush", "new_run", "augment", "playground")
"""Modules of this package with a function `router(studio)`; its addresses lie below /api."""


class Files(StaticFiles):
    """The files of the pages; a browser asks each time whether one has changed, so an upgrade is seen at once."""

    async def get_response(self, path: str, scope: Scope):
        """Answer with the file, to be kept but asked about again."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def create_app(studio: Studio) -> FastAPI:
    """Build the application of a studio."""
    app = FastAPI(
        title="gansmith studio",
        version=gansmith.__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,  # its pages would load scripts from elsewhere
        redoc_url=None,
    )
    problems.install(app)
    for name in ROUTERS:
        module = importlib.import_module(f"gansmith.studio.{name}")
        app.include_router(module.router(studio), prefix="/api")
    app.mount("/static", Files(directory=STATIC), name="static")

    @app.get("/api/{rest:path}", include_in_schema=False)
    def nothing(rest: str) -> None:
        raise problems.NotFound("there is nothing at this address", "GET /api/openapi.json lists the addresses")

    @app.get("/{page:path}", include_in_schema=False)
    def shell(page: str) -> FileResponse:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    app.add_middleware(Guard, studio=studio)
    return app
