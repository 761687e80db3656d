"""The picture of a link, and the pictures that are drawn for it."""

import asyncio
import time

import pytest
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from dalle.engine.model_pool import ModelPool
from dalle.serving.http.visitors import asking
from dalle.serving.page.links import Link
from dalle.serving.page.sharing.card import GAP, HEIGHT, WIDTH, make_card
from dalle.serving.page.sharing.card_route import MOST_OF_ONE, Cards, card_order
from tests.fakes.apart import run_apart


class Engine:
    """What a card asks of an engine before it draws."""

    model_pool = ModelPool()


@pytest.mark.parametrize("count", [1, 9])
def test_the_pictures_stand_at_the_left_and_the_words_beside_them(count):
    pictures = [Image.new("RGB", (64, 64), "red")] * count
    card = make_card(pictures, "a red cat", "Ninefold", "pictures.example")
    assert card.size == (WIDTH, HEIGHT)
    assert card.getpixel((GAP + 5, GAP + 5)) == (255, 0, 0)
    assert card.getpixel((HEIGHT - GAP - 9, HEIGHT - GAP - 9)) == (255, 0, 0)
    words = card.crop((HEIGHT, 0, WIDTH, HEIGHT)).convert("L")
    assert words.getextrema()[0] < 100


@pytest.mark.parametrize("prompt", ["", "x" * 2000, "\u202e\x07 猫 🐈"])
def test_any_prompt_has_a_card(prompt):
    assert make_card([Image.new("RGB", (8, 8))] * 9, prompt, "N", "h").size == (WIDTH, HEIGHT)


def words_of(prompt: str) -> Image.Image:
    """The part of a card where its prompt stands."""
    card = make_card([Image.new("RGB", (8, 8))] * 9, prompt, "N", "h")
    return card.crop((HEIGHT, 0, WIDTH, HEIGHT // 2))


@pytest.mark.parametrize("prompt", ["猫が月にいる", "고양이", "🐈", "قطة"])
def test_a_prompt_in_letters_that_no_font_has_is_left_out(prompt):
    assert words_of(prompt) == words_of("")
    assert words_of(f"a cat {prompt}") == words_of("a cat")


@pytest.mark.parametrize("prompt", ["ein Bär", "crème brûlée", "żółw", "кошка на луне", "γάτα"])
def test_the_letters_of_europe_are_drawn(prompt):
    letters = [letter for letter in prompt if letter.isalpha()]
    looks = {words_of(letter).tobytes() for letter in letters}
    assert len(looks) == len(set(letters))
    assert words_of("猫").tobytes() not in looks


def test_a_card_generates_no_more_than_a_request_that_turns_no_knob():
    order = card_order(Link(prompt="a cat", knobs={"seed": 3, "candidates": 64}), Engine)
    assert order.knobs["candidates"] == 16
    assert order.knobs["seed"] == 3


def test_a_link_without_a_seed_always_has_the_same_card():
    first, second = (card_order(Link(prompt="a cat"), Engine) for _ in range(2))
    assert first == second


def test_a_single_picture_is_generated_alone():
    assert card_order(Link(prompt="a cat", candidate=7), Engine).knobs["only"] == (7,)


def test_one_address_cannot_take_all_places(monkeypatch: pytest.MonkeyPatch):
    def make(*_: object) -> bytes:
        time.sleep(0.05)
        return b"a card"

    cards = Cards(Engine, "Ninefold")
    monkeypatch.setattr(cards, "_make", make)

    def ask(address: str, number: int) -> Request:
        given = {"type": "http", "method": "GET", "path": "/card.png", "headers": []}
        given |= {"query_string": f"prompt=a+cat&seed={number}".encode(), "scheme": "http"}
        return Request(given | {"client": (address, 1), "server": ("localhost", 7860)})

    async def answer_to(request: Request) -> Response:
        with asking(request.scope):
            return await cards.answer(request)

    async def answers() -> list[int]:
        asked = [ask("192.0.2.1", number) for number in range(20)] + [ask("192.0.2.2", 99)]
        return [answer.status_code for answer in await asyncio.gather(*map(answer_to, asked))]

    *of_one, of_other = run_apart(answers())
    assert of_one.count(200) == MOST_OF_ONE
    assert of_other == 200
    assert run_apart(answers())[0] == 200  # those that were drawn are kept
