"""An engine is made where the machine is as the owner wants it."""

import logging
import subprocess
import sys

import jax
import pytest

from dalle.engine.lanes import MemberLane
from dalle.runtime import accelerator
from dalle.serving.settings import ServerSettings
from dalle.serving.startup import check_accelerator, member_lane
from dalle.settings import SettingsError


@pytest.fixture(autouse=True)
def idle_gpu(tmp_path, monkeypatch):
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "nvidia0").touch()
    monkeypatch.setattr(accelerator, "ROOT", tmp_path)
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")


def test_a_gpu_that_idles_is_logged(caplog):
    with caplog.at_level(logging.WARNING):
        check_accelerator(ServerSettings())
    assert "This machine has an NVIDIA GPU, but JAX runs on the CPU" in caplog.text


def test_an_owner_who_wants_one_gets_no_engine_without_it():
    settings = ServerSettings.from_environment({"NINEFOLD_REQUIRE_ACCELERATOR": "1"})
    with pytest.raises(SettingsError, match=r"NINEFOLD_REQUIRE_ACCELERATOR is 1, and no accel"):
        check_accelerator(settings)


def test_members_have_a_lane_where_there_are_any():
    variables = {"NINEFOLD_MEMBERS_SHARE": "40", "NINEFOLD_QUEUE_SIZE": "10"}
    assert member_lane(ServerSettings.from_environment(variables)) is None
    assert ServerSettings.from_environment(variables).places == 10
    settings = ServerSettings.from_environment(variables | {"NINEFOLD_MEMBERS": "a, b"})
    assert settings.members == ("a", "b")
    assert settings.places == 210
    assert member_lane(settings) == MemberLane(40, 200, 300, 144)


FIRST_CALL = """
import sys
from dalle.serving.startup import import_plots
{}
from gradio.utils import MatplotlibBackendMananger
with MatplotlibBackendMananger():  # around each call, in gradio's event loop
    print(*(name for name in ("matplotlib", "matplotlib.pyplot") if name in sys.modules))
"""


def test_the_first_call_imports_no_plots():
    pytest.importorskip("matplotlib")
    code = FIRST_CALL.format("import_plots(); print('matplotlib' in sys.modules)")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True", "matplotlib"]
