"""The scripts of a part are one function of the browser, so that they share their names."""

import subprocess
import sys

from tests.serving.conftest import ROOT

# Apart from here: gradio leaves an event loop open when it builds a page.
DECLARED_TWICE = r"""
import re
from collections import Counter
from dalle.engine.engine import LocalEngine
from dalle.serving.page import widget
from dalle.serving.page.controller import PageController
from dalle.serving.page.page import build_page
from tests.fakes.engine import FakePipeline, make_site
widget.without_comments = str  # with its indents, which tell what is declared inside a function
engine = LocalEngine(FakePipeline, 5)
page = build_page(PageController(engine), make_site(engine))
declared = re.compile(r"^(?:async )?(?:function\*?|const|let|class) (\w+)", re.MULTILINE)
names = {block.elem_id: declared.findall(block.js_on_load)
         for block in page.blocks.values() if getattr(block, "elem_id", None)
         and getattr(block, "js_on_load", None)}
print(len(names["board"]), {part: twice for part, found in names.items()
                            if (twice := [n for n, count in Counter(found).items() if count > 1])})
"""


def test_no_name_is_declared_twice_in_a_part() -> None:
    command = [sys.executable, "-c", DECLARED_TWICE]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    count, twice = told.splitlines()[-1].split(" ", 1)
    assert int(count) > 50
    assert twice == "{}"
