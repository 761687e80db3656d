"""Gets along with `spaces`, the package that the Hub installs in every Space.

ZeroGPU, the Hub's shared GPUs, ends an app in which no function asks for a GPU, and lends its GPUs
to PyTorch alone. JAX therefore runs on the CPU there: no visitor's quota is used, and the function
is never called. Source: huggingface.co/docs/hub/spaces-zerogpu, and the package's source (0.51.3).
"""

import importlib
from collections.abc import Mapping
from importlib.util import find_spec

from dalle.runtime.accelerator import on_zero_gpu

RELOADER = "spaces.reloading.server"


def import_reloader(environment: Mapping[str, str]) -> None:
    """Imports what gradio's server imports in a Space; to be called before other threads run.

    The module lists all objects of the process. Python fails to build a tuple that such a list
    holds meanwhile, so a model that was loading then did not load.
    """
    in_space = environment.get("SYSTEM") == "spaces"
    if in_space and all(map(find_spec, ("spaces", "spaces.reloading", RELOADER))):
        importlib.import_module(RELOADER)


def ask_for_gpu(environment: Mapping[str, str]) -> None:
    """To be called before the page is launched; nothing happens outside of ZeroGPU."""
    if on_zero_gpu(environment):
        import spaces  # the Hub installs it

        spaces.GPU(duration=1)(unused)


def unused() -> None:
    """Asks for a GPU by its mere existence."""
