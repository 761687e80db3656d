"""The order of turns."""

from dataclasses import dataclass

from dalle.engine.fair_queue import FairQueue


@dataclass(eq=False)
class Asked:
    visitor: str
    slots: int = 4
    member: bool = False


def drain(queue: FairQueue) -> list[tuple[str, int]]:
    """The visitors of each batch of four slots, with the slots that they get."""
    turns = []
    while queue:
        room = 4
        while room and (taken := queue.take(room)):
            turns.append((taken[0].visitor, taken[1]))
            room -= taken[1]
    return turns


def test_lines_take_turns():
    queue = FairQueue()
    for visitor in "aaaabbc":
        queue.add(Asked(visitor))
    assert [visitor for visitor, _ in drain(queue)] == list("abcabaa")


def test_small_requests_share_a_batch_and_long_ones_take_turns():
    queue = FairQueue()
    queue.add(Asked("long", 10))
    for visitor in "abc":
        queue.add(Asked(visitor, 1))
    assert drain(queue) == [
        ("long", 4), ("a", 1), ("b", 1), ("c", 1), ("long", 1), ("long", 3),
        ("long", 1), ("long", 1),
    ]  # fmt: skip


def test_one_that_has_begun_goes_on_first():
    queue = FairQueue()
    for visitor, slots in (("a", 2), ("b", 4), ("c", 2)):
        queue.add(Asked(visitor, slots))
    assert drain(queue) == [("a", 2), ("b", 2), ("b", 2), ("c", 2)]


def test_what_comes_before():
    queue = FairQueue()
    requests = [Asked(visitor) for visitor in "aaabbc"]
    for request in requests:
        queue.add(request)
    before = [len(queue.before(request)) for request in requests]
    # a b c a b a
    assert before == [0, 3, 5, 1, 4, 2]
    queue.remove(requests[0])
    assert requests[0] not in queue
    assert len(queue) == 5
    assert queue.take(4)[0] is requests[1]
    queue.add_first(requests[0])
    assert queue.take(4)[0] is requests[0]


def test_a_crowd_of_one_hardly_delays_the_others():
    queue = FairQueue()
    for _ in range(90):
        queue.add(Asked("greedy"))
    for visitor in range(10):
        queue.add(Asked(f"other {visitor}"))
    order = [visitor for visitor, _ in drain(queue)]
    assert max(order.index(f"other {visitor}") for visitor in range(10)) == 10
