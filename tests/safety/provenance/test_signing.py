"""C2PA manifests: their signer, their claims, and keys that cannot sign."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from dalle.errors import DalleError
from dalle.generation.result import Picture
from dalle.safety.provenance.c2pa import (
    MIXED_SOURCE_TYPE,
    SOURCE_TYPE,
    Signer,
    make_manifest,
    read_manifest,
    signing_state,
)
from dalle.safety.provenance.marker import (
    Marker,
    recipe_of,
)
from dalle.safety.provenance.watermark import PUBLIC_KEY, detect
from dalle.safety.settings import SafetySettings
from dalle.settings import SettingsError
from tests.safety.provenance.certificates import make_chain
from tests.safety.provenance.conftest import RECIPE, opened


def test_signed_files_say_so_and_notice_changes(picture: Picture, signer: Signer) -> None:
    content = picture.as_png(marker=Marker(signer=signer))
    manifest = read_manifest(content)
    assert (manifest.state, manifest.signer, manifest.machine_made) == ("Valid", "Tests", True)
    assert recipe_of(content)["seed"] == 7
    assert SOURCE_TYPE in str(opened(content).info["xmp"])
    assert detect(opened(content), PUBLIC_KEY).found
    assert len(content) - len(picture.as_png()) < 4096

    changed = bytearray(content)
    changed[-len(content) // 4] ^= 1
    assert read_manifest(bytes(changed)).state == "Invalid"
    assert read_manifest(picture.as_png()) is None


@pytest.mark.parametrize(
    ("source", "kind"), [(RECIPE, SOURCE_TYPE), ("a foreign picture", MIXED_SOURCE_TYPE)]
)
def test_what_goes_on_with_a_picture_is_signed_as_edited(
    picture: Picture, signer: Signer, source: object, kind: str
) -> None:
    recipe = RECIPE | {"edited_from": RECIPE | {"edited_from": source}}
    content = replace(picture, recipe=recipe).as_png(marker=Marker(signer=signer))
    manifest = read_manifest(content)
    assert (manifest.state, manifest.machine_made) == ("Valid", True)
    assert f'"{kind}"' in str(opened(content).info["xmp"])
    (assertion,) = make_manifest(recipe)["assertions"]
    assert assertion["data"]["actions"] == [
        {"action": "c2pa.created", "digitalSourceType": kind},
        {"action": "c2pa.edited"},
    ]
    assert b"c2pa.edited" in content
    assert b"c2pa.edited" not in picture.as_png(marker=Marker(signer=signer))


def test_the_root_is_not_in_every_file(signer: Signer) -> None:
    key, chain = make_chain()
    assert chain.count("BEGIN CERTIFICATE") == 2
    shortened = Signer.of(key, chain)
    assert chain.startswith(shortened.certificate)
    assert shortened.certificate.count("BEGIN CERTIFICATE") == 1
    assert Signer.of(key, shortened.certificate) == shortened  # nothing is left out twice


def test_signing_from_many_threads(picture: Picture, signer: Signer) -> None:
    marker = Marker(signer=signer)
    with ThreadPoolExecutor(4) as pool:
        files = list(pool.map(lambda _: picture.as_png(marker=marker), range(12)))
    assert {read_manifest(content).state for content in files} == {"Valid"}


def test_whether_pictures_are_signed_is_told(signer: Signer) -> None:
    assert signing_state(None).startswith("Pictures are not signed (C2PA): this server has no")
    assert "with the certificate of Ninefold tests" in signing_state(signer)
    assert "unknown signer" in signing_state(signer)
    assert "PRIVATE KEY" not in repr(signer)


def test_keys_that_cannot_sign_are_told_at_the_start(signer: Signer) -> None:
    with pytest.raises(SettingsError, match="belong together"):
        Marker.of(SafetySettings(signing_key=signer.key))
    with pytest.raises(SettingsError, match="must be a P-256 key"):
        Signer.of("no key", signer.certificate)
    settings = SafetySettings(signing_key=signer.key, signing_certificate=signer.certificate)
    assert Marker.of(settings).signer == signer
    assert "PRIVATE KEY" not in repr(settings)


def test_a_key_without_the_library(monkeypatch: pytest.MonkeyPatch, picture: Picture) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(DalleError, match="A signing key is set, and c2pa-python is not installed"):
        Signer.of("key", "certificate")
    with pytest.raises(DalleError, match="c2pa-python is not installed"):
        picture.as_png(marker=Marker(signer=Signer("key", "certificate")))
    assert recipe_of(picture.as_png())["seed"] == 7  # without a key it is not missed
