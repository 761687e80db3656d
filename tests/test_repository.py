"""What the repository promises about itself."""

import re
import subprocess
from pathlib import Path

import pytest

import dalle
from dalle.publish.space_files import MAX_FILE_BYTES
from dalle.serving.settings import ServerSettings

ROOT = Path(__file__).parents[1]
TOP_LEVEL = {"app.py", "dalle", "requirements.txt", "assets", "tests", "README.md"}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip(f"this copy is no git checkout: {listed.stderr.strip()}")
    return [ROOT / line for line in listed.stdout.splitlines()]


def test_the_visible_top_level_is_six_names():
    tops = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert {name for name in tops if not name.startswith(".")} == TOP_LEVEL


@pytest.mark.parametrize(
    "name",
    [
        "requirements.txt",
        "tests/requirements.txt",
        "dalle/training/requirements.txt",
        "dalle/safety/provenance/requirements.txt",
        "dalle/serving/cluster/requirements.txt",
        "dalle/serving/http/requirements.txt",
    ],
)
def test_every_requirement_is_pinned_and_explained(name):
    lines = [line for line in (ROOT / name).read_text().splitlines() if line[:1] not in ("", "#")]
    for line in lines:
        assert re.fullmatch(r"[\w-]+(\[[\w,]+\])?==[\w.]+ +# .+\(.+\).*", line), line


def test_files_stay_short():
    long = {
        str(path.relative_to(ROOT)): count
        for path in tracked()
        if path.suffix == ".py" and (count := len(path.read_text().splitlines())) > 300
    }
    assert long == {}


def test_no_file_is_too_large_for_a_push_to_the_hub():
    large = {
        str(path.relative_to(ROOT)): size
        for path in tracked()
        if (size := path.stat().st_size) > MAX_FILE_BYTES
    }
    assert large == {}, "weights are saved in shards"


def test_the_licence_is_there_in_full():
    text = (ROOT / "dalle" / "LICENSE").read_text()
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_nothing_is_unpickled():
    sources = [path for path in tracked() if path.suffix == ".py" and "dalle" in path.parts]
    for path in sources:
        code = path.read_text()
        assert not re.search(r"import pickle|pickle\.load|allow_pickle=True|torch\.load", code), (
            path
        )


def test_the_readme_lists_every_setting_of_the_server():
    readme = (ROOT / "dalle" / "serving" / "README.md").read_text()
    listed = set(re.findall(r"^\| `(PORT|NINEFOLD_\w+)` \|", readme, re.MULTILINE))
    fields = set(ServerSettings.__dataclass_fields__) - {"port"}
    assert listed == {"PORT"} | {f"NINEFOLD_{name.upper()}" for name in fields}


def body_of(path: Path) -> list[str]:
    """The lines of a Markdown file without its front matter."""
    return re.sub(r"\A---\n.*?\n---\n", "", path.read_text(), flags=re.DOTALL).splitlines()


@pytest.mark.parametrize(("name", "most"), [("README.md", 220), ("assets/nano/README.md", 90)])
def test_readme_and_card_stay_short(name, most):
    assert len(body_of(ROOT / name)) <= most


def test_every_letter_of_a_shape_is_in_the_legend():
    legend = set(re.findall(r"(?<![\w'])([A-Z])(?=, [A-Z]  |  )", dalle.__doc__))
    legend |= set(re.findall(r"[A-Z], ([A-Z])  ", dalle.__doc__))
    for path in tracked():
        if path.suffix == ".py" and "dalle" in path.parts:
            for shape in re.findall(r"\[([A-Z](?:, [\w .*/+]+)+)\]", path.read_text()):
                assert set(re.findall(r"\b[A-Z]\b", shape)) <= legend, (path, shape)


def test_no_folder_is_crowded():
    entries: dict[Path, set[str]] = {}
    for path in tracked():
        for folder in path.relative_to(ROOT).parents:
            if folder.parts[:1] == ("dalle",):
                entries.setdefault(folder, set()).add(path.relative_to(ROOT / folder).parts[0])
    assert {str(folder): len(names) for folder, names in entries.items() if len(names) > 20} == {}


def test_links_of_the_readmes_lead_somewhere():
    pages = [path for path in tracked() if path.suffix == ".md" and "fixtures" not in path.parts]
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[\w-]*)?\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page}: {target}"
