"""Sessions of gradio: short names, and an end to what nobody reads."""

import asyncio
from types import SimpleNamespace

import httpx
import pytest
from gradio.utils import LRUCache

from dalle.serving.http.gradio_sessions import LONGEST_NAME, MOST_UNREAD, UNREAD, forget_unread
from tests.fakes.hostile import API

LONG = "s" * (LONGEST_NAME + 1)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/queue/join", {"fn_index": 0, "data": []}),
        ("/component_server", {"component_id": 1, "fn_name": "news", "data": {}}),
        ("/run/status", {"data": []}),
        ("/call/status", {"data": []}),
    ],
)
def test_too_long_a_name_is_refused_with_a_sentence(quick_app: str, path: str, body: dict):
    answer = httpx.post(f"{quick_app}{API}{path}", json=body | {"session_hash": LONG})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("session_hash is too long; it may have 128")


def test_the_oldest_that_read_nothing_lose_their_messages():
    queue = SimpleNamespace(
        pending_messages_per_session=LRUCache(2000), pending_event_ids_session={}
    )
    inboxes = queue.pending_messages_per_session
    for number in range(MOST_UNREAD + 2):
        inboxes[f"unread {number}"] = inbox = asyncio.Queue()
        for message in range(UNREAD + 1):
            inbox.put_nowait(message)
        inboxes[f"read {number}"] = read = asyncio.Queue()
        read.put_nowait("the last one")
    forget_unread(queue)
    assert [inboxes[f"unread {number}"].qsize() for number in range(3)] == [0, 0, UNREAD + 1]
    assert all(inboxes[f"read {number}"].qsize() == 1 for number in range(MOST_UNREAD + 2))


def test_ids_of_forgotten_sessions_go_too():
    queue = SimpleNamespace(
        pending_messages_per_session=LRUCache(2),
        pending_event_ids_session={str(number): {"id"} for number in range(5)},
    )
    queue.pending_messages_per_session["4"] = asyncio.Queue()
    forget_unread(queue)
    assert set(queue.pending_event_ids_session) == {"4"}
