"""Members: their share of the turns, and what nobody else loses by it."""

from collections import Counter
from itertools import count

import pytest

from dalle.engine.admission import BusyError
from dalle.engine.engine import LocalEngine
from dalle.engine.fair_queue import FairQueue
from dalle.engine.lanes import MemberLane
from dalle.engine.status import QueueStatus
from dalle.settings import SettingsError
from tests.engine.test_engine import started
from tests.engine.test_fair_queue import Asked
from tests.fakes.engine import FakePipeline
from tests.fakes.orders import ask

LANE = MemberLane(share=25, queue_size=2, max_wait=60.0, candidates=144)
TURNS = 2400


def take_turns(share: int, members: int, guests: int, turns: int = TURNS) -> Counter:
    """How many turns each has, where all of them always have a request that waits."""
    queue, had = FairQueue(share), Counter()
    names = [f"member {n}" for n in range(members)] + [f"guest {n}" for n in range(guests)]
    for name in names:
        queue.add(Asked(name, member=name.startswith("member")))
    for _ in range(turns):
        request, _ = queue.take(4)
        queue.add(Asked(request.visitor, member=request.member))
        had[request.visitor] += 1
    return had


@pytest.mark.parametrize("share", [1, 25, 50, 90])
@pytest.mark.parametrize(
    ("members", "guests"), [(1, 1), (1, 9), (3, 9), (10, 1), (20, 20), (1, 100), (100, 3)]
)
def test_nobody_else_loses_more_than_the_share(share, members, guests):
    had = take_turns(share, members, guests)
    fair = TURNS / (members + guests)
    for guest in range(guests):
        assert had[f"guest {guest}"] >= (1 - share / 100) * fair - 2
    of_members = sum(turns for name, turns in had.items() if name.startswith("member"))
    assert of_members >= max(share / 100 * TURNS, members * fair) - 2
    # And nobody of them has more than another.
    for kind in ("member", "guest"):
        turns = [had[name] for name in had if name.startswith(kind)]
        assert max(turns) - min(turns) <= 1


def test_without_a_share_a_member_is_like_anybody():
    assert set(take_turns(0, 2, 6, 80).values()) == {10}


def test_a_share_of_half_is_every_other_turn():
    queue = FairQueue(50)
    for name in "abcd":
        queue.add(Asked(name))
    for _ in range(3):
        queue.add(Asked("m", member=True))
    order = [queue.take(4)[0].visitor for _ in range(len(queue))]
    assert order == list("ambmcmd")


def test_nothing_is_saved_up_while_nobody_competes():
    queue = FairQueue(25)
    for _ in range(50):
        queue.add(Asked("guest"))
        queue.take(4)
        queue.add(Asked("m", member=True))
        queue.take(4)
    for name in "abc":
        queue.add(Asked(name))
    for _ in range(3):
        queue.add(Asked("m", member=True))
    assert [queue.take(4)[0].visitor for _ in range(6)] == list("abcmmm")


def test_what_comes_before_is_told_as_it_will_be():
    queue, numbers = FairQueue(40), count()
    requests = [Asked(name, member=name in "mn") for name in "aabbbcmmmnd"]
    for request in requests:
        queue.add(request)
    queue.take(4)
    waiting = list(queue)
    told = {id(request): len(queue.before(request)) for request in waiting}
    while queue:
        request, _ = queue.take(4)
        assert told[id(request)] == next(numbers)


def test_a_turn_that_has_begun_is_not_interrupted():
    queue = FairQueue(90)
    queue.add(Asked("long", 8))
    queue.add(Asked("m", 4, member=True))
    assert queue.take(1)[0].visitor == "long"
    assert [queue.take(4)[0].visitor for _ in range(3)] == ["long", "m", "long"]


def test_one_that_does_not_fit_costs_members_nothing():
    queue = FairQueue(50)
    for name in "abc":
        queue.add(Asked(name))
    queue.add(Asked("m", member=True))
    assert queue.take(4)[0].visitor == "a"
    for _ in range(5):
        assert queue.take(4, lambda request: not request.member) is None
    assert queue.take(4)[0].visitor == "m"


def test_members_wait_in_places_of_their_own():
    engine = LocalEngine(FakePipeline, 1, members=LANE)  # never started: all of them wait
    kept = [ask(engine, "a dog", visitor="first")]
    next(kept[0])
    for member, most in ((False, 1), (True, 3)):
        for number in range(most):
            one = ask(engine, f"a cat {number} {member}", visitor=f"{number}", member=member)
            assert isinstance(next(one), QueueStatus)
            kept.append(one)
        with pytest.raises(BusyError, match=f"{most + (not member)} requests are waiting"):
            next(ask(engine, "one too many", visitor="late", member=member))


def test_an_account_and_an_address_of_the_same_name_are_two():
    engine = LocalEngine(FakePipeline, 5, members=LANE)
    asked = [ask(engine, f"a cat {n}", visitor="1.2.3.4", member=n > 0) for n in range(2)]
    for frames in asked:
        next(frames)
    assert [next(frames).ahead for frames in asked] == [1, 2]
    assert {request.visitor for request in engine._scheduler._queue} == {
        "visitor 1.2.3.4",
        "member 1.2.3.4",
    }


def test_a_member_may_wait_longer():
    lane = MemberLane(25, 100, max_wait=60.0, candidates=64)
    engine = LocalEngine(FakePipeline, 100, max_wait=5.0, members=lane)  # never started
    engine.throughput.learn_batch(4.0)
    kept = [ask(engine, f"a cat {number}", visitor=f"{number}") for number in range(3)]
    for frames in kept[:2]:
        next(frames)
    with pytest.raises(BusyError, match="at most 5 are asked"):
        next(kept[2])
    assert next(ask(engine, "a cat 3", visitor="3", member=True)).seconds == pytest.approx(8.0)


def test_members_may_ask_for_more_candidates():
    engine = started(FakePipeline(), members=LANE)
    *_, result = ask(engine, "a cat", visitor="a", member=True, candidates=144)
    assert len(result.pictures) + len(result.rejected) == 144
    limit = "candidates is 144; it must be a whole number from 9 to 64"
    with pytest.raises(SettingsError, match=limit):
        ask(engine, "a cat", visitor="a", candidates=144)
    with pytest.raises(SettingsError, match="is 65; it must"):
        ask(engine, "a cat", visitor="a", only=list(range(65)))
    with pytest.raises(SettingsError, match=limit):  # where there is no lane
        ask(LocalEngine(FakePipeline, 5), "a cat", visitor="a", member=True, candidates=144)
    *_, again = ask(engine, "a cat", visitor="a", candidates=144, only=[100], seed=result.seed)
    assert [picture.candidate for picture in again.pictures] == [100]


def test_a_narrower_lane_says_its_own_limit():
    engine = LocalEngine(FakePipeline, 5, members=MemberLane(25, 5, 60.0, candidates=96))
    with pytest.raises(SettingsError, match="is 97; it must be a whole number from 9 to 96"):
        ask(engine, "a cat", visitor="a", member=True, candidates=97)
