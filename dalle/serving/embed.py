"""For other people's pages: the snippets that embed this one, and a frozen result."""

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

import gradio

from dalle.errors import DalleError
from dalle.serving.results import Kept
from dalle.serving.tiles import data_uri

THEMES = ("light", "dark")
# The component's version must be that of the server.
SCRIPT = f"https://gradio.s3-us-west-2.amazonaws.com/{gradio.__version__}/gradio.js"
FIRST_HEIGHT = 700  # pixels, until the page tells its own

FRAME = """<iframe data-ninefold src="{src}" title="{title}" loading="lazy"
  allow="clipboard-write" style="width: 100%; height: {height}px; border: 0"></iframe>
<script>
  addEventListener("message", (event) => {{
    for (const frame of document.querySelectorAll("iframe[data-ninefold]"))
      if (event.source === frame.contentWindow && event.data?.ninefoldHeight > 0)
        frame.style.height = event.data.ninefoldHeight + "px";
  }});
</script>"""
COMPONENT = """<script type="module" src="{script}"></script>
<gradio-app src="{address}" theme_mode="{theme}"{data}></gradio-app>"""
FIGURE = """<figure style="max-width: 40rem; margin: 1rem auto; font-family: system-ui, sans-serif">
  <div style="display: grid; grid-template-columns: repeat(3, 1fr); gap: 4px">
{pictures}
  </div>
  <figcaption style="margin-top: .5rem; line-height: 1.4">
    “{prompt}”, drawn by AI: {name}, seed {seed}. <a href="{link}">Draw it again</a>
  </figcaption>
</figure>
"""
PICTURE = '    <img src="{src}" alt="{alt}" style="width: 100%">'


def check_address(address: Any) -> str:
    """A page's own address without its query; DalleError for what is no web address."""
    parts = urlsplit(str(address))
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise DalleError("The address of this page is not known; open it in a tab of its own.")
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def write_snippets(
    address: str, title: str, prompt: str = "", theme: str = THEMES[0], compact: bool = True
) -> dict[str, str]:
    """The HTML that embeds the page: `iframe` and `component`, with a prompt filled in."""
    address = check_address(address)
    if theme not in THEMES:
        raise DalleError(f"The theme is {theme!r}; it must be {' or '.join(THEMES)}.")
    told = {"prompt": prompt.strip()} if prompt.strip() else {}
    told |= {"compact": "1"} if compact else {}
    query = urlencode(told | {"__theme": theme})
    # The component does not hand on a query, so what it tells are attributes of its own.
    data = "".join(f' data-{name}="{escape(value)}"' for name, value in told.items())
    return {
        "iframe": FRAME.format(
            src=escape(f"{address}?{query}"), title=escape(title), height=FIRST_HEIGHT
        ),
        "component": COMPONENT.format(
            script=SCRIPT, address=escape(address), theme=theme, data=data
        ),
    }


def freeze(kept: Kept, name: str, address: str, query: str) -> str:
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
