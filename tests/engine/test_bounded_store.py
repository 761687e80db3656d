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


def test_what_goes_is_found_without_looking_at_all():
    looked_at = []

    def size_of(value: bytes) -> int:
        looked_at.append(value)
        return len(value)

    store: BoundedStore[int, bytes] = BoundedStore(2000, size_of)
    for number in range(2000):
        store.put(number, b"1", number % 7)
    looked_at.clear()
    assert store.put(2000, b"1", "me") == [0]  # owner 0 has most, and it was their oldest
    assert len(looked_at) < 5


def test_an_owners_least_recently_used_goes_first():
    store: BoundedStore[str, bytes] = BoundedStore(3, len)
    for name in ("a", "b", "c"):
        store.put(name, b"1", "me")
    store.get("a")
    assert store.put("d", b"1", "you") == ["b"]
    store.clear()
    assert store.put("e", b"1", "you") == []
