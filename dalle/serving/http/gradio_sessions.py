"""An end to what gradio keeps of sessions, whose names are the visitors' choice.

It keeps names of any length, the ids of all events whose answers nobody reads, and these answers:
megabytes for each of 2,000 sessions.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from gradio import queueing
from gradio.state_holder import SessionState, StateHolder
from starlette.exceptions import HTTPException

LONGEST_NAME = 128  # characters; those of gradio's page have 11, of its client 36
UNREAD = 20  # messages; a browser that listens has read all but one or two
MOST_UNREAD = 50  # sessions that may leave more than so many
TOO_LONG = f"session_hash is too long; it may have {LONGEST_NAME} characters."

Pushed = tuple[bool, Any, str]


def bound_sessions() -> None:
    """Replaces gradio's functions that begin a session; to be called once, before launch()."""
    queueing.Queue.push = push_named(queueing.Queue.push)
    StateHolder.__getitem__ = get_named(StateHolder.__getitem__)


def is_too_long(name: Any) -> bool:
    return isinstance(name, str) and len(name) > LONGEST_NAME


def push_named(push: Callable[..., Awaitable[Pushed]]) -> Callable[..., Awaitable[Pushed]]:
    """`push`, which refuses a body with too long a name."""

    async def push_it(queue: queueing.Queue, body: Any, **more: Any) -> Pushed:
        if is_too_long(body.session_hash):
            return False, TOO_LONG, "error"
        forget_unread(queue)
        return await push(queue, body=body, **more)

    return push_it


def get_named(get: Callable[..., SessionState]) -> Callable[..., SessionState]:
    """`get`, which refuses too long a name."""

    def get_it(states: StateHolder, name: str) -> SessionState:
        if is_too_long(name):
            raise HTTPException(400, TOO_LONG)
        return get(states, name)

    return get_it


def forget_unread(queue: queueing.Queue) -> None:
    """Forgets messages of the oldest sessions that read none, and ids that no session has."""
    inboxes, ids = queue.pending_messages_per_session, queue.pending_event_ids_session
    for inbox in [inbox for inbox in inboxes.values() if inbox.qsize() > UNREAD][:-MOST_UNREAD]:
        while not inbox.empty():
            inbox.get_nowait()
    if len(ids) > 2 * inboxes.max_size:
        for name in [name for name in ids if name not in inboxes]:
            del ids[name]
