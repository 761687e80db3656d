"""ZeroGPU takes the app, gradio's reloader is imported early, and nothing of it is elsewhere."""

import sys
from types import ModuleType

import pytest

from dalle.serving.space_package import RELOADER, ask_for_gpu, import_reloader, unused


class FakeSpaces(ModuleType):
    """The package `spaces`: counts the functions that ask for a GPU."""

    def __init__(self) -> None:
        super().__init__("spaces")
        self.asking: list = []

    def GPU(self, duration: int):  # noqa: N802
        def decorate(function):
            self.asking.append((function, duration))
            return function

        return decorate


@pytest.fixture
def spaces(monkeypatch):
    fake = FakeSpaces()
    monkeypatch.setitem(sys.modules, "spaces", fake)
    return fake


def test_a_function_asks_for_a_gpu_there(spaces):
    ask_for_gpu({"SPACES_ZERO_GPU": "true"})
    assert spaces.asking == [(unused, 1)]


@pytest.mark.parametrize("environment", [{}, {"SPACES_ZERO_GPU": "false"}, {"SYSTEM": "spaces"}])
def test_elsewhere_the_package_is_not_imported(monkeypatch, environment):
    monkeypatch.setitem(sys.modules, "spaces", None)  # importing it would be an ImportError
    ask_for_gpu(environment)


def test_the_reloader_is_imported_in_a_space_that_has_it(monkeypatch, tmp_path):
    package = tmp_path / "spaces"
    (package / "reloading").mkdir(parents=True)
    for name in ("__init__.py", "reloading/__init__.py", "reloading/server.py"):
        (package / name).write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    import_reloader({})
    assert RELOADER not in sys.modules
    import_reloader({"SYSTEM": "spaces"})
    for name in (RELOADER, "spaces.reloading", "spaces"):
        assert sys.modules.pop(name)


def test_a_space_may_lack_the_package():
    import_reloader({"SYSTEM": "spaces"})
    assert RELOADER not in sys.modules
