"""What a result tells is told once, beside its pictures, and what opens is in sight."""

from tests.serving.conftest import Page

LAPTOP = {"width": 1366, "height": 768}


def test_words_of_a_result_are_told_beside_its_grid_alone(quick_app, visit):
    page: Page = visit(quick_app)
    page.box.fill("godzilla in mordor")
    page.wait_for(".nf-unknown", "Not known to this model")
    page.generate("godzilla in mordor")
    page.wait_for(".nf-heard", "godzilla: drawn as a T-Rex")
    assert page.view.locator(".nf-unknown").is_hidden()
    page.box.press("End")
    page.box.type("s")
    page.view.locator(".nf-unknown").wait_for()


def test_idle_page_has_no_status_to_read(quick_app, visit):
    page: Page = visit(quick_app)
    assert page.view.locator(".nf-line").bounding_box()["width"] <= 1
    assert page.view.locator(".nf-spoken").inner_text() == "Ready when you are."
    page.generate("a cat")
    assert page.view.locator(".nf-line").bounding_box()["width"] > 50


def test_grid_with_words_about_it_is_whole_on_a_laptop(quick_app, visit):
    page: Page = visit(quick_app, viewport=LAPTOP)
    page.generate("godzilla in mordor")
    page.view.locator(".nf-heard").wait_for()
    last = page.tiles.nth(8).bounding_box()
    share = page.view.get_by_role("button", name="Share").first.bounding_box()
    assert last["y"] + last["height"] <= 768
    assert share["y"] + share["height"] <= 768


def test_forms_of_an_open_picture_are_in_sight(quick_app, visit):
    page: Page = visit(quick_app, viewport=LAPTOP)
    page.generate("a cat")
    page.tiles.first.click()
    for way, last in (("Edit", "Draw nine"), ("Extend", "A tile that repeats")):
        page.press(way)
        page.view.wait_for_function(
            """words => [...document.querySelectorAll(".nf-way button")].some((button) => {
                const box = button.getBoundingClientRect();
                return button.textContent === words && box.top >= 0 && box.bottom <= innerHeight;
            })""",
            arg=last,
        )


def test_use_these_settings_says_when_the_server_is_away(quick_app, visit):
    page: Page = visit(quick_app)
    page.generate("a cat")
    page.more()
    page.view.context.set_offline(True)
    page.press("Use these settings")
    page.wait_for_status("The connection to the server was lost")


def test_pictures_that_go_on_with_one_are_in_sight(quick_app, visit):
    page: Page = visit(quick_app, viewport=LAPTOP)
    page.generate("a cat")
    page.tiles.first.click()
    page.press("More like this")
    page.view.get_by_role("button", name="Draw nine").scroll_into_view_if_needed()
    page.view.evaluate("scrollBy(0, 300)")
    page.forget_status()
    page.press("Draw nine")
    page.wait_for_status("Done")
    newest = page.view.locator(".nf-run").first
    newest.locator(".nf-source").wait_for()
    assert newest.locator(".nf-tile").first.bounding_box()["y"] >= 0
