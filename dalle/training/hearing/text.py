"""The text side of a run: vocabularies, the words of captions, and their export.

text/{bart,clip}/tokenizer.json   vocabularies
text/words.txt                    every word of the plain grammar: those that can be drawn
"""

import json
import re
import shutil
from pathlib import Path

from dalle.files import write_atomically
from dalle.text.tokenize import BART_SPECIALS, CLIP_SPECIALS, train_tokenizer
from dalle.training.adopt import WORDS
from dalle.training.nano import GENERATION, TEXT_VOCABULARY
from dalle.training.scenes.everyday.lists import everyday_words
from dalle.training.scenes.vocabulary import read_kinds

# How often the vocabulary is shown all things' names and all everyday words beside the captions.
NAMES_REPEATED, EVERYDAY_REPEATED = 24, 6


def learn_text(folder: Path, captions: list[str], plain: list[str], own: bool) -> list[Path]:
    """Writes both vocabularies and the words of the `plain` captions; `own` is for other worlds."""
    words = sorted({word for c in plain for word in re.findall(r"[\w'-]+", c.lower())})
    if not own:
        names = [name for kind in read_kinds() for name in (kind.phrase, kind.plural, *kind.names)]
        captions = captions + NAMES_REPEATED * names + EVERYDAY_REPEATED * everyday_words()
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / WORDS, ("\n".join(words) + "\n").encode())
    parts = {"bart": BART_SPECIALS, "clip": CLIP_SPECIALS}
    for part, specials in parts.items():
        train_tokenizer(captions, TEXT_VOCABULARY, folder / part, specials)
    return [folder / part / "tokenizer.json" for part in parts]


def copy_text(text: Path, bart: Path) -> None:
    """Puts the tokenizer and its tables beside the exported weights of `bart`."""
    generation = json.dumps(GENERATION, indent=2, sort_keys=True) + "\n"
    write_atomically(bart / "generation_config.json", generation.encode())
    shutil.copy(text / "bart" / "tokenizer.json", bart)
    shutil.copy(text / WORDS, bart.parent)
