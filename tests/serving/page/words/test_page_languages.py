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
        "Die Einstellungen dieses Links sind übernommen; drücke Zeichnen. Ein anderes Modell "
        "hat es gezeichnet: mega (hier fake). Hier gezeichnete Bilder werden anders aussehen."
    )


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("seed=abc", "Im Link steht seed=abc, und es muss eine ganze Zahl sein; bessere ihn aus,"),
        ("candidates=999", "candidates ist 999; es muss eine ganze Zahl von 9 bis 64 sein"),
    ],
)
def test_a_link_with_a_wrong_value_is_told_in_the_language(visit, quick_app, query, sentence):
    page = visit(f"{quick_app}/?prompt=a+cat&{query}", locale="de")
    page.wait_for_status(sentence)


def test_a_file_that_is_no_picture_is_told_in_the_language(visit, quick_app, tmp_path):
    (tmp_path / "no.png").write_bytes(b"no picture")
    page = visit(quick_app, locale="de")
    page.unfold("Verlauf")
    page.view.locator(".nf-reader input").set_input_files(tmp_path / "no.png")
    page.wait_for(".nf-verdict", "Die Datei beginnt nicht wie ein bekanntes Bild; gib ein PNG-")


def test_what_it_can_draw_is_told_in_the_language(visit, quick_app):
    page = visit(quick_app, locale="de")
    page.unfold("Was es zeichnen kann")
    assert page.view.locator(".nf-can").inner_text().startswith("Dieses Modell wurde mit 15 Mill")
    assert page.view.locator(".nf-cannot").inner_text().startswith("Gesichter, Hände")
