"""Cut-outs: from packages of drawings to arrays on disk."""

import json
import subprocess

import numpy as np
import pytest
from PIL import Image

from dalle.errors import DalleError
from dalle.training.scenes import drawings, sprites
from dalle.training.scenes.drawings import CLIP_ART, SOURCES, fetch_packages, read_drawings
from dalle.training.scenes.grid import CELL
from dalle.training.scenes.sprites import (
    MARGIN,
    SIZES,
    SpriteLibrary,
    fit_square,
    open_sprites,
    trim,
    write_sprites,
)
from dalle.training.scenes.vocabulary import read_kinds


def kind(name):
    return next(kind for kind in read_kinds() if kind.id == name)


def test_a_cut_out_is_trimmed_fills_the_square_and_stands_in_it():
    picture = Image.new("RGBA", (200, 200))
    picture.paste((255, 0, 0, 255), (20, 90, 180, 130))  # 160 x 40
    square = fit_square(trim(picture), 128)
    rows, columns = np.nonzero(square[..., 3])
    assert (columns.min(), columns.max()) == (MARGIN, 127 - MARGIN)
    assert rows.max() - rows.min() == 30  # 160 x 40 becomes 124 x 31
    assert rows.max() == 127 - MARGIN


def test_resizing_brings_no_dark_fringe():
    picture = Image.new("RGBA", (90, 90), (0, 0, 0, 0))
    picture.paste((255, 255, 255, 255), (13, 13, 77, 77))
    square = fit_square(picture, 64)
    assert (square[square[..., 3] > 8][:, :3] > 245).all()


def test_the_library_reads_what_was_written(library):
    assert len(library) == 29
    for cells in SIZES:
        assert library.pixels("apple", "3d", cells).shape == (cells * CELL, cells * CELL, 4)
    assert library.colour("apple", "3d") == "red"
    assert library.styles("robot") == ("noto",)
    left, top, right, bottom = library.box("skateboard", "3d")
    assert right - left > 0.9
    assert bottom - top < 0.3
    assert [kind.id for kind in library.kinds if kind.label == "car"] == ["car"]


def test_a_missing_library_says_how_to_build_it(tmp_path):
    with pytest.raises(DalleError, match=r"must hold index\.json and cells-.*build_sprites"):
        SpriteLibrary(tmp_path)


def test_writing_again_replaces_the_whole_library(tmp_path):
    red, blue = (Image.new("RGBA", (9, 9), colour) for colour in ("red", "blue"))
    write_sprites(tmp_path / "s", [(kind("apple"), "3d", red), (kind("cat"), "3d", red)])
    write_sprites(tmp_path / "s", [(kind("apple"), "3d", blue)])
    again = SpriteLibrary(tmp_path / "s")
    assert [k.id for k in again.kinds] == ["apple"]
    assert again.colour("apple", "3d") == "blue"
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_drawings_are_read_from_the_packages(tmp_path):
    apple = kind("apple")
    for style, (package, _, pictures) in SOURCES.items():
        folder = tmp_path / "node_modules" / package / (pictures or "")
        folder.mkdir(parents=True)
        if pictures:
            Image.new("RGBA", (32, 32), "red").save(folder / f"{apple.code}-fe0f.webp")
            continue
        icons = {"red-apple": {"body": '<rect width="10" height="5" fill="#f00"/>'}}
        aliases = {"apple": {"parent": "red-apple"}} if style == "noto" else {}
        named = {apple.code: "apple" if aliases else "red-apple"}
        about = {"icons": icons, "aliases": aliases, "width": 10, "height": 10}
        (folder / "icons.json").write_text(json.dumps(about))
        (folder / "chars.json").write_text(json.dumps(named))
    sword = kind("sword")
    page = tmp_path / CLIP_ART[2] / f"{sword.code}.svg"
    page.parent.mkdir(parents=True)
    page.write_text('<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>')
    kinds = (apple, kind("cat"), sword)
    found = {style: (about, picture) for about, style, picture in read_drawings(tmp_path, kinds)}
    assert list(found) == ["3d", "noto", "flat", "twemoji", "clipart"]
    assert found["clipart"][0] is sword
    found = {style: picture for style, (_, picture) in found.items()}
    assert trim(found["noto"]).size == (drawings.RENDERED, drawings.RENDERED // 2)
    assert found["twemoji"].getpixel((3, 3)) == (255, 0, 0, 255)


@pytest.mark.parametrize("width", ["", 'width="5" inkscape:window-width="8"', 'width="9000pt"'])
@pytest.mark.parametrize("side", [6, 1500])
def test_clip_art_is_drawn_whole_and_sharp_whatever_its_page_says(
    tmp_path, monkeypatch, width, side
):
    monkeypatch.setattr(drawings, "STYLES", ("clipart",))
    sword = kind("sword")
    page = tmp_path / CLIP_ART[2] / f"{sword.code}.svg"
    page.parent.mkdir(parents=True)
    page.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="inkscape" {width}>'
        f'<rect x="-50" y="70" width="{side}" height="{side / 2}" fill="#f00"/></svg>'
    )
    (_, style, picture), *others = read_drawings(tmp_path, (sword,))
    assert (style, others) == ("clipart", [])
    trimmed = trim(picture)
    assert trimmed.width > drawings.RENDERED / 2
    assert trimmed.width / trimmed.height == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("client", ["npm", "apt-get", "dpkg-deb"])
@pytest.mark.parametrize("missing", [True, False])
def test_without_a_package_client_the_error_says_what_to_do(tmp_path, monkeypatch, client, missing):
    def run(command, **options):
        if command[0] == client:
            if missing:
                raise FileNotFoundError(client)
            raise subprocess.CalledProcessError(1, client, stderr=b"no network")
        (tmp_path / "openclipart-svg_1_all.deb").touch()

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(DalleError, match=f"^{client} .*failed; building sprites needs it"):
        fetch_packages(tmp_path)


def test_opening_builds_only_once(tmp_path, monkeypatch):
    built = []

    def build(folder):
        built.append(folder)
        write_sprites(folder, [(kind("apple"), "3d", Image.new("RGBA", (9, 9), "red"))])

    monkeypatch.setattr(sprites, "build_sprites", build)
    for _ in range(2):
        assert open_sprites(tmp_path / "s").has("apple", "3d")
    assert built == [tmp_path / "s"]
