"""Free drawings of everyday things, from packages on npm (licences: assets/nano/LICENSES)."""

import functools
import io
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from dalle.errors import DalleError
from dalle.training.vocabulary import Kind

# style: (package, version, folder of pictures or None where one icons.json holds all SVGs)
SOURCES = {
    "3d": ("@lobehub/fluent-emoji-3d", "1.1.0", "assets"),  # Microsoft Fluent emoji, MIT
    "noto": ("@iconify-json/noto", "1.2.9", None),  # Google Noto emoji, Apache-2.0
    "flat": ("@iconify-json/fluent-emoji-flat", "1.2.6", None),  # Microsoft Fluent emoji, MIT
    "twemoji": ("@iconify-json/twemoji", "1.2.5", None),  # Twitter, jdecked; CC-BY-4.0
}
STYLES = tuple(SOURCES)
RENDERED = 320  # pixels; larger than any stored size after trimming


def fetch_packages(folder: Path) -> None:
    """Installs the pinned packages under `folder` with the npm client."""
    packages = [f"{name}@{version}" for name, version, _ in SOURCES.values()]
    options = ["--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        subprocess.run(["npm", "install", *options, *packages], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        detail = getattr(error, "stderr", b"") or str(error).encode()
        raise DalleError(
            f"npm could not install {', '.join(packages)}; building sprites needs npm and its "
            f"registry once; install Node.js or copy a built .data/sprites here "
            f"({detail.decode(errors='replace').strip()[-300:]})"
        ) from error


def read_drawings(folder: Path, kinds: tuple[Kind, ...]) -> Iterator[tuple[Kind, str, Image.Image]]:
    """Yields (kind, style, RGBA picture) for every drawing that the fetched packages have."""
    for style, (package, _, pictures) in SOURCES.items():
        root = folder / "node_modules" / package
        draw = functools.partial(_read_picture, root / pictures) if pictures else _svg_reader(root)
        for kind in kinds:
            picture = draw(kind.code)
            if picture is not None:
                yield kind, style, picture


def _read_picture(folder: Path, code: str) -> Image.Image | None:
    # Upstream file names keep the variation selector fe0f here and there; ours never do.
    found = _files_by_code(folder).get(code)
    if found is None:
        return None
    with Image.open(found) as file:
        return file.convert("RGBA")


@functools.cache
def _files_by_code(folder: Path) -> dict[str, Path]:
    return {path.stem.replace("-fe0f", ""): path for path in sorted(folder.glob("*.webp"))}


def _svg_reader(root: Path) -> Callable[[str], Image.Image | None]:
    import resvg_py  # only needed to build the sprites, never to read them

    names = json.loads((root / "chars.json").read_text())
    names = {code.replace("-fe0f", ""): name for code, name in names.items()}
    icons = json.loads((root / "icons.json").read_text())

    def draw(code: str) -> Image.Image | None:
        name = names.get(code)
        name = icons.get("aliases", {}).get(name, {}).get("parent", name)
        icon = icons["icons"].get(name)
        if icon is None:
            return None
        width, height = icon.get("width", icons["width"]), icon.get("height", icons["height"])
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="0 0 {width} {height}">{icon["body"]}</svg>'
        )
        png = resvg_py.svg_to_bytes(svg_string=svg, width=RENDERED, height=RENDERED)
        return Image.open(io.BytesIO(bytes(png))).convert("RGBA")

    return draw
