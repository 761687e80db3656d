"""Names, folders and repositories to a model's files, and these to networks; no network needed."""

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from huggingface_hub import errors
from huggingface_hub.hf_api import RepoSibling
from huggingface_hub.utils import filter_repo_objects

from dalle.errors import CheckpointError, DalleError
from dalle.models import load_bart, load_clip, load_vqgan
from dalle.models.cells.config import CellTokenizerConfig
from dalle.models.cells.network import cell_shapes
from dalle.models.checkpoints.checkpoint import write_params
from dalle.models.hub import registry
from dalle.models.hub.registry import locate, resolve, revision_of
from dalle.models.loading import random_params

FIXTURES = Path(__file__).parents[2] / "fixtures"
SMALL = {"bart": "dalle-bart-tiny", "vqgan": "vqgan-tiny", "clip": "clip-tiny"}
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A folder with the three parts of a model."""
    for part, fixture in SMALL.items():
        shutil.copytree(FIXTURES / fixture, tmp_path / "whole" / part)
    return tmp_path / "whole"


class Hub:
    """Stands for the calls of huggingface_hub that we make; repositories are folders."""

    def __init__(self, root: Path):
        self.root = root
        self.repositories: dict[str, Path] = {}
        self.calls: list[tuple[str, str | None]] = []
        self.failure: Exception | None = None

    def model_info(self, repository, revision=None, files_metadata=False, timeout=None):
        assert files_metadata
        self.calls.append((repository, revision))
        if self.failure:
            raise self.failure
        source = self.repositories[repository]
        files = [
            RepoSibling(str(path.relative_to(source)), path.stat().st_size)
            for path in source.rglob("*")
            if path.is_file()
        ]
        return SimpleNamespace(sha=COMMIT, siblings=files)

    def snapshot_download(self, repository, revision, allow_patterns, local_files_only=False):
        if self.failure:
            raise errors.LocalEntryNotFoundError("no cached snapshot")
        assert revision == COMMIT
        source = self.repositories[repository]
        snapshot = self.root / repository / "snapshots" / COMMIT
        names = [str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()]
        for name in filter_repo_objects(names, allow_patterns=allow_patterns):
            (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, snapshot / name)
        return str(snapshot)

    def fetched(self, repository: str) -> set[str]:
        snapshot = self.root / repository / "snapshots" / COMMIT
        return {str(path.relative_to(snapshot)) for path in snapshot.rglob("*") if path.is_file()}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = Hub(tmp_path / "hub")
    for repository in ("dalle-mini/dalle-mini", "someone/dalle"):
        hub.repositories[repository] = FIXTURES / SMALL["bart"]
    for part, source in registry.COMPANIONS.items():
        hub.repositories[source.split("@")[0]] = FIXTURES / SMALL[part]
    monkeypatch.setattr("huggingface_hub.snapshot_download", hub.snapshot_download)
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", hub.model_info)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    return hub


def test_a_folder_may_hold_all_three_parts(whole):
    files = locate(whole)
    assert (files.bart, files.vqgan, files.clip) == (
        whole / "bart",
        whole / "vqgan",
        whole / "clip",
    )
    assert files.name == str(whole)


def test_the_revision_of_a_folder_changes_with_its_files(whole):
    before = locate(whole).revision
    assert before == locate(whole).revision
    assert len(before) == 12
    weights = whole / "bart" / "flax_model.msgpack"
    content = bytearray(weights.read_bytes())
    content[1000] ^= 1
    weights.write_bytes(content)
    assert locate(whole).revision != before


def test_the_revision_of_a_folder_changes_with_any_of_its_shards(tmp_path):
    params = {name: {"kernel": np.ones((8, 8), np.float32)} for name in "abc"}
    write_params(tmp_path, params, {}, shard_bytes=400)
    before = revision_of(tmp_path)
    shards = sorted(tmp_path.glob("*-of-*"))
    assert len(shards) == 3
    shards[-1].write_bytes(shards[-1].read_bytes()[:-1] + b"!")
    assert revision_of(tmp_path) != before


def test_a_registered_name_is_three_repositories(hub):
    files = locate("mini")
    assert files.revision == COMMIT
    assert hub.calls[0] == ("dalle-mini/dalle-mini", None)
    assert set(hub.calls[1:]) == {
        ("dalle-mini/dalle-mini", COMMIT),
        ("dalle-mini/vqgan_imagenet_f16_16384", "e93a26e7707683d349bf5d5c41c5b0ef69b677a9"),
        ("openai/clip-vit-base-patch32", "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268"),
    }
    assert load_bart(files.bart).config.d_model == 32
    assert load_vqgan(files.vqgan).config.ch == 32
    assert load_clip(files.clip).config.projection_dim == 16


def test_a_dalle_alone_is_completed(hub):
    files = locate("someone/dalle@main")
    assert "vqgan_imagenet_f16_16384" in str(files.vqgan)
    assert "clip-vit-base-patch32" in str(files.clip)
    # Neither of the companions made the DALL·E's own weights come a second time. The branch is
    # asked for once; from then on it is the commit that it had.
    ours = [revision for repository, revision in hub.calls if repository == "someone/dalle"]
    assert ours == ["main", COMMIT, COMMIT, COMMIT]


def test_a_repository_may_hold_all_three_parts(hub, whole):
    hub.repositories["someone/whole"] = whole
    files = locate("someone/whole")
    assert [path.name for path in (files.bart, files.vqgan, files.clip)] == [
        "bart",
        "vqgan",
        "clip",
    ]
    assert {repository for repository, _ in hub.calls} == {"someone/whole"}


def test_only_needed_files_are_fetched_and_never_pickles(hub, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(FIXTURES / SMALL["bart"], source)
    for name in ("pytorch_model.bin", "model.safetensors", "training.pkl", "README.md"):
        (source / name).write_bytes(b"x")
    hub.repositories["someone/many"] = source
    resolve("someone/many", "bart", weights=False)
    assert "flax_model.msgpack" not in hub.fetched("someone/many")
    resolve("someone/many", "bart")
    assert hub.fetched("someone/many") == {
        "config.json",
        "flax_model.msgpack",
        "merges.txt",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.json",
    }


def test_safetensors_are_fetched_where_there_is_no_msgpack(hub, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "config.json").write_text("{}")
    (source / "model.safetensors").write_bytes(b"x")
    hub.repositories["someone/safe"] = source
    resolve("someone/safe", "vqgan")
    assert hub.fetched("someone/safe") == {"config.json", "model.safetensors"}


def test_without_a_network_the_error_says_what_to_do(hub):
    hub.failure = errors.LocalEntryNotFoundError("no cached snapshot")
    with pytest.raises(DalleError, match=r"mini is not on this machine, and fetching.*take nano"):
        locate("mini")


@pytest.mark.parametrize("name", ["huge", "a/b/c", "nano2", "owner/name@", "", "https://x.org/a"])
def test_what_is_no_name_is_refused(hub, name):
    with pytest.raises(DalleError, match=r"is no model: not one of nano, mini, mega, random:mini"):
        locate(name or "no such folder")
    assert not hub.calls


def test_a_repository_that_the_hub_does_not_know(hub):
    hub.failure = errors.HFValidationError("Repo id must use alphanumeric chars")
    with pytest.raises(DalleError, match=r"some/--one is no model.*alphanumeric"):
        locate("some/--one")


def test_the_embedded_model_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(registry, "NANO", tmp_path / "nano")
    with pytest.raises(DalleError, match=r"the embedded model is not in .*nano; clone the whole"):
        load_bart("nano")


def test_the_embedded_model_lies_beside_the_package(monkeypatch, whole):
    assert Path(registry.__file__).parents[3] / "assets" / "nano" == registry.NANO
    monkeypatch.setattr(registry, "NANO", whole)
    assert locate("nano").clip == whole / "clip"


@pytest.mark.parametrize("fixture", ["dalle-bart-tiny", "dalle-bart-tiny-unstacked"])
def test_both_layouts_of_a_dalle_load(fixture):
    folder = FIXTURES / fixture
    expected = np.load(folder / "expected.npz")
    hidden = load_bart(folder).encode(expected["input_ids"], expected["attention_mask"])
    # Float rounding of a few hundred additions of numbers around 1.
    np.testing.assert_allclose(hidden, expected["encoder_last_hidden_state"], atol=1e-5)


def test_a_cell_tokenizer_is_an_image_tokenizer_too(tmp_path):
    config = CellTokenizerConfig(
        resolution=16,
        cell=8,
        n_embed=32,
        embed_dim=4,
        looks=4,
        styles=4,
        tints=4,
        grounds=4,
        ground_dim=4,
        decoder_width=16,
        decoder_hidden=16,
        decoder_blocks=1,
        filter_width=32,
        reader_width=16,
    )
    params = random_params(cell_shapes(config), seed=0)
    write_params(tmp_path, params, config.to_json(), dtype=jnp.float16)
    tokenizer = load_vqgan(tmp_path, jnp.bfloat16)
    assert tokenizer.config == config
    assert {leaf.dtype for leaf in jax.tree.leaves(tokenizer.params)} == {jnp.dtype(jnp.float32)}
    assert tokenizer.decode(jnp.zeros((2, 8), jnp.int32)).shape == (2, 16, 16, 3)


def test_preprocessing_is_read_where_it_is_published(whole):
    (whole / "clip" / "preprocessor_config.json").write_text('{"resample": 2}')
    with pytest.raises(CheckpointError, match=r"config.json sets resample to 2"):
        load_clip(whole / "clip")


def test_a_folder_without_a_description(tmp_path):
    with pytest.raises(CheckpointError, match=r"config.json is not there.*the right folder"):
        load_bart(tmp_path)


def test_links_that_go_round_in_a_circle_are_told(whole, tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    with pytest.raises(DalleError, match="is no model"):
        locate(loop)
    for name in ("config.json", "flax_model.msgpack"):
        (whole / "vqgan" / name).unlink()
        (whole / "vqgan" / name).symlink_to(name)
    with pytest.raises(CheckpointError, match=r"config.json cannot be read \(Too many levels"):
        load_vqgan(whole / "vqgan")
    (whole / "vqgan" / "config.json").unlink()
    shutil.copy(FIXTURES / "vqgan-tiny" / "config.json", whole / "vqgan")
    with pytest.raises(CheckpointError, match="vqgan has no weights"):
        load_vqgan(whole / "vqgan")


@pytest.mark.parametrize("name", ["a" * 5000, "a/" * 3000, "nul\0letter", "a" * 5000 + ".json"])
def test_a_name_that_no_file_can_have_is_told_in_short(name):
    with pytest.raises(DalleError, match="is no model: not one of nano") as error:
        locate(name)
    assert len(str(error.value)) < 600


def test_weights_of_another_part_are_refused(whole):
    shutil.copy(whole / "vqgan/flax_model.msgpack", whole / "clip/flax_model.msgpack")
    with pytest.raises(CheckpointError, match=r"the file holds another model"):
        load_clip(whole / "clip")


def test_the_package_imports_without_the_hub():
    code = "import sys, dalle.models.loading; sys.exit('huggingface_hub' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
