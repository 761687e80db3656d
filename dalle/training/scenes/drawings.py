"""Free drawings of everyday things, from npm and Debian (licences: assets/nano/LICENSES)."""

import functools
import io
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from dalle.errors import DalleError
from dalle.training.scenes.vocabulary import Kind

# style: (package, version, folder of pictures or None where one icons.json holds all SVGs)
SOURCES = {
    "3d": ("@lobehub/fluent-emoji-3d", "1.1.0", "assets"),  # Microsoft Fluent emoji, MIT
    "noto": ("@iconify-json/noto", "1.2.9", None),  # Google Noto emoji, Apache-2.0
    "flat": ("@iconify-json/fluent-emoji-flat", "1.2.6", None),  # Microsoft Fluent emoji, MIT
    "twemoji": ("@iconify-json/twemoji", "1.2.5", None),  # Twitter, jdecked; CC-BY-4.0
}
# Open Clip Art (public domain), as Debian packs it: things for which there is no emoji.
CLIP_ART = ("openclipart-svg", "1:0.18+dfsg-19", "usr/share/openclipart/svg")
STYLES = (*SOURCES, "clipart")
RENDERED = 320  # pixels; larger than any stored size after trimming


def fetch_packages(folder: Path) -> None:
    """Brings the pinned packages to `folder` with the npm and the Debian client."""
    packages = [f"{name}@{version}" for name, version, _ in SOURCES.values()]
    options = ["--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"]
    run_client(["npm", "install", *options, *packages], folder, "install Node.js")
    name, version, _ = CLIP_ART
    advice = "run apt-get update first on Debian, or use a Debian machine"
    run_client(["apt-get", "download", f"{name}={version}"], folder, advice)
    archive = next(folder.glob(f"{name}_*.deb"))
    run_client(["dpkg-deb", "--extract", str(archive), str(folder)], folder, advice)


def run_client(command: list[str], folder: Path, advice: str) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        detail = getattr(error, "stderr", b"") or str(error).encode()
        raise DalleError(
            f"{' '.join(command)} failed; building sprites needs it and its registry once; "
            f"{advice}, or copy a built .data/sprites here "
            f"({detail.decode(errors='replace').strip()[-300:]})"
        ) from error


def read_drawings(folder: Path, kinds: tuple[Kind, ...]) -> Iterator[tuple[Kind, str, Image.Image]]:
    """Yields (kind, style, RGBA picture) for every drawing that the fetched packages have."""
    for style in STYLES:
        read = _reader(folder, style)
        for kind in kinds:
            picture = read(kind.code)
            if picture is not None:
                yield kind, style, picture


def _reader(folder: Path, style: str) -> Callable[[str], Image.Image | None]:
    if style == "clipart":
        return functools.partial(_read_clip_art, folder / CLIP_ART[2])
    package, _, pictures = SOURCES[style]
    root = folder / "node_modules" / package
    return functools.partial(_read_picture, root / pictures) if pictures else _svg_reader(root)


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
    names = json.loads((root / "chars.json").read_text())
    names = {code.replace("-fe0f", ""): name for code, name in names.items()}
    icons = json.loads((root / "icons.json").read_text())

    def read(code: str) -> Image.Image | None:
        name = names.get(code)
        name = icons.get("aliases", {}).get(name, {}).get("parent", name)
        icon = icons["icons"].get(name)
        if icon is None:
            return None
        width, height = icon.get("width", icons["width"]), icon.get("height", icons["height"])
        return _render(
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="0 0 {width} {height}">{icon["body"]}</svg>',
            RENDERED,
        )

    return read


def _read_clip_art(folder: Path, code: str) -> Image.Image | None:
    path = folder / f"{code}.svg"
    return _render_whole(path.read_text(errors="replace")) if path.is_file() else None


def _render_whole(svg: str) -> Image.Image:
    """Renders all of a drawing whose own page is missing, too small or far too large for it."""
    found = re.search(r"<svg\b[^>]*>", svg)
    start, rest = svg[: found.start()], svg[found.end() :]
    tag = re.sub(r"""(?<=\s)(width|height|viewBox)\s*=\s*("[^"]*"|'[^']*')""", "", found.group())[
        4:
    ]

    def part(left: float, top: float, side: float, pixels: int) -> Image.Image:
        page = f'<svg width="{side}" height="{side}" viewBox="{left} {top} {side} {side}"'
        return _render(f"{start}{page}{tag}{rest}", pixels)

    # First a wide view to find the drawing, then the smallest square around it.
    wide = part(-2000, -2000, 6000, 1500).getchannel("A")
    left, top, right, bottom = (4 * edge - 2000 for edge in wide.getbbox())
    return part(left - 4, top - 4, max(right - left, bottom - top) + 8, 2 * RENDERED)


def _render(svg: str, pixels: int) -> Image.Image:
    import resvg_py  # only needed to build the sprites, never to read them

    png = resvg_py.svg_to_bytes(svg_string=svg, width=pixels, height=pixels)
    return Image.open(io.BytesIO(bytes(png))).convert("RGBA")
