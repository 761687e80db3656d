"""What is fetched: one commit for ever, nothing too large, nothing that arrived damaged."""

import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import errors
from huggingface_hub.hf_api import BlobLfsInfo, RepoSibling

from dalle.errors import DalleError
from dalle.models.hub import downloads
from dalle.models.hub.downloads import MAX_DESCRIPTION, MAX_WEIGHTS, fetch

FIRST, SECOND = "1" * 40, "2" * 40
CONTENT = b"what was published"


def git_name(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Hub:
    """A repository with one file at the newest of some commits."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commit = FIRST
        self.name, self.size, self.arrives = "config.json", len(CONTENT), CONTENT
        self.sha256: str | None = None
        self.reachable = True
        self.downloads: list[tuple[str | None, bool]] = []

    def model_info(self, repository, revision, files_metadata, timeout):
        if not self.reachable:
            raise errors.HTTPError("no route to the Hub")
        file = RepoSibling(self.name, self.size, git_name(CONTENT))
        if self.sha256:
            file.lfs = BlobLfsInfo(size=self.size, sha256=self.sha256, pointer_size=1)
        commit = revision if downloads.COMMIT.fullmatch(revision or "") else self.commit
        return SimpleNamespace(sha=commit, siblings=[file, RepoSibling("huge.bin", 2**60)])

    def snapshot_download(self, repository, revision, allow_patterns, local_files_only=False):
        self.downloads.append((revision, local_files_only))
        folder = self.root / (revision or "nothing")
        if local_files_only and not folder.is_dir():
            raise errors.LocalEntryNotFoundError("no cached snapshot")
        folder.mkdir(exist_ok=True)
        if not local_files_only and not (folder / self.name).is_file():
            (folder / self.name).write_bytes(self.arrives)
        return str(folder)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = Hub(tmp_path)
    monkeypatch.setattr("huggingface_hub.snapshot_download", hub.snapshot_download)
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", hub.model_info)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    return hub


def get(revision: str | None = None) -> Path:
    return fetch("some/one", revision, ["config.json", "*.msgpack"])


def test_a_branch_is_followed_once(hub):
    assert get().name == FIRST
    hub.commit = SECOND
    assert [get().name, get("main").name] == [FIRST, FIRST]
    assert get("other").name == SECOND  # another branch
    (pin,) = hub.root.glob("cache/models--some--one/pins/main")
    assert pin.read_text() == f"{FIRST}\n"
    pin.unlink()
    assert get().name == SECOND


def test_what_a_space_fetched_while_it_was_built_is_used(hub):
    noted = hub.root / "cache" / "models--some--one" / "refs" / "main"
    noted.parent.mkdir(parents=True)
    noted.write_text(SECOND)
    assert get().name == SECOND
    assert get("other").name == FIRST


def test_a_commit_is_taken_as_it_is(hub):
    assert get(SECOND).name == SECOND
    assert not list(hub.root.glob("cache/*/pins/[!c]*"))


def test_a_damaged_pin_is_told(hub):
    get()
    (pin,) = hub.root.glob("cache/*/pins/main")
    pin.write_text("main")
    with pytest.raises(DalleError, match="holds no commit of 40 hexadecimal digits; delete it"):
        get()


def test_without_the_hub_the_pinned_files_serve(hub):
    folder = get()
    hub.reachable = False
    assert get() == folder
    assert hub.downloads[-1] == (FIRST, True)


def test_without_the_hub_and_the_files_the_hub_is_missed(hub):
    hub.reachable = False
    with pytest.raises(errors.HTTPError, match="no route"):
        get()


@pytest.mark.parametrize(
    ("name", "size", "told"),
    [
        ("config.json", MAX_DESCRIPTION + 1, r"config.json has 268,435,457 bytes.*268,435,456"),
        ("flax_model.msgpack", MAX_WEIGHTS + 1, r"flax_model.msgpack has 17,179,869,185 bytes"),
        ("config.json", None, "config.json has an unknown number of bytes"),
    ],
)
def test_what_is_too_large_is_not_even_begun(hub, name, size, told):
    hub.name, hub.size = name, size
    with pytest.raises(DalleError, match=told):
        get()
    assert hub.downloads == []


def test_many_parts_may_not_be_too_large_together(hub, monkeypatch):
    monkeypatch.setattr(downloads, "MAX_WEIGHTS", hub.size)
    file = downloads.Offered("a.msgpack", hub.size, None, None)
    downloads.check_sizes("some/one", [file])
    with pytest.raises(DalleError, match=r"its weights have 36 bytes, and at most 18 are taken"):
        downloads.check_sizes("some/one", [file, file])


@pytest.mark.parametrize("sha256", [None, hashlib.sha256(CONTENT).hexdigest()], ids=["git", "lfs"])
def test_what_arrives_damaged_is_deleted(hub, sha256):
    hub.sha256 = sha256
    hub.arrives = CONTENT[:-1] + b"D"
    with pytest.raises(DalleError, match=r"config.json of some/one arrived"):
        get()
    assert not (hub.root / FIRST / "config.json").exists()
    assert not list(hub.root.glob("cache/*/pins/main"))
    hub.arrives = CONTENT
    assert (get() / "config.json").read_bytes() == CONTENT


def test_a_file_is_looked_at_once(hub, monkeypatch):
    get()
    monkeypatch.setattr(downloads.Offered, "fits", lambda file, path: pytest.fail("again"))
    get()
