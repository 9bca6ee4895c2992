"""Who is let in: forged hosts, origins and tokens, paths that lead astray, bodies without end."""

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from gansmith.studio import security
from gansmith.studio.app import create_app
from gansmith.studio.studio import Studio


@pytest.fixture(scope="module")
def opened(prepared):
    return Studio(prepared)


@pytest.fixture(scope="module")
def app(opened):
    app = create_app(opened)

    @app.post("/api/echo")
    def echo(body: dict):
        return body

    @app.websocket("/api/echo")
    async def echo_socket(socket: WebSocket):
        await socket.accept()
        await socket.send_text("in")
        await socket.close()

    move_before_the_pages(app, 2)
    return app


def by_socket(client, **headers):
    """Connect with the cookie, which the test client keeps for its own host name only."""
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    return client.websocket_connect("/api/echo", headers={"Host": "localhost", "Cookie": cookie, **headers})


def move_before_the_pages(app, count):
    """Routes that are added late come after the one that answers every address."""
    app.router.routes[:0] = [app.router.routes.pop() for _ in range(count)]


@pytest.fixture
def client(app):
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


@pytest.fixture
def browser_client(client, opened):
    """A client that has the cookie, as a browser that was shown the address."""
    assert client.get(f"/?token={opened.token}").status_code == 303
    return client


def test_a_browser_that_was_let_in_is_let_in_by_the_next_studio_over_these_runs(browser_client, prepared, tmp_path):
    for runs, status in ((prepared, 200), (tmp_path, 401)):
        with TestClient(create_app(Studio(runs)), base_url="http://localhost") as later:
            later.cookies = browser_client.cookies
            assert later.get("/api/runs").status_code == status


def test_the_secret_is_the_users_own(monkeypatch, tmp_path):
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "cache"))
    made = security.password(tmp_path)
    secret = tmp_path / "cache/studio.secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert security.password(tmp_path) == made != security.password(tmp_path / "runs")
    secret.write_bytes(b"cut short")
    assert security.password(tmp_path) != made
    assert len(secret.read_bytes()) == 32
    monkeypatch.setenv("GANSMITH_CACHE", "/proc/nowhere")
    assert security.password(tmp_path) != security.password(tmp_path)


def test_the_cookie_is_no_token(browser_client, opened):
    cookie = browser_client.cookies[next(iter(browser_client.cookies))]
    assert cookie != opened.token
    fresh = TestClient(browser_client.app, base_url="http://localhost")
    assert fresh.get("/api/runs", headers={"Authorization": f"Bearer {cookie}"}).status_code == 401
    assert fresh.get(f"/api/runs?token={cookie}").status_code == 401


@pytest.mark.parametrize("path", ["/", "/api/runs", "/static/app.js", "/runs/digits", "/api/openapi.json"])
def test_nothing_without_the_token(client, path):
    for query in ("", "?token=", "?token=wrong", "?token=%00"):
        answer = client.get(path + query)
        assert answer.status_code == 401
        assert "token" in answer.text


def test_the_token_becomes_a_cookie_and_leaves_the_address(client, opened):
    answer = client.get(f"/compare?runs=a%2Cb&token={opened.token}")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/compare?runs=a%2Cb"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert client.get("/compare?runs=a,b").status_code == 200
    assert client.get("/api/runs").status_code == 200


@pytest.mark.parametrize("path", ["//evil.example", "/%2fevil.example", "/\\evil.example"])
def test_the_way_on_never_leaves_the_studio(client, opened, path):
    location = client.get(f"http://localhost{path}?token={opened.token}").headers.get("location", "/")
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "8.8.8.8", "a@b"]
)
def test_forged_hosts_are_refused(browser_client, opened, host):
    for path in ("/", "/api/runs", f"/?token={opened.token}"):
        answer = browser_client.get(path, headers={"Host": host})
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("host", ["localhost:1234", "127.0.0.1", "[::1]:80"])
def test_a_tunnel_with_another_port_is_let_in(client, opened, host):
    headers = {"Host": host, "Authorization": f"Bearer {opened.token}"}
    assert client.get("/api/runs", headers=headers).status_code == 200


def test_a_studio_for_all_interfaces_answers_to_numbers_but_not_to_names(prepared):
    studio = Studio(prepared, hosts=("0.0.0.0", "machine", "*"))
    client = TestClient(create_app(studio), headers={"Authorization": f"Bearer {studio.token}"})
    for host, status in {"192.168.0.7:80": 200, "machine": 200, "[fe80::1]": 200, "evil.example": 403}.items():
        assert client.get("/api/runs", headers={"Host": host}).status_code == status


ORIGINS = ["http://evil.example", "null", "https://localhost", "http://localhost:81", "http://localhost.evil.example"]


@pytest.mark.parametrize("origin", [None, *ORIGINS])
def test_a_cookie_alone_changes_nothing_from_elsewhere(browser_client, origin):
    headers = {} if origin is None else {"Origin": origin}
    assert browser_client.post("/api/echo", json={}, headers=headers).status_code == 403
    with pytest.raises(WebSocketDisconnect) as refused, by_socket(browser_client, **headers) as socket:
        socket.receive_text()
    assert "does not come from a page" in refused.value.reason


@pytest.mark.parametrize("origin", ORIGINS)
def test_not_even_the_token_helps_a_foreign_origin(client, opened, origin):
    headers = {"Origin": origin, "Authorization": f"Bearer {opened.token}"}
    assert client.post("/api/echo", json={}, headers=headers).status_code == 403


def test_the_studios_own_pages_and_programs_may(browser_client, opened):
    own = {"Origin": "http://localhost"}
    assert browser_client.post("/api/echo", json={"a": 1}, headers=own).json() == {"a": 1}
    with by_socket(browser_client, **own) as socket:
        assert socket.receive_text() == "in"
    browser_client.cookies.clear()
    program = {"Authorization": f"Bearer {opened.token}"}
    assert browser_client.post("/api/echo", json={}, headers=program).status_code == 200


@pytest.mark.parametrize(
    "id", ["..", ".", "%2e%2e", "..%2fprepared", "digits%2f..", "%2fetc", "digits%00", ".hidden", "~"]
)
def test_ids_are_no_paths(browser_client, id):
    for address in (f"/api/runs/{id}/reals.png", f"/api/runs/{id}/samples/x.png", f"/api/runs/{id}/report.html"):
        assert browser_client.get(address).status_code in (404, 405), address
    name = f"/api/runs/digits/samples/{id}%2fconfig.json"
    assert browser_client.get(name).status_code == 404


def test_names_of_samples_are_no_paths(browser_client):
    for name in ("..%2freals.png", "%2e%2e%2fconfig.json", "..%5creals.png", "reals.png"):
        assert browser_client.get(f"/api/runs/digits/samples/{name}").status_code == 404


def test_static_files_end_at_their_folder(browser_client):
    for name in ("..%2fapp.py", "%2e%2e/app.py", "..%5capp.py"):
        assert browser_client.get(f"/static/{name}").status_code == 404


def test_bodies_are_bounded(browser_client):
    own = {"Origin": "http://localhost"}
    announced = browser_client.post("/api/echo", content=b"x" * (security.MOST_BYTES + 1), headers=own)
    assert announced.status_code == 413

    def endless():
        for _ in range(40):
            yield b" " * (1 << 16)

    grown = browser_client.post("/api/echo", content=endless(), headers={**own, "Content-Type": "application/json"})
    assert grown.status_code == 413
    assert "bytes" in grown.json()["error"]


def test_every_answer_forbids_what_pages_do_not_need(browser_client):
    for path in ("/", "/api/runs", "/static/app.js", "/api/nothing"):
        headers = browser_client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    report = browser_client.get("/api/runs/digits/report.html").headers["content-security-policy"]
    assert report.startswith("sandbox;")
