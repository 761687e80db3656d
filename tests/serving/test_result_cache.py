"""Results that are kept for those who ask for the same again."""

from dalle.serving.cache import ResultCache, recipe_key
from dalle.settings import GenerationSettings
from tests.serving.fake import FakePipeline

SIZE = 16 * 64 * 64 * 4  # bytes of a fake result


def draw(prompt: str, **knobs):
    return FakePipeline().generate(prompt, **knobs)


def test_the_ones_asked_for_last_stay():
    cache = ResultCache(2 * SIZE)
    for name in "ab":
        cache.put(name, draw(name))
    assert cache.get("a").result.prompt == "a"
    cache.put("c", draw("c"))
    assert (cache.get("b"), cache.size, len(cache)) == (None, 2 * SIZE, 2)
    assert cache.get("a").made <= cache.get("c").made


def test_what_is_larger_than_the_cache_is_not_kept():
    cache = ResultCache(SIZE - 1)
    cache.put("a", draw("a"))
    assert (len(cache), cache.size) == (0, 0)


def test_all_that_decides_a_picture_is_in_the_key():
    settings = [GenerationSettings(seed=1), GenerationSettings(seed=2), GenerationSettings(top_k=3)]
    names = [("m", "1", "float32", "a"), ("m", "2", "float32", "a"), ("m", "1", "float32", "b")]
    keys = {recipe_key(*three, settings=one) for three in names for one in settings}
    assert len(keys) == 9


def test_the_nearest_never_tells_a_word_that_was_not_asked_for():
    cache = ResultCache(10 * SIZE)
    for prompt in ("apple", "a red apple", "a red apple for Jane"):
        cache.put(prompt, draw(prompt))
    cache.put("against", draw("a big red apple", negative_prompt="Jane"))

    def nearest(prompt: str, harmless=lambda text: True) -> str:
        kept = cache.nearest(prompt, harmless)
        return kept.result.prompt if kept else ""

    assert nearest("A big, RED apple") == "a red apple"
    assert nearest("a pear") == ""
    assert nearest("a red apple for Jane") == "a red apple for Jane"
    assert nearest("a red apple for Jane", lambda text: "Jane" not in text) == "a red apple"
    assert nearest("a big red apple, Jane", lambda text: "Jane" not in text) == "a red apple"
