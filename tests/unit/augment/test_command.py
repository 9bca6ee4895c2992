"""`gansmith augment`: an option that would do nothing is refused before anything is read or trained."""

import pytest

from gansmith import cli


@pytest.mark.parametrize(
    ("words", "message", "remedy"),
    [
        (["iris", "--confidence", "0.9"], "are for pictures, and iris is a table", "leave them out"),
        (["iris", "--fit", "pad"], "are for pictures, and iris is a table", "leave them out"),
        (["iris", "--study", "--steps", "5"], "are for pictures, and iris is a table", "leave them out"),
        (["digits", "model", "--gan", "dagan"], "are for training, and a model is given", "or the model"),
        (["digits", "model", "--minutes", "3"], "are for training, and a model is given", "or the model"),
        (["digits", "model", "--mirror"], "are for training, and a model is given", "or the model"),
        (["digits", "--seeds", "3"], "--seeds and --steps are for a study", "add --study"),
        (["iris", "--per-class", "9"], "--seeds and --steps are for a study", "add --study"),
        (["digits", "--study", "--to", "x2"], "this is a study", "leave them out"),
        (["digits", "--study", "--new-only"], "this is a study", "leave them out"),
        (["digits", "--study", "--seed", "3"], "this is a study", "leave them out"),
    ],
    ids=str,
)
def test_an_option_that_would_do_nothing_is_refused(words, message, remedy, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("augment", "study"):
        monkeypatch.setattr(f"gansmith.api.{name}", lambda *_, **__: pytest.fail("went on"))
    code = cli.main(["augment", *words])
    said, what_to_do = capsys.readouterr().err.strip().splitlines()
    assert code == 2
    assert message in said
    assert remedy in what_to_do
