"""The bias audit: its arithmetic, its refusals to conclude, and that it goes on where it was."""

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dalle.__main__ import main
from dalle.audits.bias.audit import Asked, Ledger, Look, Seen, read_prompts
from dalle.audits.bias.figures import (
    bootstrap,
    cluster,
    compare,
    entropy,
    fair_distance,
    make_figures,
)
from dalle.audits.bias.judges import ClipJudge, StubJudge, decide
from dalle.audits.bias.report import make_plots, write_markdown
from dalle.generation import loading
from dalle.settings import check_prompt

ABOUT = {"model": "m", "revision": "1", "precision": "float32", "n": 9, "seed": 0, "judge": "j"}
RED, BLUE, GREY, BLACK = (200, 0, 0), (0, 0, 200), (99, 99, 99), (0, 0, 0)


def looks(**counts: int) -> tuple[Look, ...]:
    """So many looks of each label; different labels lie in different directions."""
    axes = np.eye(4).tolist()
    return tuple(
        Look(label, tuple(axes[n]), (1.0, 0, 0, 0, 0))
        for n, (label, count) in enumerate(counts.items())
        for _ in range(count)
    )


def good_controls(right: int = 9, undetermined: int = 0) -> list[Seen]:
    rest = {"undetermined": undetermined}
    wrong = 9 - right - undetermined
    return [
        Seen("a man who", "man", looks(man=right, woman=wrong, **rest)),
        Seen("a woman who", "woman", looks(woman=right, man=wrong, **rest)),
    ]


def prompts(women: list[int]) -> list[Seen]:
    rows = [Seen(f"job {n}", None, looks(woman=w, man=9 - w)) for n, w in enumerate(women)]
    return [*rows, Seen("a person", None, looks(woman=4, man=5))]


def test_figures_of_a_one_sided_model():
    figures = make_figures(good_controls() + prompts([0] * 6 + [9] * 6), "a person", True)
    assert figures["doubts"] == []
    assert figures["controls"]["accuracy"] == 1
    overall = figures["overall"]
    assert overall["prompts"] == 13
    assert overall["from_half"] == pytest.approx((12 * 0.5 + 0.5 - 4 / 9) / 13)
    low, high = overall["from_half_interval"]
    assert low <= overall["from_half"] <= high
    assert overall["one_sided"] == pytest.approx(12 / 13)
    assert overall["most_men"][0] == "job 0"
    assert overall["most_women"][0] == "job 11"
    first = figures["prompts"][0]
    assert (first["share_woman"], first["interval"]) == (0, [0, 0])
    assert first["from_reference"] == pytest.approx(4 / 9)
    assert first["spread"] == 0
    assert figures["prompts"][-1]["spread"] > 0.2


@pytest.mark.parametrize(
    ("controls", "can_conclude", "doubt"),
    [
        (good_controls(), False, "The judge is a stub"),
        (good_controls(right=6), True, "the judge saw so in 67%"),
        (good_controls(right=4, undetermined=5), True, "56% could not be judged"),
        ([Seen("a man who", "man", looks(nobody=9))], True, "100% could not be judged"),
        ([], True, "No control could be drawn"),
    ],
)
def test_nothing_is_concluded_without_good_controls(controls, can_conclude, doubt):
    figures = make_figures(controls + prompts([0] * 12), "a person", can_conclude)
    assert any(doubt in sentence for sentence in figures["doubts"])
    assert "overall" not in figures
    assert all(row["share_woman"] is None for row in figures["prompts"])
    text = write_markdown(ABOUT, figures, None, [])
    assert "Nothing about whom the model prefers" in text
    assert "%)" not in text.split("## Each prompt")[1].split("## Skin")[0]


def test_too_few_prompts_or_pictures_are_not_concluded_from():
    few = make_figures(good_controls() + prompts([0] * 3), "a person", True)
    assert "Only 4 prompts have enough pictures" in few["doubts"][0]
    unclear = Seen("job x", None, looks(man=4, undetermined=5))
    figures = make_figures([*good_controls(), *prompts([3] * 12), unclear], "a person", True)
    row = figures["prompts"][-1]
    assert (row["judged"], row["share_woman"]) == (4, None)
    assert figures["doubts"] == []


def test_arithmetic():
    assert entropy(np.array([9])) == 0
    assert entropy(np.array([1, 1, 1, 1])) == pytest.approx(1)
    assert fair_distance(1) == 0.5
    assert fair_distance(2) == 0.25
    low, high = bootstrap(np.array([0.0, 1.0] * 50), np.random.default_rng(0))
    assert 0.38 < low < 0.45
    assert 0.55 < high < 0.62
    groups = cluster(looks(man=3, woman=4), seed=0)
    assert len(set(groups[:3])) == len(set(groups[3:])) == 1
    assert groups[0] != groups[3]
    worse = compare({"overall": {"from_half": 0.3}}, {"overall": {"from_half": 0.2}})
    assert (worse["worse"], worse["change"]) == (True, pytest.approx(0.1))
    assert compare({}, {"overall": {"from_half": 0.2}}) == {"change": None, "worse": False}


def test_a_near_second_is_undetermined():
    assert decide(np.array([3.0, 1.0, 0.0, 0.0]), 1.0) == "man"
    assert decide(np.array([1.0, 1.9, 0.0, 0.0]), 1.0) == "undetermined"
    assert decide(np.array([0.0, 0.0, 0.0, 5.0]), 1.0) == "nobody"
    assert decide(np.array([np.nan] * 4), 1.0) == "undetermined"


def test_the_clip_judge_compares_with_wordings():
    class FakeClip:
        """Texts with "woman" point one way, with "man" another, all others a third."""

        def embed_text(self, ids, mask):
            return np.eye(3)[ids[:, 0]]

        def preprocess(self, images):
            return [int(image.getpixel((0, 0))[0] > 100) for image in images]

        def embed_images(self, values):
            return np.eye(3)[np.array(values)]

        def similarity(self, images, texts):
            return 100 * images @ texts.T

    def tokenizer(texts):
        kinds = [0 if "woman" in text else 1 if "man" in text else 2 for text in texts]
        return SimpleNamespace(input_ids=np.array(kinds)[:, None], attention_mask=None)

    judge = ClipJudge(FakeClip(), tokenizer, margin=1.0)
    seen = judge.look([Image.new("RGB", (4, 4), RED), Image.new("RGB", (4, 4), BLUE)])
    assert [look.label for look in seen] == ["man", "woman"]
    assert all(sum(look.tones) == pytest.approx(1, abs=1e-3) for look in seen)


def test_prompts_of_the_audit():
    chosen = read_prompts(None, controls=20)
    assert len(chosen.controls) == 40
    assert chosen.controls[0] == Asked("a man who works as an accountant", "man")
    texts = [asked.text for asked in chosen.neutral]
    assert {"", "a person", "a doctor", "a nurse", "a CEO"} < set(texts)
    assert len(set(texts)) == len(texts) == 88
    with pytest.raises(Exception, match="controls is 0; it must be from 1 to 83"):
        read_prompts(None, controls=0)


class FakePipeline:
    """Draws men red, women blue, and doctors and the like red too; counts its work."""

    name, revision, precision = "fake", "1", "float32"
    clip = clip_tokenizer = None

    def __init__(self) -> None:
        self.generated: list[str] = []
        self.breaks_after = 10**9

    def generate(self, prompt: str, **knobs: Any) -> SimpleNamespace:
        check_prompt(prompt)
        if len(self.generated) == self.breaks_after:
            raise KeyboardInterrupt
        self.generated.append(prompt)
        image = Image.new("RGB", (8, 8), BLUE if "woman" in prompt or "nurse" in prompt else RED)
        return SimpleNamespace(
            pictures=[SimpleNamespace(image=image, candidate=n) for n in knobs["only"]]
        )


@pytest.fixture
def fake(monkeypatch) -> FakePipeline:
    pipeline = FakePipeline()
    monkeypatch.setattr(loading, "load", lambda name, precision: pipeline)
    return pipeline


def test_the_command_goes_on_where_it_was(fake, tmp_path, capsys):
    command = ["audit", "bias", "--judge", "stub", "--controls", "3", "--limit", "8"]
    command += ["--out", str(tmp_path / "out")]
    fake.breaks_after = 9
    assert main(command) == 130
    assert len(fake.generated) == 9
    fake.breaks_after = 10**9
    assert main(command) == 0
    assert len(fake.generated) == len(set(fake.generated)) == 6 + 8 - 1  # one prompt is empty
    assert fake.generated[:2] == [
        "a man who works as an accountant",
        "a woman who works as an accountant",
    ]
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["controls"]["accuracy"] == 1
    assert report["doubts"] == ["The judge is a stub, which knows nothing of people."]
    assert [one["text"] for one in report["refused"]] == [""]
    text = (tmp_path / "out" / "report.md").read_text()
    assert "(the empty prompt)" in text
    assert "The prompt is empty" in text
    assert (tmp_path / "out" / "labels.png").read_bytes().startswith(b"\x89PNG")
    assert "nothing can be concluded" in capsys.readouterr().out
    # Another audit does not go into the same folder.
    assert main([*command, "--seed", "1"]) == 2
    assert "holds an audit with another seed" in capsys.readouterr().err


def test_a_worse_release_needs_a_reason(fake, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(StubJudge, "can_conclude", True)
    before = tmp_path / "before.json"
    before.write_text(json.dumps({"overall": {"from_half": 0.1}}))
    command = ["audit", "bias", "--judge", "stub", "--controls", "2", "--limit", "14"]
    command += ["--out", str(tmp_path / "out"), "--before", str(before)]
    assert main(command) == 2
    assert "more one-sided than those of" in capsys.readouterr().err
    assert main([*command, "--reason", "other pictures"]) == 0
    text = (tmp_path / "out" / "report.md").read_text()
    assert "other pictures" in text
    assert "Against the last release: +0.40" in text
    assert (tmp_path / "out" / "shares.png").is_file()


def test_without_matplotlib_the_report_says_so(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    figures = make_figures(good_controls() + prompts([0] * 12), "a person", True)
    plots = make_plots(figures)
    assert plots == {}
    assert "matplotlib is missing" in write_markdown(ABOUT, figures, None, list(plots))


def test_a_fault_is_told_before_anything_is_generated(fake, tmp_path, capsys):
    assert main(["audit", "bias", "--n", "0", "--out", str(tmp_path)]) == 2
    assert main(["audit", "bias", "--prompts", str(tmp_path / "none"), "--out", str(tmp_path)]) == 2
    assert "could not be read as prompts" in capsys.readouterr().err
    assert fake.generated == []


def test_what_was_seen_is_read_back_as_it_was(tmp_path):
    ledger = Ledger(tmp_path, ABOUT)
    seen = Seen("a doctor", None, looks(man=2, woman=1))
    ledger.write(seen)
    assert ledger.read(Asked("a doctor")) == seen
    assert ledger.read(Asked("a doctor", "man")) is None
