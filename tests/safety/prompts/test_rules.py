"""The files that the prompt filter's rules are read from."""

import shutil
import tomllib

import pytest

from dalle.errors import DalleError
from dalle.safety.prompts.filter import PromptFilter
from dalle.safety.prompts.phrases import read_phrases, spell_out
from dalle.safety.prompts.rules import RULES_FOLDER, load_rules


def test_the_rules_have_a_version_and_the_hash_of_all_their_files(tmp_path):
    standard = PromptFilter.load()
    assert (standard.version, standard.sha256) == (load_rules().version, load_rules().sha256)
    copy = shutil.copytree(RULES_FOLDER, tmp_path / "rules")
    assert load_rules(copy).sha256 == standard.sha256
    for name in ("rules.toml", "languages/fr.toml"):
        other = shutil.copytree(RULES_FOLDER, tmp_path / name)
        (other / name).write_text((other / name).read_text() + "# more\n")
        assert load_rules(other).sha256 != standard.sha256


def test_no_list_is_forgotten():
    rules = load_rules()
    for path in RULES_FOLDER.rglob("*.toml"):
        for name in tomllib.loads(path.read_text()).get("lists", {}):
            assert {name, f"{name}.{path.stem}"} & set(rules.lists), (path.name, name)


def test_every_rule_on_a_language_is_there():
    ids = {rule.id for rule in load_rules().rules}
    assert len(load_rules().languages) == 19
    for code in load_rules().languages:
        assert {f"minors.{code}", f"person.{code}", f"sexual.{code}"} <= ids


def test_a_list_that_is_not_there_is_an_error(tmp_path):
    copy = shutil.copytree(RULES_FOLDER, tmp_path / "rules")
    text = (copy / "rules.toml").read_text()
    (copy / "rules.toml").write_text(text.replace('any = ["abuse"]', 'any = ["abused"]'))
    with pytest.raises(DalleError, match=r"minors\.abuse names a list that is not there: abused"):
        load_rules(copy)


def test_patterns_are_spelt_out():
    assert spell_out("nude[,s] [a,b c]") == ["nude a", "nude b c", "nudes a", "nudes b c"]
    assert read_phrases("Ñu[,s]; a-b\n# a note; of two parts\nc") == {
        ("nu",),
        ("nus",),
        ("a", "b"),
        ("c",),
    }
    assert read_phrases("a {things}", {"things": "b,c d"}) == {("a", "b"), ("a", "c", "d")}
