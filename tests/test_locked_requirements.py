"""The locked requirements are those of requirements.txt, each with hashes, from no named index."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def locked() -> dict[str, list[Requirement]]:
    """The requirements of the lock by name; some have a version for each kind of machine."""
    text = (ROOT / "dalle" / "requirements.lock").read_text().replace("\\\n", " ")
    found: dict[str, list[Requirement]] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        specification, *hashes = re.split(r"\s+--hash=", line)
        requirement = Requirement(specification)
        assert re.fullmatch(r"==[\w.+!-]+", str(requirement.specifier)), line[:80]
        assert hashes, f"{requirement.name} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}\s*", one) for one in hashes), line[:80]
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def test_the_versions_are_those_of_the_requirements(locked):
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    wanted = [Requirement(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]
    assert len(wanted) > 10
    for requirement in wanted:
        specifiers = {str(one.specifier) for one in locked[canonicalize_name(requirement.name)]}
        assert specifiers == {str(requirement.specifier)}, requirement.name
    assert len(locked) > 2 * len(wanted)  # what they need is there too


def test_no_index_and_no_address_is_named():
    text = (ROOT / "dalle" / "requirements.lock").read_text()
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host| @ ", text)


@pytest.mark.parametrize("python", ["3.11", "3.12"])
def test_what_gradio_and_jax_need_is_locked_for_linux(locked, python):
    """One level down, from the metadata of what is installed here."""
    from importlib.metadata import requires

    machine = {"python_version": python, "python_full_version": f"{python}.0", "extra": "",
               "sys_platform": "linux", "platform_system": "Linux"}  # fmt: skip
    for name in ("gradio", "jax", "huggingface_hub", "onnxruntime"):
        for line in requires(name) or []:
            needed = Requirement(line)
            if needed.marker and not needed.marker.evaluate(machine):
                continue
            choices = [
                one
                for one in locked.get(canonicalize_name(needed.name), [])
                if one.marker is None or one.marker.evaluate(machine)
            ]
            assert len(choices) == 1, f"{name} needs {needed}"
            pinned = str(choices[0].specifier).removeprefix("==")
            assert needed.specifier.contains(pinned, prereleases=True), f"{name} needs {needed}"
