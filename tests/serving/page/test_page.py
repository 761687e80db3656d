"""The first screen in a real browser, with a fake pipeline behind: drawing, stopping, failing."""

import pytest
from playwright.sync_api import expect

from tests.serving.conftest import running

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visit, address):
    page = visit(address)
    yield page
    assert page.mistakes == []


def test_the_sheet_fills_while_it_is_generated_and_nine_tiles_follow(page):
    page.box.fill("slowly a cat")
    page.press("Generate")
    page.wait_for_status("Drawing: ")
    page.view.locator(".nf-growing").wait_for()
    assert page.view.locator(".nf-growing li").count() == 9
    page.wait_for_status("Done in")
    assert page.tiles.count() == 9
    assert page.tiles.first.get_attribute("aria-label") == "Picture 1"
    assert page.pictures() == [(11, candidate) for candidate in range(15, 6, -1)]
    assert page.view.locator(".nf-tiles").first.inner_text() == ""
    assert "The best 9 of 16." in page.view.locator(".nf-summary").first.inner_text()


def test_enter_generates_and_the_prompt_stays(page):
    page.generate("a dog")
    assert page.prompt == "a dog"


def test_seconds_are_told_once_a_run_is_known(page):
    page.generate("a cat")
    page.box.fill("slowly a dog")
    page.press("Generate")
    page.wait_for(".nf-seconds", "s left")


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [("fail", "This prompt fails"), (" ", "The prompt is empty"), ("break", "Drawing failed")],
)
def test_a_failure_is_a_sentence_and_the_prompt_stays(page, prompt, sentence):
    page.box.fill(prompt)
    page.press("Generate")
    page.wait_for_status(sentence)
    assert page.prompt == prompt
    page.generate("a cat")  # and nothing has to be loaded again
    assert page.tiles.count() == 9


TELLINGS = """sentence => [...document.querySelectorAll("main *")]
  .filter((node) => node.children.length === 0 && node.textContent.includes(sentence))
  .map((node) => node.className)"""


def test_a_refusal_is_told_once_below_the_button_and_once_to_the_ear(page):
    page.box.fill("a naked woman")
    page.press("Generate")
    page.wait_for_status("This prompt seems to ask for nudity or sex")
    page.wait_until_nobody_waits()
    assert page.view.evaluate(TELLINGS, "nudity or sex") == ["nf-words", "nf-spoken"]
    assert page.view.locator(".nf-run").count() == 0


def test_a_refused_line_of_several_is_told_beside_its_prompt_alone(page):
    page.box.fill("a cat\na naked woman")
    page.press("Generate")
    page.wait_for_status("Drew 1 of 2 prompts")
    assert page.view.evaluate(TELLINGS, "nudity or sex") == ["nf-error"]


def test_an_impossible_seed_is_a_sentence(page):
    page.value("seed")
    page.view.locator("#seed textarea").fill("my lucky number")
    page.box.fill("a cat")
    page.press("Generate")
    page.wait_for_status("The seed is 'my lucky number'; it must be a whole number from 0")


def test_the_settings_are_used(page):
    page.value("seed")
    page.view.locator("#seed textarea").fill("7")
    page.view.locator("#candidates input[type=number]").fill("20")
    page.view.locator("#candidates input[type=number]").press("Tab")
    page.generate("a cat")
    assert "The best 9 of 20." in page.view.locator(".nf-summary").first.inner_text()
    assert page.picture() == (7, 19)


@pytest.mark.parametrize("way", ["button", "key"])
def test_stop_stops_and_keeps_the_prompt(page, way):
    page.box.fill("slowly a cat")
    page.press("Generate")
    page.wait_for_status("Drawing: ")
    page.press("Stop") if way == "button" else page.view.keyboard.press("Escape")
    page.wait_for_status("Stopped")
    page.wait_until_nobody_waits()  # else a late frame might come yet
    assert page.status == "Stopped. Your prompt is kept."
    assert page.tiles.count() == 0
    assert page.prompt == "slowly a cat"
    assert not page.view.locator("#stop").is_visible()


def test_what_is_refused_is_tried_again_by_itself(page):
    page.box.fill("crowd of a cat and a dog")
    page.press("Generate")
    page.wait_for(".nf-line", "Your prompt is kept and tried again by itself in")
    page.wait_for(".nf-borrowed", "an example, not drawn for you but for “a cat and a dog")
    page.wait_for(".nf-seconds", "(try 2 of 5)")
    page.wait_for_status("Done in")
    assert page.tiles.count() == 9
    assert page.view.locator(".nf-borrowed").count() == 0
    assert page.prompt == "crowd of a cat and a dog"


def test_stop_ends_trying_again(page):
    page.box.fill("throng")
    page.press("Generate")
    page.wait_for(".nf-seconds", "(try 1 of 5)")
    seconds = page.view.locator(".nf-seconds").inner_text()
    page.view.wait_for_function(
        "told => document.querySelector('.nf-seconds').textContent !== told", arg=seconds
    )
    page.press("Stop")
    page.wait_for_status("Stopped. Your prompt is kept.")
    assert page.view.locator(".nf-seconds").inner_text() == ""
    assert page.prompt == "throng"


def test_another_model_is_chosen_and_its_link_chooses_it_again(page):
    page.unfold("Settings")
    page.view.get_by_role("radio", name="other", exact=True).check()
    page.view.wait_for_function(
        "() => document.querySelector('#condition_scale input').value === '3.5'"
    )
    page.generate("a cat")
    page.more()
    page.press("Use these settings")
    page.wait_for_status("The settings of this result are restored")
    query = page.view.evaluate("() => JSON.parse(localStorage['ninefold.history'])[0].query")
    assert "model=other" in query
    page.open(f"{page.view.url}?{query}&run=0")
    page.wait_for_status("The settings of this link are restored")
    page.unfold("Settings")
    expect(page.view.get_by_role("radio", name="other", exact=True)).to_be_checked()
    assert page.view.get_by_role("radio", name="fake", exact=True).count() == 1


@pytest.mark.parametrize("late", ["the visit's", "the link's"])
def test_a_link_chooses_its_model_whichever_answer_comes_first(page, address, late):
    asked = {"the visit's": '"data":[],"event_data":null', "the link's": '"source":"link"'}
    held = []

    def hold_one(route):
        if asked[late] in route.request.post_data:
            held.append(route)
        else:
            route.continue_()

    page.view.route("**/run/predict?*", hold_one)
    page.open(f"{address}?prompt=a+cat&seed=1&model=other&run=0")
    if late == "the visit's":
        page.wait_for_status("The settings of this link are restored")
    else:
        page.unfold("Settings")
        expect(page.view.get_by_role("radio", name="other", exact=True)).to_be_visible()
    (route,) = held
    route.continue_()
    page.wait_for_status("The settings of this link are restored")
    page.unfold("Settings")
    expect(page.view.get_by_role("radio", name="fake", exact=True)).not_to_be_checked()
    expect(page.view.get_by_role("radio", name="other", exact=True)).to_be_checked()


def test_each_line_is_a_prompt_of_its_own(page):
    page.box.fill("slowly a cat\nfail\n\na dog")
    page.press("Generate")
    page.wait_for_status("Prompt 1 of 3: ")
    page.wait_for_status("Drew 2 of 3 prompts")
    assert page.view.locator(".nf-prompt").all_inner_texts() == ["slowly a cat", "fail", "a dog"]
    assert page.tiles.count() == 18
    page.wait_for(".nf-error", "This prompt fails; choose another one.")


def test_shift_and_enter_begin_another_prompt(page):
    page.box.press_sequentially("a cat")
    page.box.press("Shift+Enter")
    page.box.press_sequentially("a dog")
    assert page.prompt == "a cat\na dog"


def test_words_that_the_model_never_saw_are_named(page):
    page.box.fill("a red aple in mordor")
    page.wait_for(".nf-unknown", "Not known to this model: aple, mordor.")
    page.box.fill("a red apple")
    page.view.locator(".nf-unknown").wait_for(state="detached")


def test_an_example_is_shown_without_generating(page):
    page.view.locator(".nf-examples button").first.click()
    sheet = page.view.locator(".nf-run img.nf-sheet")
    sheet.wait_for()
    assert page.prompt == page.view.locator(".nf-examples button").first.inner_text().strip()
    assert page.value("seed") == ""
    assert page.status == "Ready when you are."


def test_a_chip_fills_in_its_prompt(page):
    page.unfold("What it can draw")
    chip = page.view.locator("#chips button").first
    words = chip.inner_text()
    chip.click()
    page.view.wait_for_function(
        "words => document.querySelector('#prompt textarea').value === words", arg=words
    )


def test_the_notice_stands_beside_the_pictures(page):
    notice = page.view.locator(".nf-notice")
    assert notice.is_visible()
    assert "Drawn by AI. Not a photo, not evidence." in notice.inner_text()
    with page.view.expect_popup() as about:
        notice.get_by_role("link").click()
    about.value.locator("#card", has_text="The card of the fake model.").wait_for()


def test_a_lost_connection_is_a_sentence(visit):
    with running("-m", "tests.fakes.engine") as (address, server):
        page = visit(address)
        page.box.fill("slowly a cat")
        page.press("Generate")
        page.wait_for_status("Drawing: ")
        server.kill()  # asked to stop, it would finish the picture first
    page.wait_for_status("The connection to the server was lost. Your prompt is kept")
    assert page.prompt == "slowly a cat"


def test_visitors_see_their_own_pictures_alone(visit, address):
    first, second = visit(address), visit(address)
    for page, seed in ((first, "3"), (second, "4")):
        page.value("seed")
        page.view.locator("#seed textarea").fill(seed)
        page.box.fill(f"a cat of {seed}")
        page.press("Generate")
    for page, seed in ((first, "3"), (second, "4")):
        page.wait_for_status("Done")
        assert [shown for shown, _ in page.pictures()] == [int(seed)] * 9
        page.unfold("History")
        assert page.view.locator(".nf-memory").all_inner_texts() == [f"a cat of {seed}"]


def test_what_is_generated_for_a_word_stands_beside_the_pictures(page):
    page.generate("godzilla in mordor")
    page.wait_for(".nf-heard", "godzilla: drawn as a T-Rex. Not known, so not drawn: mordor.")


def test_where_nothing_is_known_three_prompts_are_offered(page):
    page.generate("blorf")
    page.wait_for(".nf-heard", "This model knows nothing in this prompt. Try one of these:")
    chips = page.view.locator(".nf-heard button")
    assert chips.all_inner_texts() == ["a cat", "a dog", "an apple"]
    chips.nth(2).click()
    page.view.wait_for_function(
        "() => document.querySelector('#prompt textarea').value === 'an apple'"
    )
