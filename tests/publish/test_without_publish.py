"""The commands of the server's README that make a Space without `publish`."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.fakes.spaces_hub import SpacesHub

README = Path(__file__).parents[2] / "dalle" / "serving" / "README.md"


def test_they_upload_the_product_alone(checkout, tmp_path):
    blocks = re.findall(r"```bash\n(.*?)```", README.read_text(), re.DOTALL)
    [commands] = [block for block in blocks if block.startswith("hf repos create")]
    hub = SpacesHub(["RUNNING"], plan="free")
    with hub.serving() as address:
        subprocess.run(
            ["bash", "-e", "-c", commands.replace("OWNER/NAME", "me/dice")],
            cwd=checkout,
            check=True,
            env=os.environ
            | {
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HF_ENDPOINT": address,
                "HF_TOKEN": "hf_any",
                "HF_HOME": str(tmp_path / "hub"),
            },
        )
    assert hub.created["hardware"] == "zero-a10g"
    assert {"README.md", "app.py", "assets/page.png", "dalle/__init__.py"} <= set(hub.files)
    hidden = [name for name in hub.files if re.search(r"(^|/)\.|^tests/", name)]
    assert hidden == [".gitattributes"]  # the Hub's own
