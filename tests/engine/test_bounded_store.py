"""What is kept, and whose goes first."""

from dalle.engine.bounded_store import BoundedStore


def test_the_oldest_go_where_nobody_owns_them():
    store: BoundedStore[int, bytes] = BoundedStore(4, len)
    assert [store.put(number, b"1") for number in range(6)][4:] == [[0], [1]]


def test_one_owner_pushes_out_nothing_of_others():
    store: BoundedStore[str, bytes] = BoundedStore(8, len)
    store.put("mine", b"11", "me")
    for number in range(20):
        store.put(f"theirs {number}", b"22", "them")
    assert store.get("mine")
    assert len(store) == 4
    assert store.size == 8


def test_the_newest_stays_however_large():
    store: BoundedStore[str, bytes] = BoundedStore(4, len)
    store.put("mine", b"11", "me")
    assert store.put("theirs", b"22222", "them") == ["mine"]
    assert store.get("theirs")
