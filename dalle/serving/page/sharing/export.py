"""For other people's pages: the snippets that embed this one, and a frozen result."""

import io
import zipfile
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

from dalle.errors import DalleError
from dalle.generation.pictures import data_uri
from dalle.serving.encoded import encoded
from dalle.serving.page.results import StoredResult
from dalle.serving.page.tiles import file_name, slug

THEMES = ("light", "dark")
FRAME = """<iframe data-ninefold src="{src}" title="{title}" loading="lazy"
  allow="clipboard-write; web-share"
  style="width: 100%; aspect-ratio: 3 / 4; min-height: 640px; border: 0"></iframe>
<script>
  addEventListener("message", (event) => {{
    for (const frame of document.querySelectorAll("iframe[data-ninefold]"))
      if (event.source === frame.contentWindow && event.data?.ninefoldHeight > 0)
        frame.style.height = event.data.ninefoldHeight + "px";
  }});
</script>"""
FIGURE = """<figure style="max-width: 40rem; margin: 1rem auto; font-family: system-ui, sans-serif">
  <div style="display: grid; grid-template-columns: repeat(3, 1fr); gap: 4px">
{pictures}
  </div>
  <figcaption style="margin-top: .5rem; line-height: 1.4">
    “{prompt}”, drawn by AI: {name}, seed {seed}.
    <a href="{link}" style="color: inherit">Draw it again</a>
  </figcaption>
</figure>
"""
PICTURE = '    <img src="{src}" alt="{alt}" style="width: 100%">'


def check_address(address: Any) -> str:
    """A page's own address without its query; DalleError where it is no web address."""
    parts = urlsplit(str(address))
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise DalleError("The address of this page is not known; open it in a tab of its own.")
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def write_snippets(
    address: str, title: str, prompt: str = "", theme: str = THEMES[0], compact: bool = True
) -> dict[str, str]:
    """The HTML of a frame with the page in it, as `iframe`, with a prompt filled in.

    Its first height is about that of the nine pictures, so that hardly anything jumps.
    """
    address = check_address(address)
    if theme not in THEMES:
        raise DalleError(f"The theme is {theme!r}; it must be {' or '.join(THEMES)}.")
    told = {"prompt": prompt.strip()} if prompt.strip() else {}
    told |= {"compact": "1"} if compact else {}
    query = urlencode(told | {"__theme": theme})
    return {"iframe": FRAME.format(src=escape(f"{address}?{query}"), title=escape(title))}


def freeze(kept: StoredResult, name: str, address: str, query: str) -> str:
    """A result as one HTML figure that needs nothing else: pictures, prompt, seed, link back."""
    recipe: Mapping[str, Any] = kept.result.recipe
    pictures = [
        PICTURE.format(
            src=data_uri(kept.png(picture), "image/png"),
            alt=escape(f"{recipe['prompt']}, drawn by AI, number {place}"),
        )
        for place, picture in enumerate(kept.result.pictures, start=1)
    ]
    return FIGURE.format(
        pictures="\n".join(pictures),
        prompt=escape(recipe["prompt"]),
        name=escape(name),
        seed=recipe["seed"],
        link=escape(f"{check_address(address)}?{query}"),
    )


# The earliest that a zip can tell: the same result, the same file.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def pack_zip(kept: StoredResult) -> bytes:
    """The kept pictures, best first, each as it is downloaded alone, and the sheet."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for place, picture in enumerate(kept.result.pictures, start=1):
            entry = zipfile.ZipInfo(f"{place}-{file_name(picture)}", ZIP_EPOCH)
            archive.writestr(entry, kept.png(picture))
        archive.writestr(zipfile.ZipInfo("sheet.png", ZIP_EPOCH), pack_sheet(kept))
    return packed.getvalue()


def pack_sheet(kept: StoredResult, signature: str = "") -> bytes:
    """The sheet's PNG file."""
    return encoded.sheet(kept.result, keep_prompt=kept.keep_prompt, signature=signature)


def sign_sheet(name: str, address: str) -> str:
    """The line under a sheet that tells where it comes from, such as "Ninefold · x.hf.space"."""
    parts = urlsplit(check_address(address))
    return f"{name} · {parts.netloc}{parts.path.rstrip('/')}"


def pack_name(kept: StoredResult) -> str:
    """The name of the files, without an ending."""
    return f"{slug(kept.result.prompt)}-seed{kept.result.seed}"
