"""What the tests of the studio share: a prepared folder of runs, a real server over it, a browser that watches itself.

`studio` is a `gansmith studio` process over a copy of the prepared runs: `digits` (finished), `other` (finished, for
comparisons) and `broken`. `page` is a page of headless Chromium with the cookie; at its end there must have been no
request to another host, no error in the console and none thrown: see `page.problems`, which a test may look at and
clear. `accessible(page)` asks axe.
"""

import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SLOWEST_START = 120  # seconds
SMALL = ["--images", "20000", "--width", "16", "--widest", "32"]
DIGITS = ["train", "digits", "--gan", "dcgan", "--ticks", "5", *SMALL]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory) -> Path:
    """Return the folder of prepared runs, made once whatever the number of workers; it is copied, never changed."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = base / "prepared"
    with (base / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            prepare(base / "preparing")
            (base / "preparing").rename(folder)
    return folder


def prepare(folder: Path) -> None:
    """Train for some seconds, and make another run and a broken one of what came out."""
    gansmith(*DIGITS, "--name", "digits", "--runs", str(folder))
    shutil.copytree(folder / "digits", folder / "other")
    config = json.loads((folder / "other/config.json").read_text())
    config["run"]["seed"] = 1
    (folder / "other/config.json").write_text(json.dumps(config))
    (folder / "broken").mkdir()
    (folder / "broken/config.json").write_text('{"gan": ')


def gansmith(*words: str) -> None:
    """Run a command of gansmith to its end."""
    command = [sys.executable, "-m", "gansmith", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr


def environment() -> dict[str, str]:
    """Return what processes of these tests see: one thread each."""
    return os.environ | {"OMP_NUM_THREADS": "1"}


@dataclass
class RunningStudio:
    """A server process: `address` is what it printed, `client` talks to it with the token."""

    process: subprocess.Popen
    address: str
    runs: Path

    @property
    def base(self) -> str:
        """The address without path and token."""
        return "{0.scheme}://{0.netloc}".format(urlsplit(self.address))

    @property
    def token(self) -> str:
        """The token of the address."""
        return self.address.partition("token=")[2]

    def get(self, path: str) -> httpx.Response:
        """Ask once, with the token."""
        with self.client as client:
            return client.get(path)

    @property
    def client(self) -> httpx.Client:
        """A new client with the token in its headers."""
        return httpx.Client(base_url=self.base, headers={"Authorization": f"Bearer {self.token}"}, timeout=60)


def start(runs: Path, *options: str, port: int = 0) -> RunningStudio:
    """Start a studio at a port, any by default, and wait for its address."""
    command = [sys.executable, "-m", "gansmith", "studio", str(runs), "--no-browser", "--port", str(port), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    assert process.stdout
    assert process.stderr
    ready, _, _ = select.select([process.stdout], [], [], SLOWEST_START)
    address = process.stdout.readline().strip() if ready else ""
    if not address:
        process.kill()
        raise AssertionError(f"the studio did not start: {process.stderr.read()}")
    return RunningStudio(process, address, runs)


def fork(studio: RunningStudio, id: str, **settings) -> str:
    """Start a training that begins with the weights of a run; return its id."""
    with studio.client as client:
        answer = client.post(f"/api/runs/{id}/fork", json={"settings": settings})
        while key := answer.json().get("starting"):
            answer = client.get(f"/api/starts/{key}")
    return answer.json()["id"]


def stop(studio: RunningStudio) -> None:
    """End a studio that may have ended already."""
    studio.process.terminate()
    studio.process.communicate(timeout=30)


@pytest.fixture
def start_studio():
    """Return a function that starts studios over a folder; all of them end with the test."""
    started = []

    def go(runs: Path, *options: str, port: int = 0) -> RunningStudio:
        started.append(start(runs, *options, port=port))
        return started[-1]

    yield go
    for studio in started:
        stop(studio)


@pytest.fixture(scope="session")
def studio(prepared, tmp_path_factory):
    """A studio over a copy of the prepared runs, one for all tests of a worker."""
    runs = tmp_path_factory.mktemp("studio") / "runs"
    shutil.copytree(prepared, runs)
    running = start(runs)
    yield running
    stop(running)


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium, for one module: while it is open, its thread has an event loop."""
    if CHROMIUM is None:
        pytest.skip("no chromium here: apt-get install chromium, for the tests of the studio's pages")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """Return a function that opens a page of a studio; at the end each must be without problems."""
    pages = []

    def go(studio: RunningStudio, path: str = "/", **options):
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 860}} | options))
        page = context.new_page()
        watch(page, urlsplit(studio.base).netloc)
        page.goto(studio.address)
        if path != "/":
            page.goto(studio.base + path)
        pages.append(page)
        return page

    yield go
    for page in pages:
        problems = list(page.problems)
        page.context.close()
        assert not problems, "\n".join(problems)


@pytest.fixture
def page(open_page, studio):
    """A page of the studio, at the list of runs: `page.goto(studio.base + "/new")` leads on."""
    return open_page(studio)


def watch(page, host: str) -> None:
    """Write into `page.problems` what must not happen."""
    page.problems = []

    def requested(request) -> None:
        parts = urlsplit(request.url)
        if parts.netloc != host and parts.scheme not in ("data", "blob"):
            page.problems.append(f"a request to elsewhere: {request.url}")

    page.on("request", requested)
    page.on("pageerror", lambda error: page.problems.append(f"thrown: {error}"))
    page.on("console", lambda said: said.type == "error" and page.problems.append(f"console: {said.text}"))


@pytest.fixture
def accessible():
    """Return a function that asserts that axe finds nothing on a page."""
    from axe_playwright_python.sync_playwright import Axe

    def check(page) -> None:
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()

    return check
