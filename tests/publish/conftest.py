"""A small checkout, and a Hub that takes it."""

from pathlib import Path

import pytest

README = "---\nsdk: gradio\nshort_description: {}\nsuggested_hardware: zero-a10g\n---\nA page\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a Space needs, and what it must never get."""
    root = tmp_path / "checkout"
    for name, content in {
        "README.md": README.format("Nine pictures"),
        "app.py": "print(1)\n",
        "requirements.txt": "gradio==6.31.0  # the page\njax==0.10.2  # arithmetic\n",
        "assets/page.png": "\0PNG",
        "assets/.cache/screenshots/1.png": "picture",
        "dalle/__init__.py": "",
        "dalle/__pycache__/__init__.cpython-312.pyc": "compiled",
        "dalle/environment/pyvenv.cfg": "home = /usr",
        "dalle/environment/lib/site.py": "",
        ".cache/screenshots/1.png": "picture",
        ".venv/pyvenv.cfg": "home = /usr",
        ".git/config": "",
        ".ci/run": "",
        ".env": "SECRET=1",
        "tests/safety/explicit.tsv": "phrases",
        "notes.txt": "mine",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root
