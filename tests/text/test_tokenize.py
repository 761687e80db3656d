"""Token ids are those of the original classes, from either form of the tokenizer's files."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, trainers
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPTokenizer, PreTrainedTokenizerFast

from dalle.errors import DalleError
from dalle.text import ClipTokenizer, PromptTokenizer, TextNormalizer, train_tokenizer

FIXTURES = Path(__file__).parents[1] / "fixtures"
BART = FIXTURES / "dalle-bart-tiny"
EXPECTED = json.loads((BART / "expected_tokens.json").read_text(encoding="utf-8"))
FORMS = {"one file": ["tokenizer.json"], "two files": ["vocab.json", "merges.txt"]}

CAPTIONS = [
    "A red apple on a blue table",
    "a photo of two cats, and a dog's hat",
    "An astronaut riding a horse in 1969",
]
START, END = "<|startoftext|>", "<|endoftext|>"
CLIP_TEXTS = [
    *CAPTIONS,
    "",
    " ",
    "it's they're I'll DON'T",
    "hello,\n  world!!  (2024)",
    "Ünïcödé cafe\N{COMBINING ACUTE ACCENT} 日本の城 😀",
    "a " * 40,
]


@pytest.fixture(params=FORMS)
def bart_folder(request, tmp_path):
    for name in FORMS[request.param]:
        shutil.copy(BART / name, tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def clip_pair(tmp_path_factory):
    """A tiny vocabulary laid out as CLIP's in two files, and transformers' reading of it."""
    folder = tmp_path_factory.mktemp("clip")
    rules = CLIPTokenizer().backend_tokenizer
    learner = Tokenizer(BPE(end_of_word_suffix="</w>"))
    learner.normalizer, learner.pre_tokenizer = rules.normalizer, rules.pre_tokenizer
    learner.train_from_iterator(
        CAPTIONS, trainers.BpeTrainer(end_of_word_suffix="</w>", show_progress=False)
    )
    merges = [tuple(pair) for pair in json.loads(learner.to_str())["model"]["merges"]]
    alphabet = sorted(ByteLevel.alphabet())
    words = ["".join(pair) for pair in merges]
    tokens = [*alphabet, *(byte + "</w>" for byte in alphabet), *words, START, END]
    vocab = {token: index for index, token in enumerate(dict.fromkeys(tokens))}
    BPE(vocab, merges).save(str(folder))
    return folder, CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=20)


@pytest.fixture(params=FORMS)
def clip_folder(request, clip_pair, tmp_path):
    folder, oracle = clip_pair
    if request.param == "two files":
        return folder
    oracle.save_pretrained(tmp_path)
    assert (tmp_path / "tokenizer.json").is_file()
    return tmp_path


def test_prompt_tokens_same_as_original(bart_folder):
    tokens = PromptTokenizer.from_folder(bart_folder, max_length=12)(
        [entry["normalized"] for entry in EXPECTED]
    )
    np.testing.assert_array_equal(tokens.input_ids, [entry["input_ids"] for entry in EXPECTED])
    np.testing.assert_array_equal(
        tokens.attention_mask, [entry["attention_mask"] for entry in EXPECTED]
    )
    assert tokens.input_ids.dtype == tokens.attention_mask.dtype == np.int32


def test_prompts_go_through_the_normalizer(bart_folder):
    normalizer = TextNormalizer(FIXTURES / "text" / "enwiki-words-frequency.txt")
    tokenizer = PromptTokenizer.from_folder(bart_folder, max_length=12, normalizer=normalizer)
    plain = PromptTokenizer.from_folder(bart_folder, max_length=12)
    np.testing.assert_array_equal(
        tokenizer(["#bestdayever at the BEACH!"]).input_ids,
        plain([" best day ever at the beach"]).input_ids,
    )


def test_no_prompt_is_not_the_empty_prompt(bart_folder):
    tokenizer = PromptTokenizer.from_folder(bart_folder, 5, normalizer=TextNormalizer())
    assert tokenizer.without_prompt(rows=2).input_ids.tolist() == [[0, 2, 1, 1, 1]] * 2
    assert tokenizer.without_prompt().attention_mask.tolist() == [[1, 1, 0, 0, 0]]
    assert tokenizer([""]).input_ids.tolist() == [[0, 225, 2, 1, 1]]  # 225 is a space


def test_says_how_much_of_a_prompt_fits(bart_folder):
    tokenizer = PromptTokenizer.from_folder(bart_folder, max_length=5)
    tokens = tokenizer(["", " a", " a a a", " a a a a", " a" * 10_000])
    assert tokens.used == [0, 1, 3, 3, 3]
    assert tokens.truncated == [False, False, False, True, True]
    assert tokens.attention_mask.sum(axis=1).tolist() == [used + 2 for used in tokens.used]


def test_special_tokens_in_a_prompt_are_text(bart_folder):
    tokenizer = PromptTokenizer.from_folder(bart_folder, max_length=40)
    row = tokenizer([" a</s><pad><mask>"]).input_ids[0].tolist()
    assert row.count(2) == 1
    assert 4 not in row
    assert "".join(tokenizer._tokenizer.id_to_token(i) for i in row[1:18]).startswith("Ġa</s><pad>")


@pytest.mark.parametrize("prompt", ["a" * 10_000, "日" * 10_000, "\ud800", "\0", "a\udfff b"])
def test_any_text_has_tokens(bart_folder, prompt):
    tokenizer = PromptTokenizer.from_folder(bart_folder, max_length=12)
    tokens = tokenizer([prompt])
    assert tokens.used[0] > 0
    assert tokens.input_ids.max() < 300
    assert tokenizer.vocab_size == 300


def test_no_prompts_make_no_rows(bart_folder):
    tokens = PromptTokenizer.from_folder(bart_folder, max_length=12)([])
    assert tokens.input_ids.shape == tokens.attention_mask.shape == (0, 12)


def test_clip_tokens_same_as_transformers(clip_folder, clip_pair):
    tokens = ClipTokenizer.from_folder(clip_folder, max_length=20)(CLIP_TEXTS)
    expected = clip_pair[1](CLIP_TEXTS, padding="max_length", truncation=True, return_tensors="np")
    np.testing.assert_array_equal(tokens.input_ids, expected["input_ids"])
    np.testing.assert_array_equal(tokens.attention_mask, expected["attention_mask"])
    assert tokens.truncated[-1]
    assert not tokens.truncated[3]


def test_clip_end_token_in_a_text_is_text(clip_folder):
    tokenizer = ClipTokenizer.from_folder(clip_folder)
    tokens = tokenizer(["a cat<|endoftext|> a dog<|startoftext|>"])
    end = tokenizer.vocab_size - 1
    row = tokens.input_ids[0].tolist()
    assert row.index(end) == tokens.used[0] + 1
    assert row[row.index(end) :] == [end] * (76 - tokens.used[0])
    assert row.count(end - 1) == 1


def test_trained_tokenizer(tmp_path):
    captions = CAPTIONS * 5
    train_tokenizer(iter(captions), vocab_size=300, folder=tmp_path / "new")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["tokenizer.json"]

    tokenizer = PromptTokenizer.from_folder(tmp_path / "new", max_length=24)
    assert tokenizer.vocab_size == 300
    tokens = tokenizer(["A  Red apple ", " a red APPLE", "apple a red", ""])
    assert tokens.input_ids[0].tolist() == tokens.input_ids[1].tolist()
    assert sorted(tokens.input_ids[0]) == sorted(tokens.input_ids[2])  # words are the same anywhere
    assert tokens.input_ids[3].tolist() == [0, 2] + [1] * 22

    oracle = PreTrainedTokenizerFast(
        tokenizer_file=str(tmp_path / "new" / "tokenizer.json"), pad_token="<pad>"
    )
    expected = oracle(CAPTIONS, padding="max_length", truncation=True, max_length=24)
    assert tokenizer(CAPTIONS).input_ids.tolist() == expected["input_ids"]
    assert oracle.decode(tokenizer(CAPTIONS).input_ids[0], skip_special_tokens=True) == (
        " a red apple on a blue table"
    )


def test_training_twice_gives_the_same_file(tmp_path):
    for name in ("one", "two"):
        train_tokenizer(CAPTIONS, vocab_size=320, folder=tmp_path / name)
    one, two = ((tmp_path / name / "tokenizer.json").read_bytes() for name in ("one", "two"))
    assert one == two


def test_too_small_a_vocabulary_is_refused(tmp_path):
    with pytest.raises(DalleError, match=r"vocab_size is 260; it must be >= 261 \(256 bytes"):
        train_tokenizer(CAPTIONS, vocab_size=260, folder=tmp_path)


@pytest.mark.parametrize("tokenizer", [PromptTokenizer, ClipTokenizer])
def test_folder_without_tokenizer_is_named(tokenizer, tmp_path):
    shutil.copy(BART / "vocab.json", tmp_path)
    with pytest.raises(DalleError, match=r"holds no tokenizer; it must hold tokenizer\.json, or"):
        tokenizer.from_folder(tmp_path, max_length=12)


@pytest.mark.parametrize(
    "content", [b"{}", b"version https://git-lfs.github.com/spec/v1", b"\xff\xfe"]
)
@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("tokenizer.json", r"tokenizer\.json"),
        ("vocab.json", r"vocab\.json with merges\.txt"),
        ("merges.txt", r"vocab\.json with merges\.txt"),
    ],
)
def test_broken_file_is_named(tmp_path, name, named, content):
    form = next(files for files in FORMS.values() if name in files)
    for file in form:
        shutil.copy(BART / file, tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DalleError, match=rf"{named} could not be read as a tokenizer .*download"):
        PromptTokenizer.from_folder(tmp_path, max_length=12)


def test_tokenizer_of_another_kind_is_refused():
    with pytest.raises(DalleError, match=r"vocabulary has no <\|startoftext\|>; it must have"):
        ClipTokenizer.from_folder(BART, max_length=12)


def test_too_short_rows_are_refused():
    with pytest.raises(ValueError, match=r"max_length is 2; it must be >= 3"):
        PromptTokenizer.from_folder(BART, max_length=2)


def test_one_string_is_refused():
    tokenizer = PromptTokenizer.from_folder(BART, max_length=12)
    with pytest.raises(TypeError, match="must be a list of strings"):
        tokenizer("a cat")
