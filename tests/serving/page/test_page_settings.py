"""The fold of settings and the switch of the theme, in a browser."""

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visit, address):
    return visit(address)


def is_dark(view) -> bool:
    return view.evaluate("document.body.classList.contains('dark')")


def test_the_theme_is_chosen_by_a_click_and_kept(page):
    switch = page.view.get_by_role("button", name="Light or dark")
    switch.wait_for()
    first = is_dark(page.view)
    switch.click()
    assert is_dark(page.view) is not first
    page.view.reload()
    switch.wait_for()
    page.view.wait_for_function(
        "dark => document.body.classList.contains('dark') === dark", arg=not first
    )
    switch.click()
    assert is_dark(page.view) is first


def test_a_frame_keeps_the_theme_of_its_address(page, address):
    page.view.get_by_role("button", name="Light or dark").click()
    page.view.goto(f"{address}/?__theme=light")
    page.view.get_by_role("button", name="Generate", exact=True).wait_for()
    page.view.wait_for_timeout(500)
    assert not is_dark(page.view)


def test_a_button_begins_another_prompt(page):
    page.box.fill("a cat")
    page.unfold("Settings")
    page.press("Add a prompt")
    page.view.keyboard.type("a dog")
    assert page.box.input_value() == "a cat\na dog"


def test_an_answer_of_the_server_begins_in_upper_case(visit, address):
    page = visit(f"{address}/?prompt=a+cat&seed=99999999999")
    page.wait_for(".nf-words", "seed is 99999999999")
    shown = "getComputedStyle(document.querySelector('.nf-words'), '::first-letter')"
    assert page.view.evaluate(f"{shown}.textTransform") == "uppercase"
