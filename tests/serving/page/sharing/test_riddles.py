"""Links that hide their prompt."""

import pytest

from dalle.serving.page.sharing.riddles import hide, unveil
from dalle.settings import SettingsError


def test_a_riddle_comes_back_and_hides_its_words():
    query = "prompt=a+cat+%26+%C3%BC&seed=7"
    hidden = hide(query)
    assert "cat" not in hidden
    assert unveil(hidden) == (query, True)


def test_a_plain_link_is_itself():
    assert unveil("prompt=a+cat") == ("prompt=a+cat", False)


@pytest.mark.parametrize("text", ["%FF", "a", "_w"])
def test_a_damaged_riddle_is_a_sentence(text):
    with pytest.raises(SettingsError, match="This riddle is damaged; ask for its link again"):
        unveil(f"riddle={text}")
