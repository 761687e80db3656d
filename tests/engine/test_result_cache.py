"""Results that are kept for those who ask for the same again."""

from dalle.engine.result_cache import ResultCache, recipe_key
from dalle.settings import GenerationSettings
from tests.fakes.engine import FakePipeline

SIZE = 16 * 64 * 64 * 4  # bytes of a fake result


def generate(prompt: str, **knobs):
    return FakePipeline().generate(prompt, **knobs)


def test_the_ones_asked_for_last_stay():
    cache = ResultCache(2 * SIZE)
    for name in "ab":
        cache.put(name, generate(name))
    assert cache.get("a").prompt == "a"
    cache.put("c", generate("c"))
    assert (cache.get("b"), cache.size, len(cache)) == (None, 2 * SIZE, 2)


def test_what_is_larger_than_the_cache_is_not_kept():
    cache = ResultCache(SIZE - 1)
    cache.put("a", generate("a"))
    assert (len(cache), cache.size) == (0, 0)


def test_all_that_decides_a_picture_is_in_the_key():
    settings = [GenerationSettings(seed=1), GenerationSettings(seed=2), GenerationSettings(top_k=3)]
    names = [("m", "1", "float32", "a"), ("m", "2", "float32", "a"), ("m", "1", "float32", "b")]
    keys = {recipe_key(*three, settings=one) for three in names for one in settings}
    assert len(keys) == 9
