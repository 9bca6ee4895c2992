"""The study of tables: paired arms, whole after a kill, and a verdict that follows the rows."""

import json

import numpy as np
import pytest

import gansmith as gs
from gansmith import tables
from gansmith.augment import oversample, study, tabular
from gansmith.augment.enrich_rows import enrich_rows
from gansmith.augment.tabular_page import write_page
from gansmith.augment.tree import METRICS, features, judge
from gansmith.data.codecs.table import TableCodec
from gansmith.data.table import Column, TableData
from gansmith.data.table_source import open_table
from gansmith.errors import DataError, UsageError
from gansmith.gans import StyleGAN2
from gansmith.seeds import derive

COLUMNS = (Column("x", "real"), Column("n", "integer"), Column("c", "category", ("p", "q")))


def blobs(counts=(60, 30), seed=0):
    """Rows whose class shows in x and in c, for the most part."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), counts)
    x = np.round(rng.normal(2.0 * labels, 1), 3)
    c = (rng.random(len(x)) < 0.3 + 0.4 * (labels == 1)).astype(float)
    values = np.stack([x, rng.integers(0, 9, len(x)), c], axis=1)
    return TableData(COLUMNS, values, labels, ("no", "yes", "so")[: len(counts)], "ill", "blobs")


class Model:
    """Stands for a trained GAN: `right` draws new rows of the class, otherwise of the next one; or copies of reals."""

    hash = "0" * 64

    def __init__(self, table, right=True, copies=0):
        self.table, self.right, self.copies, self.codec = table, right, copies, TableCodec.fit(table)

    def rows(self, seeds, label=None):
        labels = np.broadcast_to(label, len(seeds))
        return np.stack([self._one(seed, k) for seed, k in zip(seeds, labels, strict=True)])

    def _one(self, seed, label):
        rng = np.random.default_rng(derive(int(seed), "model"))
        if self.copies and seed % self.copies == 0:
            return self.table.values[rng.integers(len(self.table))]
        label = label if self.right else 1 - label
        return np.array([np.round(rng.normal(2.0 * label, 1), 3), rng.integers(0, 9), rng.random() < 0.3 + 0.4 * label])


@pytest.fixture
def plan():
    arms = (tabular.REAL, tabular.GAN_ALONE, tabular.SMOTE_ALONE, "real + GAN", "real + SMOTE", "real + ADASYN")
    return tabular.Plan(arms, seeds=5, rounds=10, rate=100.0)


def trainer(seen=None, **options):
    def train(table, seed, rounds):
        if seen is not None:
            seen.append((len(table), seed, rounds))
        return Model(table, **options)

    return train


def test_a_study_end_to_end(plan, tmp_path):
    data, seen = blobs(), []
    told = tabular.study(data, plan, "stand-in", trainer(seen), tmp_path)
    assert told == json.loads((tmp_path / "study.json").read_text())
    assert told["complete"]
    assert seen == [(63, seed, 10) for seed in range(5)]  # seven tenths of 90 rows, and nothing else
    assert told["settings"]["positive"] == "yes"
    for cell in told["cells"]:
        assert cell["rows"]["real"] == cell["rows"]["GAN alone"] == cell["rows"]["SMOTE alone"] == 63
        assert cell["rows"]["real + GAN"] == cell["rows"]["real + SMOTE"] == 84
        assert all(set(found) == set(METRICS) for found in cell["figures"].values())
    compared = {(row["one"], row["other"]): row for row in told["differences"]}
    assert len(compared) == 8
    gain = [cell["figures"]["GAN alone"]["recall"] - cell["figures"]["real"]["recall"] for cell in told["cells"]]
    assert compared["GAN alone", "real"]["recall"]["value"] == pytest.approx(np.mean(gain))
    page = write_page(tmp_path, told).read_text()
    assert "blobs" in page
    assert "GAN alone against SMOTE alone" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_verdicts_follow_the_rows(plan, tmp_path):
    wrong = tabular.study(blobs(), plan, "wrong", trainer(right=False), tmp_path / "wrong")
    first = wrong["differences"][0]
    assert (first["one"], first["accuracy"]["verdict"]) == ("GAN alone", "hurt")
    assert "GAN alone against real: accuracy hurt" in wrong["verdict"][0]
    good = tabular.study(blobs(), plan, "good", trainer(), tmp_path / "good")
    assert good["differences"][0]["accuracy"]["verdict"] == "no evidence"


def test_a_killed_study_plays_one_cell_again_at_most(plan, tmp_path):
    seen = []

    def dies(table, seed, rounds):
        if seed == 2:
            raise KeyboardInterrupt
        return trainer(seen)(table, seed, rounds)

    with pytest.raises(KeyboardInterrupt):
        tabular.study(blobs(), plan, "stand-in", dies, tmp_path)
    assert len(json.loads((tmp_path / "study.json").read_text())["cells"]) == 2
    assert tabular.plan_before(tmp_path) == plan
    told = tabular.study(blobs(), plan, "stand-in", trainer(seen), tmp_path)
    assert [seed for _, seed, _ in seen] == [0, 1, 2, 3, 4]
    assert told["cells"] == tabular.study(blobs(), plan, "stand-in", trainer(), tmp_path / "whole")["cells"]
    with pytest.raises(UsageError, match="another study"):
        tabular.study(blobs(seed=1), plan, "stand-in", trainer(), tmp_path)


def test_the_study_of_another_kind_in_the_folder(tmp_path):
    (tmp_path / "study.json").write_text('{"settings": {}}')
    with pytest.raises(UsageError, match="another study"):
        tabular.plan_before(tmp_path)
    (tmp_path / "study.json").write_text('{"settings": {}, "kind": "table"}')
    with pytest.raises(UsageError, match="study of a table"):
        study.plan_before(tmp_path)


def test_splits_keep_the_classes_and_share_no_row():
    data = blobs((40, 10))
    learn, test = tabular.split(data, 0)
    assert learn.counts() == {"no": 28, "yes": 7}
    assert test.counts() == {"no": 12, "yes": 3}
    assert not {row.tobytes() for row in learn.values} & {row.tobytes() for row in test.values}
    assert tabular.split(data, 1)[1].fingerprint != test.fingerprint


def test_plans(monkeypatch):
    plan = tabular.make_plan(blobs(), 50.0, seeds=5)
    assert (len(plan.arms), plan.rounds) == (6, tabular.ROUNDS)
    assert "5 splits: 5 GANs" in str(plan)
    assert tabular.make_plan(blobs(), 50.0, seeds=5, minutes=0.5).rounds == 300
    with pytest.raises(UsageError, match="too few"):
        tabular.make_plan(blobs(), 50.0, seeds=5, minutes=0.1)
    with pytest.raises(UsageError, match="no interval"):
        tabular.make_plan(blobs(), 50.0, seeds=1)
    with pytest.raises(DataError, match=r"fewer than 4 rows of yes \(1\)"):
        tabular.make_plan(blobs((9, 1)), 50.0)
    assert tabular.make_plan(blobs((30, 30)), 50.0).arms == ("real", "GAN alone", "SMOTE alone")
    monkeypatch.setattr(oversample, "available", lambda: False)
    assert tabular.make_plan(blobs(), 50.0).arms == ("real", "GAN alone", "real + GAN")


@pytest.mark.parametrize("method", ["SMOTE", "ADASYN"])
def test_oversampled_rows_lie_among_the_reals(method):
    data = blobs()
    x = features(COLUMNS, data.values)
    found = oversample.oversample(method, x, data.labels, {0: 60, 1: 60}, COLUMNS, 0)
    assert found is not None
    new, labels = found
    assert set(labels) == {1}
    assert abs(len(labels) - 30) <= (0 if method == "SMOTE" else 15)  # ADASYN rounds for each of 30 rows
    assert new[:, 0].min() >= x[:, 0].min()
    np.testing.assert_array_equal(np.sort(new[:, 2:], axis=1), [[0, 1]] * len(new))  # a category, not a mixture


def test_adasyn_has_nothing_to_add_where_classes_are_far_apart():
    x, labels = np.array([[0.0], [1], [2], [3], [4], [5], [90], [91], [92], [93]]), np.array([0] * 6 + [1] * 4)
    columns = (Column("x", "real"),)
    assert oversample.oversample("ADASYN", x, labels, {0: 6, 1: 6}, columns, 0) is None
    assert oversample.oversample("SMOTE", x, labels, {0: 6, 1: 6}, columns, 0) is not None


def test_figures_of_the_tree():
    x, labels = np.arange(8.0)[:, None], np.array([0, 0, 0, 0, 0, 0, 1, 1])
    assert judge((x, labels), (x, labels), 2, 1, 0) == dict.fromkeys(METRICS, 1.0)
    one_class = judge((x[:6], labels[:6]), (x, labels), 2, 1, 0)
    assert one_class == {"accuracy": 0.75, "precision": 0, "recall": 0, "F1": 0, "AUC": 0.5}
    three = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    assert judge((x, three), (x, three), 3, 2, 0)["AUC"] == 1


def test_a_table_is_enriched_without_copies(tmp_path):
    data = blobs()
    found = enrich_rows(data, Model(data, copies=3), "balanced")
    assert found.summary()["accepted"] == {"no": 0, "yes": 30}
    assert found.rejected["near copy of a real row"] > 0
    assert not {row.tobytes() for row in found.values} & {row.tobytes() for row in data.values}
    again = Model(data, copies=3).rows(found.seeds, found.labels)
    np.testing.assert_array_equal(again, found.values)  # each row is that of its seed
    path = found.save(tmp_path / "more.csv")
    lines = path.read_text().splitlines()
    assert lines[0] == "x,n,c,ill,source,seed"
    assert len(lines) == 1 + len(found) == 121
    assert sum(line.split(",")[4] == "synthetic" for line in lines[1:]) == 30
    back = open_table(path, "ill")
    np.testing.assert_array_equal(back.values[:90, :3], data.values)
    assert len(open_table(found.save(tmp_path / "new.csv", new_only=True), "c")) == 30
    with pytest.raises(UsageError, match="is there already"):
        found.save(path)
    with pytest.raises(DataError, match="no generated row passed"):
        enrich_rows(data, Model(data, copies=1), "balanced")
    with pytest.raises(UsageError, match="no new"):
        enrich_rows(blobs((30, 30)), Model(data), "balanced")


def test_real_rows_are_written_as_they_were_read(tmp_path):
    data = blobs()
    cells = [(f"{x:.5f}", f"+{n:.0f}", ("007", "100")[int(c)]) for x, n, c in data.values]
    labels = [data.classes[k] for k in data.labels]
    source = tmp_path / "t.csv"
    rows = [",".join((*row, label)) for row, label in zip(cells, labels, strict=True)]
    source.write_text("\n".join(["x,n,c,ill", *rows]) + "\n")
    table = open_table(source, "ill")
    path = enrich_rows(table, Model(table), "balanced").save(tmp_path / "more.csv")
    written = path.read_text().splitlines()[1:]
    assert [line for line in written if line.endswith(",real,")] == [f"{row},real," for row in rows]
    assert {line.split(",")[2] for line in written[90:]} == {"007", "100"}


def test_the_minutes_that_are_advised_are_enough_on_a_busier_machine():
    with pytest.raises(UsageError, match=r"--minutes 0\.1 is too few for 5 seeds") as caught:
        tabular.make_plan(blobs(), 47.0, seeds=5, minutes=0.1)
    advised = float(caught.value.remedy.rpartition(" ")[2])
    assert tabular.make_plan(blobs(), 0.81 * 47.0, seeds=5, minutes=advised).rounds >= tabular.LEAST_ROUNDS


def test_a_table_through_the_interface(tmp_path, monkeypatch):
    iris = gs.table("iris")
    monkeypatch.setattr(tabular, "ROUNDS", 20)
    told = gs.study(iris, out=tmp_path, seeds=2)
    assert told["settings"]["positive"] is None
    assert told["arms"] == ["real", "GAN alone", "SMOTE alone"]
    assert (tmp_path / "study.html").is_file()
    assert gs.study("iris", out=tmp_path, seeds=2)["cells"] == told["cells"]  # found as it was, nothing trained
    model = tables.train(iris, rounds=5)
    np.testing.assert_array_equal(model.rows([7, 3], 2), model.rows(range(9), 2)[[7, 3]])
    assert tables.train(iris, rounds=5).hash == model.hash
    monkeypatch.setattr(tabular, "ROUNDS", 200)
    more = gs.augment("iris", to=55)
    assert set(more.summary()["accepted"]) == set(iris.classes)
    assert 3 <= len(more.seeds) <= 15
    assert (more.values >= iris.values.min(0)).all()
    with pytest.raises(UsageError, match="is for pictures"):
        gs.study(iris, out=tmp_path / "other", gan="stylegan2")
    with pytest.raises(UsageError, match="does not work on a table"):
        tables.train(iris, StyleGAN2(), rounds=1)
    with pytest.raises(UsageError, match="mirror is for pictures"):
        gs.study(iris, out=tmp_path / "other", mirror=True)
    with pytest.raises(UsageError, match="model is for pictures"):
        gs.augment(iris, "model", to="x2")
