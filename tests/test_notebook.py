"""The notebook of assets/, executed here with the processor, its page shared with nobody."""

import asyncio
import base64
import io
import re
import socket
import urllib.request
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

from tests.fakes.apart import run_apart

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "assets" / "ninefold.ipynb"
PATIENCE = 240  # seconds until the test gives up


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def notebook() -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


def text_of(cell: nbformat.NotebookNode) -> str:
    return "".join(output.get("text", "") for output in cell.outputs)


def test_it_is_four_cells_without_outputs(notebook):
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in cells] == ["install", "load", "draw", "share"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)


@pytest.mark.slow
def test_all_cells_run_here(notebook, tmp_path, monkeypatch):
    (tmp_path / "ninefold").symlink_to(ROOT)  # as git clones it
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    monkeypatch.setenv("GRADIO_SHARE", "False")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    client = NotebookClient(notebook, timeout=PATIENCE, resources={"metadata": {"path": tmp_path}})
    cells = {cell.id: (index, cell) for index, cell in enumerate(notebook.cells)}

    async def run(name: str) -> None:
        index, cell = cells[name]
        await client.async_execute_cell(cell, index)

    async def interrupt_once_it_serves() -> int:
        address = f"http://127.0.0.1:{port}/healthz"
        for _ in range(10 * PATIENCE):
            try:
                with urllib.request.urlopen(address) as answer:
                    status = answer.status
                break
            except OSError:  # not listening yet
                await asyncio.sleep(0.1)
        await client.km.interrupt_kernel()
        return status

    async def run_all() -> int:
        async with client.async_setup_kernel():
            for name in ("install", "load", "draw"):
                await run(name)
            served, stopped = await asyncio.gather(
                interrupt_once_it_serves(), run("share"), return_exceptions=True
            )
        assert isinstance(stopped, CellExecutionError)
        assert stopped.ename == "KeyboardInterrupt"
        return served

    assert run_apart(run_all()) == 200
    assert "Installed jax==" in text_of(cells["install"][1])
    assert "Draws on cpu in " in text_of(cells["load"][1])
    outputs = cells["draw"][1].outputs
    bar = "".join(output.text for output in outputs if output.output_type == "stream")
    assert "100 %" in bar
    [shown] = [output for output in outputs if output.output_type == "execute_result"]
    html = shown.data["text/html"]
    assert 'alt="Pictures of: a red apple on a blue background"' in html
    [sheet] = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    with Image.open(io.BytesIO(base64.b64decode(sheet))) as image:
        assert image.width > 3 * 128
