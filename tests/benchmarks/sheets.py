"""Draws the sheets of assets/examples anew, one for each prompt of its list.

python -m tests.benchmarks.sheets [MODEL]

A sheet is a marked WebP file; sheets of other prompts are removed.
"""

import io
import sys

from PIL import Image

import dalle
from dalle.safety.provenance.marker import write_xmp
from dalle.serving.page.examples import FOLDER, PROMPTS, SEED, file_name

QUALITY = 88


def main() -> None:
    pipeline = dalle.load(sys.argv[1] if len(sys.argv) > 1 else "nano")
    drawn = set()
    for prompt in (FOLDER / PROMPTS).read_text("utf-8").splitlines():
        result = pipeline.generate(prompt, seed=SEED)
        path = FOLDER / file_name(prompt)
        xmp = write_xmp(result.recipe).encode()
        with Image.open(io.BytesIO(result.sheet_png(keep_prompt=True))) as sheet:
            sheet.convert("RGB").save(path, "WEBP", quality=QUALITY, method=6, xmp=xmp)
        drawn.add(path)
        print(f"{path.stat().st_size:9,} bytes  {prompt}", *result.notes, sep="; ", flush=True)
    for path in set(FOLDER.glob("*.webp")) - drawn:
        path.unlink()


if __name__ == "__main__":
    main()
