"""What a text encoder knows of words is kept when its vocabulary and length change."""

import jax.numpy as jnp
import numpy as np
import pytest
from tokenizers import Tokenizer

from dalle.text.tokenize import train_tokenizer
from dalle.training.hearing.transfer import carry_over, lengthened

OLD = ["a cat on a mat", "a dog and a cat", "the hat of a cat"]


@pytest.fixture
def folders(tmp_path):
    train_tokenizer(OLD * 20, 290, tmp_path / "old")
    train_tokenizer((OLD + ["breakdancing wombats"] * 3) * 20, 320, tmp_path / "new")
    return tmp_path / "old", tmp_path / "new"


def params(rows, positions):
    rng = np.random.default_rng(0)
    return {
        "model": {
            "encoder": {
                "embed_tokens": {"embedding": jnp.asarray(rng.normal(size=(rows, 4)))},
                "embed_positions": {"embedding": jnp.asarray(rng.normal(size=(positions, 4)))},
            },
            "decoder": {"embed_tokens": {"embedding": jnp.ones((3, 4))}},
        }
    }


def test_a_token_keeps_its_embedding_and_a_new_one_has_the_mean_of_its_spelling(folders):
    old, new = (Tokenizer.from_file(str(folder / "tokenizer.json")) for folder in folders)
    before = params(290, 6)
    after = carry_over("bart", before, *folders, 320, 8)
    was = np.asarray(before["model"]["encoder"]["embed_tokens"]["embedding"])
    now = np.asarray(after["model"]["encoder"]["embed_tokens"]["embedding"])
    assert now.shape == (320, 4)
    for word in ("Ġcat", "<s>", "</s>", "<pad>", "x"):
        np.testing.assert_array_equal(now[new.token_to_id(word)], was[old.token_to_id(word)])
    word = "Ġbreakdancing"
    assert new.token_to_id(word) is not None
    assert old.token_to_id(word) is None
    spelling = old.encode(" breakdancing", add_special_tokens=False).ids
    assert len(spelling) > 1
    np.testing.assert_allclose(now[new.token_to_id(word)], was[spelling].mean(0), rtol=1e-5)
    decoder = after["model"]["decoder"]["embed_tokens"]["embedding"]
    np.testing.assert_array_equal(decoder, jnp.ones((3, 4)))


def test_more_positions_repeat_the_last_half():
    rows = jnp.arange(6.0)[:, None]
    assert lengthened(rows, 10)[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 3, 4, 5, 3]
    assert lengthened(rows, 4)[:, 0].tolist() == [0, 1, 2, 3]
