"""The page in other languages, in a real browser: what the server says is put into them too."""

import pytest

pytestmark = pytest.mark.browser

KNOWN = [
    ("de", "Diesem Modell unbekannt: aple, mordor."),
    ("es", "Este modelo no conoce: aple, mordor."),
    ("fr", "Inconnu de ce modèle : aple, mordor."),
    ("pt", "Este modelo não conhece: aple, mordor."),
    ("ja", "このモデルが知らない言葉: aple, mordor。"),
    ("en", "Not known to this model: aple, mordor."),
]


@pytest.mark.parametrize(("language", "sentence"), KNOWN)
def test_unknown_words_are_named_in_the_language(visit, quick_app, language, sentence):
    page = visit(quick_app, locale=language)
    page.box.fill("a red aple in mordor")
    page.view.locator(f'.nf-unknown:text-is("{sentence}")').wait_for()
    assert page.mistakes == []


def test_words_beside_the_pictures_are_told_in_the_language(visit, quick_app):
    page = visit(quick_app, locale="de-DE")
    page.box.fill("godzilla in mordor")
    page.box.press("Enter")
    page.tiles.nth(8).wait_for()
    told = page.view.locator(".nf-heard p").inner_text()
    assert told == "godzilla: gezeichnet als a T-Rex. Unbekannt, darum nicht gezeichnet: mordor."
    page.tiles.nth(2).click()
    page.view.get_by_role("group", name="Bild 3 von 9: godzilla in mordor").wait_for()
    assert page.view.get_by_role("button", name="Bildlink kopieren").count() == 1


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        ("a naked woman", "Dieser Text scheint Nacktheit oder Sex zu verlangen; das wird hier nicht"
         " gezeichnet. Beschreibe Menschen bekleidet, und was sie tun."),
        ("a cat\nfail", "1 von 2 Texten gezeichnet; die Gründe stehen darunter."),
        ("break", "Das Zeichnen ist fehlgeschlagen (RuntimeError). Dein Text bleibt; versuche es"
         " noch einmal."),
        # What has no translation stays as it is.
        ("fail", "This prompt fails; choose another one."),
    ],
)  # fmt: skip
def test_the_status_line_is_in_the_language(visit, quick_app, prompt, sentence):
    page = visit(quick_app, locale="de")
    page.box.fill(prompt)
    page.view.locator("#generate").click()
    page.wait_for_status(sentence)
    assert page.mistakes == []


def test_a_restored_link_is_told_in_the_language(visit, quick_app):
    page = visit(f"{quick_app}/?prompt=a+cat&seed=1&run=0&model=mega", locale="de")
    page.wait_for_status(
        "Die Einstellungen dieses Links sind übernommen; drücke Zeichnen. Gezeichnet mit model mega"
    )
