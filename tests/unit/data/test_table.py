"""Tables: what is read, what is left out and said, and what cannot be used."""

import numpy as np
import pytest

import gansmith as gs
from gansmith.data.sources import open_data
from gansmith.data.table_source import is_table, open_table
from gansmith.errors import DataError, UsageError

PLAIN = "size,colour,price,kind\n" + "1,red,2.50,a\n2,blue,3.25,b\n4,red,1.00,a\n9,green,7.75,b\n" * 2


@pytest.fixture
def write(tmp_path):
    def write(text, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_kinds_of_columns_are_recognised(write):
    table = open_table(write(PLAIN), "kind")
    assert [(column.name, column.kind) for column in table.columns] == [
        ("size", "integer"),
        ("colour", "category"),
        ("price", "real"),
    ]
    assert table.columns[1].categories == ("blue", "green", "red")
    np.testing.assert_array_equal(table.values, [[1, 2, 2.5], [2, 0, 3.25], [4, 2, 1], [9, 1, 7.75]] * 2)
    assert table.classes == ("a", "b")
    assert table.labels.tolist() == [0, 1, 0, 1] * 2
    assert table.counts() == {"a": 4, "b": 4}
    assert "8 rows · 3 columns, 1 of them categories · kind: a 4, b 4" in table.line()
    assert table.columns[0].text(table.values[:, 0]) == ["1", "2", "4", "9"] * 2
    assert table.columns[1].text(table.values[:, 1]) == ["red", "blue", "red", "green"] * 2
    assert table.columns[2].text(table.values[:, 2]) == ["2.5", "3.25", "1.0", "7.75"] * 2


@pytest.mark.parametrize(("separator", "name"), [("\t", "t.tsv"), (";", "t.csv"), ("\t", "t.csv")])
def test_other_separators(write, separator, name):
    table = open_table(write(b"\xef\xbb\xbf" + PLAIN.replace(",", separator).encode(), name), "kind")
    assert table.fingerprint == open_table(write(PLAIN, "plain.csv"), "kind").fingerprint


@pytest.mark.parametrize(
    "written",
    [
        "\r\n\n" + PLAIN,
        PLAIN.replace("size", '"a; b; c; d; e; f; size"', 1),
        PLAIN.replace(",", ";").replace("size", '"size, of, all, in cm, or so"', 1),
    ],
)
def test_the_separator_is_that_of_the_header(write, written):
    table = open_table(write(written), "kind")
    assert [column.name for column in table.columns][1:] == ["colour", "price"]
    np.testing.assert_array_equal(table.values, open_table(write(PLAIN), "kind").values)


def test_decimal_commas_are_read_and_those_of_thousands_are_not(write):
    plain = open_table(write(PLAIN, "plain.csv"), "kind")
    assert open_table(write(PLAIN.replace(",", ";").replace(".", ",")), "kind").fingerprint == plain.fingerprint
    quoted = "\n".join(f'{i % 5},"{i % 3},5","{i + 1},000",{"ab"[i % 2]}' for i in range(12))
    table = open_table(write(f"n,half,thousands,label\n{quoted}\n"))
    assert [(column.name, column.kind) for column in table.columns] == [("n", "integer"), ("half", "real")]
    assert table.values[:4, 1].tolist() == [0.5, 1.5, 2.5, 0.5]
    assert "thousands is left out" in table.notes[0]
    small = "\n".join(f'"0,{421 + i}",{"ab"[i % 2]}' for i in range(12))
    assert open_table(write(f"share,label\n{small}\n")).values[0, 0] == 0.421
    assert open_table(write("n,label\n" + '1,"1,5"\n2,"2,5"\n' * 4)).classes == ("1,5", "2,5")


def test_a_number_without_end_costs_its_row_and_not_its_column(write):
    rows = "\n".join(f"{'-inf' if i == 3 else '#DIV/0!' if i == 5 else i / 4},{i % 3},{'ab'[i % 2]}" for i in range(12))
    table = open_table(write(f"x,n,label\n{rows}\n"))
    assert [column.kind for column in table.columns] == ["real", "integer"]
    assert len(table) == 10
    assert "in x (2)" in table.notes[0]


def test_a_class_may_be_called_as_an_empty_cell_is(write, tmp_path):
    import pyarrow
    import pyarrow.parquet

    rows = [(i % 7, "uv?uvu"[i % 6], ["None", "NA", "null", "", "nan"][i % 5]) for i in range(40)]
    text = "n,c,label\n" + "".join(f"{n},{c},{label}\n" for n, c, label in rows)
    columns = dict(zip(("n", "c", "label"), map(list, zip(*rows, strict=True)), strict=True))
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    for path in (write(text), tmp_path / "t.parquet"):
        table = open_table(path)
        assert table.classes == ("NA", "None", "null")
        assert "in c (7), label (16)" in table.notes[0]


def test_parquet(tmp_path):
    import pyarrow
    import pyarrow.parquet

    columns = {"size": [1, 2, None, 9, 3], "good": [True, False, True, True, False], "label": list("abaab")}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    table = open_table(tmp_path / "t.parquet")
    assert [column.kind for column in table.columns] == ["integer", "category"]
    assert len(table) == 4


def test_what_says_nothing_is_left_out_and_named(write):
    rows = [f"{i + 1},{i % 7},x,n{i},{'' if i % 3 else 5},{'' if i == 4 else i * 0.5},{'yn'[i % 2]}" for i in range(12)]
    table = open_table(write('"",a,same,name,gaps,b,label\n' + "\n".join(rows) + "\n"))
    assert [column.name for column in table.columns] == ["a", "b"]
    assert len(table) == 11
    told = " ".join(table.notes)
    for part in ("(no name) is left out: it numbers", "same is left out", "12 texts in 12 rows", "gaps is left out"):
        assert part in told
    assert "1 of 12 rows have empty cells, in b (1)" in told


def test_numbers_with_leading_zeros_are_codes_and_keep_them(write):
    rows = "".join(f"{('01234', '90210', '00501')[i % 3]},{i % 5},{i / 4},{'ab'[i % 2]}\n" for i in range(12))
    zips, plain, price = open_table(write("zip,n,x,label\n" + rows)).columns
    assert (zips.kind, zips.categories) == ("category", ("00501", "01234", "90210"))
    assert (plain.kind, price.kind) == ("integer", "real")  # a zero before a point, or alone, is none of a code


def test_codes_of_too_many_kinds_are_left_out_and_named(write):
    table = open_table(write("zip,n,label\n" + "".join(f"{i * 7:05},{i % 5},{'ab'[i % 2]}\n" for i in range(60))))
    assert [column.name for column in table.columns] == ["n"]
    assert table.notes == ("column zip is left out: 60 codes (numbers with leading zeros) in 60 rows",)


@pytest.mark.parametrize("first", [10**15, 10**17, -(10**18)])
def test_whole_numbers_that_are_not_exact_are_left_out_and_named(write, first):
    rows = "".join(f"{first + 2 * (i % 4) + 1},{i % 5},{'ab'[i % 2]}\n" for i in range(12))
    table = open_table(write("big,n,label\n" + rows))
    assert [column.name for column in table.columns] == ["n"]
    assert "column big is left out: whole numbers of more than 15 digits are not exact" in table.notes


def test_cells_are_kept_as_they_were_written(write):
    rows = [("2.50", "+1", "07"), ("1e5", "2", "10"), ("-0", "3", "07"), (".5", "5", "10")] * 3
    text = "x,n,code,label\n" + "".join(f"{','.join(row)},{'ab'[i % 2]}\n" for i, row in enumerate(rows))
    table = open_table(write(text + ",4,07,a\n"))  # the row with an empty cell goes
    assert table.texts is not None
    assert list(map(tuple, table.texts)) == rows
    some = table.take(np.array([3, 0]))
    assert some.texts is not None
    assert list(map(tuple, some.texts)) == [rows[3], rows[0]]


@pytest.mark.parametrize(
    ("text", "label", "kind", "message", "remedy"),
    [
        (PLAIN, None, UsageError, "no column called label", "size, colour, price, kind"),
        (PLAIN, "knd", UsageError, "no column 'knd'", "did you mean --label kind?"),
        (PLAIN.replace(",b\n", ",a\n"), "kind", DataError, "one class only", "two or more"),
        ("n,kind\n3,a\n1,b\n2,c\n9,d\n", "kind", DataError, "kind has 4 different values in 4 rows", "another"),
        ("", "kind", DataError, "is empty", ""),
        ("size,kind\n", "kind", DataError, "no rows", ""),
        ("size,kind\n1,a\n2\n", "kind", DataError, "row 3 of .* has 1 cells", "mend"),
        ("size,size,kind\n1,2,a\n", "kind", DataError, "more than one column called 'size'", ""),
        ("name,kind\nu,a\nv,b\nw,a\nx,b\n", "kind", DataError, "no column to learn from beside kind", ""),
        ("s,t,kind\n1,,a\n,2,b\n3,,a\n,4,b\n", "kind", DataError, "4 of 4 rows have empty cells", "fill"),
        (b"s,kind\n\xff\xfe,a\n", "kind", DataError, "cannot be read", "UTF-8"),
    ],
)
def test_tables_that_cannot_be_used(write, text, label, kind, message, remedy):
    with pytest.raises(kind, match=message) as caught:
        open_table(write(text), label)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(("name", "rows", "columns"), [("breast-cancer", 569, 30), ("wine", 178, 13), ("iris", 150, 4)])
def test_named_sets(name, rows, columns):
    table = gs.table(name)
    assert table.values.shape == (rows, columns)
    assert table.notes == ()
    assert is_table(name)
    with pytest.raises(DataError, match="is a table, not pictures"):
        open_data(name)


def test_pictures_are_asked_of_a_table(write):
    with pytest.raises(DataError, match="is a table") as caught:
        open_data(write(PLAIN))
    assert "--study" in caught.value.remedy
    with pytest.raises(UsageError, match="runs are of pictures"):
        gs.train(gs.table("iris"))
    for name in ("nowhere.csv", "~nosuchuser/t.csv"):
        with pytest.raises(DataError, match="No such file"):
            open_table(name)


def test_rows_taken():
    table = gs.table("iris")
    some = table.take(np.array([149, 0]))
    assert some.labels.tolist() == [2, 0]
    assert some.fingerprint != table.fingerprint
