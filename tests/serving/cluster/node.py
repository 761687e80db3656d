"""Gradio's client for JavaScript, where it can be had."""

import shutil
import subprocess
from pathlib import Path

import pytest

CLIENT = "@gradio/client@2.7.0"  # ISC licence


def install_client(folder: Path) -> None:
    """Installs it into a folder; skips the test where there is no node, or no way to fetch it."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("there is no node with npm on this machine")
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", CLIENT]
    installed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if installed.returncode:
        pytest.skip(f"npm could not install {CLIENT}: {installed.stderr.strip()[:200]}")
