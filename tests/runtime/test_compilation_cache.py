"""What is compiled is kept for the same kind of machine, and not read where others can write."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from dalle.models import hardware
from dalle.runtime import compilation_cache as compiled
from dalle.runtime.compilation_cache import keep_compiled

# Compiles once, after which it tells what came from the disk.
PROGRAM = """
import sys
from pathlib import Path
import jax, jax.numpy as jnp
from dalle.runtime.compilation_cache import keep_compiled
hits = []
jax.monitoring.register_event_listener(
    lambda event, **_: hits.append(event) if event.endswith("/cache_hits") else None
)
keep_compiled(Path(sys.argv[1]))
x = jax.jit(lambda x: jnp.tanh(x @ x).sum())(jnp.full((8, 8), 0.1))
print(len(hits) > 0, float(x))
"""


@pytest.fixture(autouse=True)
def own_umask():
    """Folders as the tests make them are not for others, whatever the machine's habits."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def changes(monkeypatch) -> dict:
    """What would be changed of JAX's settings; this process keeps its own."""
    made: dict = {}
    # Whatever was drawn before in this process may have chosen a folder.
    monkeypatch.setattr(type(jax.config), "jax_compilation_cache_dir", None)
    monkeypatch.setattr(jax.config, "update", made.__setitem__)
    return made


def compile_once(root: Path) -> list[str]:
    command = [sys.executable, "-c", PROGRAM, str(root)]
    cwd = Path(__file__).parents[2]
    told = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    assert "cache entry" not in told.stderr  # JAX's words where it cannot read one
    return told.stdout.split()


def test_the_next_process_compiles_nothing(tmp_path):
    first, second = compile_once(tmp_path), compile_once(tmp_path)
    assert (first[0], second[0]) == ("False", "True")
    assert first[1] == second[1]


def test_a_damaged_entry_is_compiled_anew(tmp_path):
    first = compile_once(tmp_path)
    entries = list(tmp_path.glob("*/*-cache"))
    assert entries
    for entry in entries:
        entry.write_bytes(entry.read_bytes()[:-20])
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(tmp_path)]
    cwd = Path(__file__).parents[2]
    told = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", first[1]]


def test_another_processor_and_another_version_have_folders_of_their_own(
    tmp_path, monkeypatch, changes
):
    information = tmp_path / "cpuinfo"
    monkeypatch.setattr(hardware.platform, "system", lambda: "Linux")
    monkeypatch.setattr(hardware, "PROCESSOR", information)

    def folder(processor: str) -> Path | None:
        information.write_text(processor)
        return keep_compiled(tmp_path / "kept")

    here = folder("model name: A\nmodel : 1\nflags : avx2 fma\ncpu MHz : 1\n\nflags : sse\n")
    assert here.is_dir()
    assert changes["jax_compilation_cache_dir"] == str(here)
    assert folder("model : 1\nflags : avx2 fma\ncpu MHz : 2\n") == here
    others = {
        folder("model : 1\nflags : avx2 fma avx512f\n"),
        folder("model : 2\nflags : avx2 fma\n"),
        folder("CPU part : 0xd0c\nFeatures : fp asimd\n"),
    }
    assert len(others - {None, here}) == 3
    monkeypatch.setattr(compiled, "version", lambda name: "1.0")
    assert folder("model : 1\nflags : avx2 fma\n") not in {here, *others}
    changes.clear()
    assert folder("model : 1\n") is None  # it may be any
    assert not changes


def test_a_folder_that_others_can_write_to_is_not_used(tmp_path, changes, caplog):
    folder = keep_compiled(tmp_path / "kept")
    for place in (folder, folder.parent):
        changes.clear()
        place.chmod(0o777)
        with caplog.at_level(logging.WARNING):
            assert keep_compiled(tmp_path / "kept") is None
        assert f"{place} can be written to by others; run chmod go-w" in caplog.text
        assert not changes
        place.chmod(0o755)


def test_somebody_elses_folder_and_a_link_are_not_used(tmp_path, changes, caplog, monkeypatch):
    folder = keep_compiled(tmp_path / "kept")
    (tmp_path / "link").symlink_to(folder.parent)
    assert keep_compiled(tmp_path / "link") is None
    assert "link is no folder; remove it" in caplog.text
    monkeypatch.setattr(compiled.os, "getuid", lambda: folder.stat().st_uid + 1)
    assert keep_compiled(tmp_path / "kept") is None
    assert "belongs to somebody else" in caplog.text
    (tmp_path / "file").write_text("")
    assert keep_compiled(tmp_path / "file") is None
    assert "Not a directory" in caplog.text


def test_a_folder_of_the_users_own_choice_is_left_alone(tmp_path, monkeypatch):
    chosen = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    try:
        assert keep_compiled(tmp_path / "kept") is None
        assert jax.config.jax_compilation_cache_dir == str(tmp_path)
    finally:
        jax.config.update("jax_compilation_cache_dir", chosen)
