"""Tables: metadata beside pictures, and tables of rows to learn from."""

import io

from .case import Case
from .pictures import encoded, picture

GOOD = "file_name,label\n" + "".join(f"{i}.png,{'ab'[i % 2]}\n" for i in range(4))
ROWS = "x,y,label\n" + "".join(f"{i * 7 % 5}.5,{i * 3 % 7},{'ab'[i % 2]}\n" for i in range(40))


def beside(name, content):
    """Return what writes a table of metadata beside four pictures."""

    def make(folder):
        for i in range(4):
            (folder / f"{i}.png").write_bytes(encoded(picture(i)))
        (folder.parent / "secret.png").write_bytes(encoded(picture(9)))
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return make


def table(content, name="set.csv"):
    """Return what writes a table."""

    def make(folder):
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return folder / name

    return make


def sparse(name, size, head=b"", pictures=True):
    """Return what writes a file of this size that takes no room."""

    def make(folder):
        if pictures:
            beside(name, b"")(folder)
        with (folder / name).open("wb") as file:
            file.write(head)
            file.truncate(size)
        return folder if pictures else folder / name

    return make


def parquet(row_groups=1, **columns):
    """Return the bytes of a parquet table."""
    import pyarrow
    import pyarrow.parquet

    stream = io.BytesIO()
    made = pyarrow.table(columns)
    with pyarrow.parquet.ParquetWriter(stream, made.schema) as writer:
        for _ in range(row_groups):
            writer.write_table(made)
    return stream.getvalue()


def _parquet_beside(*args, **columns):
    return lambda folder: beside("metadata.parquet", parquet(*args, **columns))(folder)


def _parquet_table(*args, **columns):
    return lambda folder: table(parquet(*args, **columns), "set.parquet")(folder)


FILES = [f"{i}.png" for i in range(4)]

METADATA = {
    "csv as it should be": Case(beside("metadata.csv", GOOD), read=4),
    "csv that leads out": Case(beside("metadata.csv", GOOD + "../secret.png,a\n"), read=4, left_out=1),
    "csv with an absolute path": Case(beside("metadata.csv", GOOD + "/etc/passwd,a\n"), read=4, left_out=1),
    "jsonl that leads out": Case(beside("metadata.jsonl", '{"file_name": "../secret.png"}'), "no image"),
    "csv of a gigabyte": Case(sparse("metadata.csv", 1 << 30, GOOD.encode()), "larger than"),
    "jsonl of a gigabyte": Case(sparse("metadata.jsonl", 1 << 30, b'{"file_name": "0.png"}\n'), "larger than"),
    "jsonl of one endless line": Case(sparse("metadata.jsonl", 200 << 20, b'{"file_name": "'), "cannot be read"),
    "csv of one endless line": Case(sparse("metadata.csv", 200 << 20, b"file_name,"), "cannot be read"),
    "jsonl of brackets": Case(beside("metadata.jsonl", "[" * 200_000), "cannot be read"),
    "jsonl of an endless number": Case(beside("metadata.jsonl", '{"file_name": ' + "9" * 9000 + "}"), "cannot be read"),
    "jsonl that is no object": Case(beside("metadata.jsonl", "[1, 2]"), "not an object"),
    "jsonl of other things": Case(
        beside("metadata.jsonl", '{"file_name": {"a": [1]}}\n{"file_name": NaN}\n{"file_name": true}\n'), "no image"
    ),
    "csv with zeros": Case(beside("metadata.csv", GOOD + "a\0b.png,a\n"), read=4, left_out=1),
    "csv in another encoding": Case(beside("metadata.csv", GOOD.encode("utf-16")), "cannot be read"),
    "csv without its column": Case(beside("metadata.csv", "name,label\n0.png,a\n"), "no column file_name"),
    "csv with an endless cell": Case(beside("metadata.csv", GOOD + "x" * 200_000 + ",a\n"), "cannot be read"),
    "csv with an open quote": Case(beside("metadata.csv", GOOD + '"3.png,a\n'), read=4, left_out=1),
    "csv with rows of many lengths": Case(
        beside("metadata.csv", GOOD + "3.png,a,b,c,d\n\n3.png\n"), read=4, left_out=2
    ),
    "csv whose columns have one name": Case(
        beside("metadata.csv", "label,file_name,label\na,0.png,b\nb,1.png,a\n"), read=2
    ),
    "csv with a name twice": Case(beside("metadata.csv", GOOD + "3.png,b\n"), read=4, left_out=1),
    "csv that is empty": Case(beside("metadata.csv", ""), "no column file_name"),
    "csv of labels without value": Case(beside("metadata.csv", GOOD + "3.png,\n"), read=4, left_out=1),
    "parquet as it should be": Case(_parquet_beside(file_name=FILES, label=list("abab")), read=4),
    "parquet with NaN labels": Case(
        _parquet_beside(file_name=FILES, label=[0.0, 1.0, float("nan"), None]), read=2, left_out=2
    ),
    "parquet of many rows": Case(
        lambda folder: _parquet_beside(30, file_name=["0.png"] * 1_000_000)(folder), "rows of 1 columns; the limit is"
    ),
    "parquet of vast rows": Case(
        lambda folder: _parquet_beside(3, file_name=["x" * (1 << 20)] * 200)(folder), "larger than"
    ),
    "parquet cut short": Case(beside("metadata.parquet", b"PAR1" + bytes(50)), "cannot be read"),
    "parquet with a lying footer": Case(
        lambda folder: beside("metadata.parquet", parquet(file_name=FILES)[:-8] + b"\xff\xff\xff\x7fPAR1")(folder),
        "cannot be read",
    ),
    "parquet with flipped bits": Case(
        lambda folder: beside("metadata.parquet", _flip(parquet(file_name=FILES, label=list("abab"))))(folder),
        "cannot be read",
    ),
}


def _flip(content):
    return content[:40] + bytes(255 - byte for byte in content[40:300]) + content[300:]


TABLES = {
    "rows as they should be": Case(table(ROWS), read=40),
    "rows, wide": Case(
        table(",".join(f"c{i}" for i in range(50_000)) + ",label\n" + "1," * 50_000 + "a\n"), "no column to learn"
    ),
    "rows of a gigabyte": Case(sparse("set.csv", 1 << 30, ROWS.encode(), pictures=False), "larger than"),
    "rows of an endless cell": Case(table(ROWS + "1," + "x" * 200_000 + ",a\n"), "cannot be read"),
    "rows of zeros": Case(table(b"\0" * 500), "no column"),
    "rows in another encoding": Case(table(ROWS.encode("utf-16")), "cannot be read"),
    "rows of a mark alone": Case(table(b"\xef\xbb\xbf"), "is empty"),
    "rows of a mark and lines": Case(table(b"\xef\xbb\xbf\n\n"), "is empty"),
    "rows of blanks": Case(table(" \n\t\n"), "is empty"),
    "rows of one header": Case(table("x,label\n"), "no rows"),
    "rows of other lengths": Case(table(ROWS + "1,2\n"), "has 2 cells"),
    "rows with a column twice": Case(table("x,x,label\n1,2,a\n"), "more than one column"),
    "rows of NaN labels": Case(table(ROWS.replace(",a\n", ",nan\n")), "one class|empty cells"),
    "rows of vast numbers": Case(table(ROWS.replace("4.5", "1e999")), read=40),
    "rows of endless numbers": Case(table(ROWS.replace("4.5", "9" * 9000)), read=40),
    "rows in a folder": Case(lambda folder: (folder / "set.csv").mkdir() or folder / "set.csv", "Is a directory"),
    "rows in parquet": Case(_parquet_table(x=[1.5, 2.5, 3.5, 9.5], y=[3, 1, 4, 9], label=list("abab")), read=4),
    "rows in parquet, many": Case(
        lambda folder: _parquet_table(11, x=[1] * 1_000_000, label=["a"] * 1_000_000)(folder), "larger than|cells"
    ),
    "rows in parquet, vast": Case(
        lambda folder: _parquet_table(3, x=["x" * (1 << 20)] * 200, label=["a"] * 200)(folder), "larger than"
    ),
    "rows in parquet, nested": Case(_parquet_table(x=[[1], [2], [3], [4]], label=list("abab")), "no column to learn"),
    "rows in parquet, cut short": Case(table(b"PAR1PAR1", "set.parquet"), "cannot be read"),
}
