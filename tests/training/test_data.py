"""Batches are the same for the same number, ahead of time or not, and say what a folder lacks."""

import itertools
import json
import threading

import numpy as np
import pytest
from PIL import Image

from dalle.errors import DalleError
from dalle.training.data import FolderExamples, SceneExamples, prefetch
from dalle.training.scenes.composer import SceneComposer

COLOURS = ["red", "green", "blue", "yellow", "black"]


@pytest.fixture
def folder(tmp_path):
    for colour in COLOURS:
        Image.new("RGB", (30, 20), colour).save(tmp_path / f"{colour}.png")
        (tmp_path / f"{colour}.txt").write_text(f"a {colour} page\n")
    Image.new("RGB", (8, 8)).save(tmp_path / "without-caption.png")
    return tmp_path


def test_a_batch_of_scenes_is_the_scenes_in_turn(library):
    batch = SceneExamples(library, "full", seed=5).batch(2, 8)
    assert batch.pictures.shape == (8, 192, 192, 3)
    assert batch.foregrounds.shape == (8, 192, 192, 4)
    assert batch.headers.shape == (8, 4)
    composer = SceneComposer(library, "full", 5)
    for row in range(8):
        scene = composer.compose(16 + row)
        np.testing.assert_array_equal(batch.pictures[row], scene.image)
        np.testing.assert_array_equal(batch.foregrounds[row], scene.foreground)
        assert batch.captions[row] == scene.caption


def test_another_seed_is_held_out(library):
    seen, held_out = (SceneExamples(library, "full", seed).batch(0, 16).pictures for seed in (0, 1))
    assert not any((seen == picture).all((1, 2, 3)).any() for picture in held_out)


def test_prefetch_gives_the_batches_from_any_start(library):
    examples = SceneExamples(library, "full")
    ahead = list(itertools.islice(prefetch(examples, start=3, size=4, depth=2), 5))
    for number, batch in enumerate(ahead, 3):
        expected = examples.batch(number, 4)
        np.testing.assert_array_equal(batch.pictures, expected.pictures)
        assert batch.captions == expected.captions


def test_prefetch_works_in_one_background_thread_that_ends_with_it():
    threads = set()

    class Recorder:
        def batch(self, index, size):
            threads.add(threading.current_thread())
            return [str(index)] * size

    batches = prefetch(Recorder(), 0, 2)
    assert [next(batches)[0] for _ in range(6)] == list("012345")
    batches.close()
    assert len(threads) == 1
    assert not threads.pop().is_alive()


def test_prefetch_passes_an_error_on():
    class Broken:
        def batch(self, index, size):
            raise DalleError("disk is full")

    with pytest.raises(DalleError, match="disk is full"):
        next(prefetch(Broken(), 0, 2))


def test_a_folder_is_seen_whole_each_time_through_in_a_fixed_new_order(folder):
    examples = FolderExamples(folder, resolution=16)
    assert len(examples) == 5
    rounds = [examples.batch(number, 5) for number in range(8)]
    for batch in rounds:
        assert batch.pictures.shape == (5, 16, 16, 3)
        assert sorted(batch.captions) == sorted(f"a {colour} page" for colour in COLOURS)
    assert len({tuple(batch.captions) for batch in rounds}) > 1
    assert FolderExamples(folder, 16).batch(6, 5).captions == rounds[6].captions
    assert (
        FolderExamples(folder, 16, seed=1).batch(0, 40).captions != examples.batch(0, 40).captions
    )


def test_a_picture_keeps_its_caption(folder):
    batch = FolderExamples(folder, 16).batch(0, 5)
    red = batch.captions.index("a red page")
    assert (batch.pictures[red] == (255, 0, 0)).all()
    # All of it is foreground: nothing shows through.
    assert (batch.foregrounds[red] == (255, 0, 0, 255)).all()


def test_metadata_names_the_pictures(folder):
    rows = [{"file_name": "red.png", "text": "roses"}, {"file_name": "blue.png", "text": "violets"}]
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    assert sorted(FolderExamples(folder).batch(0, 2).captions) == ["roses", "violets"]


def test_a_picture_is_cropped_to_its_middle_and_put_on_white(tmp_path):
    picture = Image.new("RGBA", (40, 20))
    picture.paste("red", (0, 0, 10, 20))
    picture.paste("blue", (10, 0, 20, 20))
    picture.save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("half")
    pixels = FolderExamples(tmp_path, 20).batch(0, 1).pictures[0]
    assert pixels[10, 3].tolist() == [0, 0, 255]
    assert pixels[10, 16].tolist() == [255, 255, 255]


def test_a_folder_without_captions_is_refused(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(DalleError, match=r"holds no picture with a caption; put a \.txt file"):
        FolderExamples(tmp_path)


@pytest.mark.parametrize("line", ["not json", "[1]", '{"file_name": "red.png"}'])
def test_a_wrong_line_of_metadata_is_named(folder, line):
    (folder / "metadata.jsonl").write_text(f'{{"file_name": "red.png", "text": "x"}}\n{line}\n')
    with pytest.raises(DalleError, match=r'metadata\.jsonl line 2 is .*"file_name" and "text"'):
        FolderExamples(folder)


def test_metadata_for_a_missing_picture_is_named(folder):
    (folder / "metadata.jsonl").write_text('{"file_name": "gone.png", "text": "x"}\n')
    with pytest.raises(DalleError, match=r"line 1 names 'gone\.png'"):
        FolderExamples(folder)


def test_a_file_that_is_no_picture_is_named(folder):
    (folder / "red.png").write_text("hello")
    with pytest.raises(
        DalleError, match=r"red\.png cannot be read as a picture; it must be one of"
    ):
        FolderExamples(folder).batch(0, 5)
