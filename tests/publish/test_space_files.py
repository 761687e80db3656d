"""What is uploaded, and how it is adapted to the hardware."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from dalle.errors import DalleError
from dalle.publish.space_files import MAX_FILE_BYTES, check_sizes, list_files
from dalle.publish.space_hardware import FLAVOURS, find_hardware
from tests.publish.conftest import README

ROOT = Path(__file__).parents[2]
CPU = find_hardware("cpu-basic")


def test_a_space_gets_the_product_alone(checkout):
    assert [file.path for file in list_files(checkout, CPU)] == [
        "README.md", "app.py", "assets/page.png", "dalle/__init__.py", "requirements.txt"
    ]  # fmt: skip


def test_an_owner_s_lists_for_the_builder_come_along(checkout):
    (checkout / "packages.txt").write_text("ffmpeg\n")
    assert "packages.txt" in [file.path for file in list_files(checkout, CPU)]


def test_the_hub_itself_takes_every_path(checkout):
    """It refuses a path with a folder ".cache" before it looks at anything else."""
    from huggingface_hub import CommitOperationAdd

    for file in list_files(checkout, CPU):
        CommitOperationAdd(file.path, b"")
    with pytest.raises(ValueError, match=r"\.cache"):
        CommitOperationAdd("assets/.cache/screenshots/1.png", b"")


@pytest.mark.parametrize("hardware", FLAVOURS.values(), ids=FLAVOURS)
def test_requirements_and_front_matter_follow_the_hardware(checkout, hardware):
    contents = {file.path: file.content for file in list_files(checkout, hardware)}
    if hardware.name == "zero-a10g":  # which it names already
        assert contents["README.md"] is None
    else:
        wanted = README.format("Nine pictures").replace("zero-a10g", hardware.name)
        assert contents["README.md"].decode() == wanted
    if hardware.gpu:
        assert contents["requirements.txt"].decode().splitlines() == [
            "gradio==6.31.0  # the page", "jax[cuda12]==0.10.2  # arithmetic"
        ]  # fmt: skip
    else:
        assert contents["requirements.txt"] is None


def test_the_flavours_are_names_that_the_hub_knows():
    from huggingface_hub import SpaceHardware

    assert set(FLAVOURS) <= {hardware.value for hardware in SpaceHardware}


def test_an_unknown_flavour_is_named(checkout):
    with pytest.raises(DalleError, match=r"hardware is 'tpu'; it must be one of zero-a10g, cpu-"):
        find_hardware("tpu")


def test_addresses_in_readme_and_notebook_lead_to_the_space_itself():
    for file in list_files(ROOT, CPU, "me/dice"):
        if file.path in ("README.md", "assets/ninefold.ipynb"):
            text = file.content.decode()
            assert "huggingface.co/spaces/me/dice" in text
            assert "huggingface.co/spaces/OWNER/NAME" not in text


def test_what_cannot_be_adapted_is_said(checkout):
    (checkout / "requirements.txt").write_text("gradio\n")
    with pytest.raises(DalleError, match=r"requirements.txt has no line that matches '\^jax=='"):
        list_files(checkout, find_hardware("t4-small"))


def test_a_part_of_a_checkout_is_refused(checkout):
    (checkout / "app.py").unlink()
    (checkout / "requirements.txt").unlink()
    with pytest.raises(DalleError, match=r"has no app\.py and no requirements\.txt, which a Space"):
        list_files(checkout, CPU)


def test_a_file_over_the_limit_is_refused(checkout):
    with (checkout / "assets" / "weights.bin").open("wb") as file:
        file.truncate(MAX_FILE_BYTES)
    check_sizes(list_files(checkout, CPU))
    with (checkout / "assets" / "weights.bin").open("ab") as file:
        file.write(b"1")
    with pytest.raises(DalleError, match=r"Too large: assets/weights\.bin \(9\.5 MB\)\. A file"):
        check_sizes(list_files(checkout, CPU))


def test_this_checkout_is_published_without_its_tests():
    paths = [file.path for file in list_files(ROOT, CPU)]
    assert {"app.py", "dalle/LICENSE", "assets/nano/bart/config.json"} <= set(paths)
    assert not [path for path in paths if path.startswith(("tests", ".")) or "/." in path]
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip(f"this copy is no git checkout: {listed.stderr.strip()}")
    tracked = [
        path for path in listed.stdout.splitlines() if not re.match(r"tests/|\.", path)
    ]  # fmt: skip
    assert set(tracked) <= set(paths)


def test_the_front_matter_is_what_the_hub_takes():
    """Limits and names of its reference of Spaces' configuration."""
    front = yaml.safe_load((ROOT / "README.md").read_text().split("---")[1])
    assert len(front["short_description"]) <= 60
    assert front["sdk"] == "gradio"
    assert (ROOT / front["app_file"]).is_file()
    # Quoted: as a number it would be 3.1 of 3.10.
    assert isinstance(front["python_version"], str)
    assert front["suggested_hardware"] in FLAVOURS
    requirements = (ROOT / "requirements.txt").read_text().split()
    assert f"gradio=={front['sdk_version']}" in requirements
