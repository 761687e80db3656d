"""A Space is made, filled and waited for, against a Hub on this machine."""

from pathlib import Path
from typing import Any

import pytest

from dalle.errors import DalleError
from dalle.publish.space import STALE_ANSWERS, Space
from dalle.publish.space_files import list_files
from dalle.publish.space_hardware import find_hardware
from tests.fakes.spaces_hub import RefusalError, SpacesHub
from tests.publish.conftest import README

huggingface_hub = pytest.importorskip("huggingface_hub")
BUILT = ["BUILDING", "BUILDING", "APP_STARTING", "RUNNING"]


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    huggingface_hub.utils.disable_progress_bars()
    yield
    huggingface_hub.utils.enable_progress_bars()


def space_at(address: str) -> Space:
    return Space(huggingface_hub.HfApi(endpoint=address, token="hf_any"), "me/dice")


def wait(space: Space, commit: str, **options: Any) -> str:
    """As many questions as it takes, without a pause."""
    ticks = iter(range(10**6))
    options = {"limit": 50, "pause": lambda seconds: None, "clock": lambda: next(ticks), **options}
    return space.wait(commit, **options)


def publish(space: Space, checkout: Path, hardware: str = "zero-a10g", **variables: str) -> str:
    chosen = find_hardware(hardware)
    space.create(chosen, True, variables)
    return space.upload(list_files(checkout, chosen))


def test_a_space_is_made_filled_and_waited_for(checkout):
    hub = SpacesHub(list(BUILT))
    with hub.serving() as address:
        space = space_at(address)
        commit = publish(space, checkout, "t4-small", NINEFOLD_MODEL="mini")
        assert wait(space, commit) == "https://me-dice.hf.space"
    assert hub.created["sdk"] == "gradio"
    assert hub.created["visibility"] == "private"
    assert (hub.hardware, hub.variables) == ("t4-small", {"NINEFOLD_MODEL": "mini"})
    assert set(hub.files) == {
        ".gitattributes", "README.md", "app.py", "assets/page.png", "dalle/__init__.py",
        "requirements.txt",
    }  # fmt: skip
    assert b"jax[cuda12]==0.10.2" in hub.files["requirements.txt"]
    assert b"suggested_hardware: t4-small" in hub.files["README.md"]
    assert hub.stages == ["RUNNING"]


def test_large_files_go_to_the_store_of_chunks(checkout):
    pytest.importorskip("hf_xet")
    weights = checkout / "assets" / "weights.bin"
    weights.write_bytes(bytes(range(256)) * 4000)
    hub = SpacesHub(list(BUILT))
    with hub.serving() as address:
        publish(space_at(address), checkout)
    assert hub.chunk_bytes > 0
    assert hub.files["assets/weights.bin"].startswith(b"lfs ")
    assert hub.files["assets/weights.bin"].endswith(b" 1024000")
    assert hub.large == {}


# Of huggingface_hub, at its own call of httpx2.
@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_without_it_they_go_by_git_lfs(checkout, monkeypatch):
    monkeypatch.setattr("huggingface_hub._commit_api.is_xet_available", lambda: False)
    weights = checkout / "assets" / "weights.bin"
    weights.write_bytes(bytes(range(256)) * 4000)
    hub = SpacesHub(list(BUILT))
    with hub.serving() as address:
        space = space_at(address)
        publish(space, checkout)
        publish(space, checkout)  # again: nothing is sent a second time
    assert "basic" in hub.transfers[0]
    assert weights.read_bytes() in hub.large.values()
    assert len(hub.large) == 2  # and the picture


def test_a_space_that_is_there_is_brought_up_to_date(checkout):
    hub = SpacesHub(["RUNNING"])
    with hub.serving() as address:
        space = space_at(address)
        publish(space, checkout, "cpu-basic", NINEFOLD_NAME="Dice")
        hub.files |= {"dalle/gone.py": b"", "assets/old.png": b"", "own.md": b"the owner's"}
        (checkout / "app.py").write_text("print(2)\n")
        hub.stages = ["RUNNING_BUILDING", "RUNNING_APP_STARTING", "RUNNING"]
        commit = publish(space, checkout, "t4-small", NINEFOLD_MODEL="mini")
        wait(space, commit)
    assert hub.commits == 2
    assert hub.stages == ["RUNNING"]  # it waited for the new one
    assert hub.hardware == "t4-small"
    assert hub.variables == {"NINEFOLD_NAME": "Dice", "NINEFOLD_MODEL": "mini"}
    assert hub.files["app.py"] == b"print(2)\n"
    assert "own.md" in hub.files
    assert not {"dalle/gone.py", "assets/old.png"} & set(hub.files)


def test_a_free_account_is_told_what_it_may_have(checkout):
    hub = SpacesHub(list(BUILT), plan="free")
    with hub.serving() as address:
        space = space_at(address)
        with pytest.raises(DalleError) as refusal:
            space.create(find_hardware("cpu-basic"), False, {})
        assert not hub.exists
        space.create(find_hardware("zero-a10g"), False, {})
    assert hub.exists
    assert str(refusal.value) == (
        "The Hub wants a paid plan for cpu-basic (402). A free account may have two Spaces, both "
        "on zero-a10g, once its e-mail address is confirmed and it is 30 days old."
    )


def test_a_build_that_fails_is_told_with_its_reason(checkout):
    hub = SpacesHub(["BUILDING", "BUILD_ERROR"])
    with hub.serving() as address:
        space = space_at(address)
        commit = publish(space, checkout)
        with pytest.raises(DalleError) as failure:
            wait(space, commit)
    assert str(failure.value) == (
        "me/dice does not run: its packages could not be installed; see the build log "
        f"({address}/spaces/me/dice?logs=build). No matching distribution found for jax==9.9"
    )


@pytest.mark.parametrize("stage", ["RUNTIME_ERROR", "CONFIG_ERROR", "PAUSED", "STOPPED"])
def test_other_ends_are_told_too(checkout, stage):
    hub = SpacesHub(["BUILDING", stage])
    with hub.serving() as address:
        space = space_at(address)
        commit = publish(space, checkout)
        with pytest.raises(DalleError, match=r"me/dice does not run: .*logs=container"):
            wait(space, commit)


def test_the_wait_has_an_end(checkout):
    hub = SpacesHub(["BUILDING"])
    with hub.serving() as address:
        space = space_at(address)
        commit = publish(space, checkout)
        ticks = iter(range(0, 10**6, 60))
        with pytest.raises(DalleError, match=r"does not run after 30 minutes; see .*logs=build"):
            wait(space, commit, limit=1800, clock=lambda: next(ticks))


def test_a_stale_answer_is_not_taken_for_a_new_one(checkout):
    """A Hub that names no commit gets time to notice the new one."""
    hub = SpacesHub(["RUNTIME_ERROR"] * STALE_ANSWERS + ["RUNNING"], tells_commit=False)
    with hub.serving() as address:
        space = space_at(address)
        commit = publish(space, checkout)
        assert wait(space, commit) == "https://me-dice.hf.space"


def test_a_description_that_is_too_long_is_refused_before_the_upload(checkout):
    (checkout / "README.md").write_text(README.format("nine " * 13))
    hub = SpacesHub(list(BUILT))
    with hub.serving() as address, pytest.raises(DalleError, match=r"at most 60 characters"):
        publish(space_at(address), checkout)
    assert hub.commits == 0


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_a_file_that_cannot_be_sent_is_told_with_the_reason(checkout, monkeypatch):
    monkeypatch.setattr("huggingface_hub._commit_api.is_xet_available", lambda: False)
    hub = SpacesHub(list(BUILT))

    def refuse(path: str, body: bytes) -> None:
        raise RefusalError(422, {"error": "the disk is full"})

    monkeypatch.setattr(hub, "put_large", refuse)
    with hub.serving() as address, pytest.raises(DalleError) as failure:
        publish(space_at(address), checkout)
    told = str(failure.value)
    assert told.startswith("The upload to me/dice failed: Error while uploading 'assets/page.png'")
    assert "the disk is full" in told


def test_a_hub_that_is_silent_is_told(checkout):
    with SpacesHub(list(BUILT)).serving() as address:
        space = space_at(address)
    with pytest.raises(DalleError, match=r"The Hub does not answer \(.*network"):
        space.create(find_hardware("zero-a10g"), False, {})


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, r"The Hub got no token that it knows \(401\).*hf auth login"),
        (403, r"The token may not write to me/dice \(403\)"),
        (429, r"asked too often \(429\)"),
        (418, r"The Hub refused \(418\): short and stout"),
    ],
)
def test_refusals_are_one_sentence(status, sentence, monkeypatch):
    hub = SpacesHub(list(BUILT))

    def refuse(body: bytes) -> None:
        raise RefusalError(status, {"error": "short and stout"})

    monkeypatch.setattr(hub, "create", refuse)
    with hub.serving() as address, pytest.raises(DalleError, match=sentence):
        space_at(address).create(find_hardware("zero-a10g"), False, {})
