"""The playground's socket: one frame in flight, bad messages told in a sentence, threads that end, games bounded."""

import threading
import time
from contextlib import ExitStack

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from gansmith.studio import playground, playground_menu, playground_session, problems
from gansmith.studio.playground_game import SHOWN
from gansmith.studio.playground_points import NAMED
from gansmith.studio.studio import Studio

GAMES = playground_menu.games()


@pytest.fixture
def client(tmp_path):
    app = FastAPI()
    problems.install(app)
    app.include_router(playground.router(Studio(tmp_path)), prefix="/api")
    with TestClient(app) as client:
        yield client


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "playground"]


def wait_until(true, seconds=20):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def socket(client):
    with client.websocket_connect("/api/playground/socket") as socket:
        yield socket
    wait_until(lambda: not threads())


def begin(socket, **setup):
    socket.send_json({"do": "configure", "batch": 16, **setup})
    about, frame = socket.receive_json(), socket.receive_json()
    assert (about["kind"], frame["kind"]) == ("game", "frame"), about
    return about, frame


def next_frame(socket):
    socket.send_json({"do": "seen"})
    return socket.receive_json()


def test_the_menu_lists_games_and_densities(client):
    menu = client.get("/api/playground").json()
    assert [game["name"] for game in menu["games"]] == list(GAMES)
    assert set(menu["densities"]) == {*NAMED, "drawn"}
    numbers = client.get("/api/playground/games/wgan").json()["numbers"]
    assert {"n_critic", "clip"} <= {number["name"] for number in numbers}
    refused = client.get("/api/playground/games/biggan")
    assert refused.status_code == 404
    assert refused.json()["remedy"]


@pytest.mark.parametrize("name", GAMES)
def test_every_game_streams(socket, name):
    about, frame = begin(socket, gan=name, data="moons")
    assert len(about["reals"]) == len(frame["fakes"]) == 2 * SHOWN
    assert frame["round"] == 0
    socket.send_json({"do": "play"})
    frame = next_frame(socket)
    while frame["round"] == 0:
        frame = next_frame(socket)
    assert frame["playing"]
    assert frame["losses"]


def test_one_frame_is_in_flight(socket):
    begin(socket)
    socket.send_json({"do": "play"})
    first = next_frame(socket)
    time.sleep(1)  # the game plays on; nothing is sent until this frame is seen, and then it is the newest
    second = next_frame(socket)
    assert second["round"] > first["round"] + 10


def test_steps_and_speed(socket):
    _, frame = begin(socket)
    for who, expected in [("D", {"D": 1}), ("G", {"D": 1, "G": 1})]:
        socket.send_json({"do": "step", "who": who})
        frame = next_frame(socket)
        assert (frame["round"], frame["alone"]) == (0, expected)
    socket.send_json({"do": "step", "who": "both"})
    assert next_frame(socket)["round"] == 1
    socket.send_json({"do": "speed", "rounds": 10})
    socket.send_json({"do": "play"})
    begun, frame = time.monotonic(), next_frame(socket)
    while time.monotonic() - begun < 1:
        frame = next_frame(socket)
    assert 2 <= frame["round"] <= 14


@pytest.mark.parametrize(
    "text",
    [
        *("{", "[]", '"play"', "null", '{"do": "fly"}', '{"do": "play", "more": 1}', "[" * 9000, "x" * 20_000),
        '{"do": "step", "who": "G"}',
        '{"do": "configure", "gan": "biggan"}',
        '{"do": "configure", "gan": "../../etc/passwd"}',
        '{"do": "configure", "fields": {"lr": 7}}',
        '{"do": "configure", "fields": {"widest": 1e99}}',
        '{"do": "configure", "batch": 100000}',
        '{"do": "configure", "data": "sea"}',
        '{"do": "configure", "data": "drawn"}',
        '{"do": "configure", "seed": -1}',
        '{"do": "speed", "rounds": 0}',
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(socket, text):
    socket.send_text(text)
    said = socket.receive_json()
    assert said["kind"] == "problem"
    assert said["error"]
    assert said["remedy"]
    begin(socket)  # and the game goes on


def test_a_player_who_is_not_there_cannot_step(socket):
    begin(socket)
    socket.send_json({"do": "step", "who": "E"})
    assert "no player" in socket.receive_json()["error"]


def test_the_thread_ends_with_the_socket(client):
    with client.websocket_connect("/api/playground/socket") as socket:
        begin(socket)
        socket.send_json({"do": "play"})
        next_frame(socket)
        assert len(threads()) == 1
    wait_until(lambda: not threads())


def test_bytes_end_a_socket_and_its_thread(client):
    with client.websocket_connect("/api/playground/socket") as socket:
        socket.send_bytes(b"\0")
        wait_until(lambda: not threads())


def test_games_are_bounded(client):
    with ExitStack() as opened:
        for _ in range(playground.MOST_GAMES):
            opened.enter_context(client.websocket_connect("/api/playground/socket"))
        with client.websocket_connect("/api/playground/socket") as one_more:
            said = one_more.receive_json()
            assert "already" in said["error"]
            assert said["remedy"]
            with pytest.raises(WebSocketDisconnect):
                one_more.receive_json()
    wait_until(lambda: not threads())
    with client.websocket_connect("/api/playground/socket") as socket:
        begin(socket)


def test_a_page_that_sees_no_frame_is_played_to_no_more(monkeypatch):
    monkeypatch.setattr(playground_session, "PATIENCE", 0.2)
    said = []
    session = playground_session.Session(said.append)
    for message in ({"do": "configure", "batch": 16}, {"do": "play"}, {"do": "seen"}):
        session.tell(playground_session.MESSAGE.validate_python(message))
    rounds = lambda: session._game.state.step  # noqa: E731
    wait_until(lambda: [one for one in said if one.get("round")])
    time.sleep(0.5)
    left = rounds()
    time.sleep(0.5)
    assert rounds() == left
    session.tell(playground_session.Seen(do="seen"))
    wait_until(lambda: rounds() > left)
    session.close()
    session.join()
