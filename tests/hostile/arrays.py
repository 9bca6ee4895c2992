"""Arrays and MNIST-format files that lie about their shape, or hold what no picture is made of."""

import gzip
import io
import os
import pickle
import struct
import zipfile

import numpy as np

from .case import Case

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 10, 12, 3), np.uint8)
LABELS = np.array([0, 1, 1, 0, 1, 0])


class Evil:
    """Makes a folder where it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("evil-was-here",)


def npy(array, **options):
    """Return what saves an array, with what a shape, type or order in its header is replaced by."""

    def make(folder):
        stream = io.BytesIO()
        np.save(stream, array)
        content = stream.getvalue()
        if options:
            header = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape} | options
            text = repr(header).encode().ljust(117) + b"\n"
            content = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + array.tobytes()
        return _written(folder / "set.npy", content)

    return make


def raw(name, content):
    """Return what writes these bytes."""
    return lambda folder: _written(folder / name, content)


def npz(**arrays):
    """Return what saves these arrays."""

    def make(folder):
        np.savez(folder / "set.npz", **arrays)
        return folder / "set.npz"

    return make


def members(**contents):
    """Return what packs these bytes into an .npz."""

    def make(folder):
        with zipfile.ZipFile(folder / "set.npz", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents.items():
                archive.writestr(f"{name}.npy", content)
        return folder / "set.npz"

    return make


def _npy_bytes(array, shape=None):
    text = repr({"descr": array.dtype.str, "fortran_order": False, "shape": shape or array.shape}).encode() + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + array.tobytes()


def idx(images, labels=None, packed=False):
    """Return what writes idx files of these bytes, and names their folder."""

    def make(folder):
        for kind, content in (("images-idx3", images), ("labels-idx1", labels)):
            if content is not None:
                name = f"train-{kind}-ubyte" + (".gz" if packed else "")
                (folder / name).write_bytes(gzip.compress(content) if packed else content)
        return folder

    return make


def idx_bytes(array, shape=None, kind=8):
    """Return an idx file, whose header may say another shape."""
    shape = array.shape if shape is None else shape
    return bytes((0, 0, kind, len(shape))) + struct.pack(f">{len(shape)}I", *shape) + array.tobytes()


def _written(path, content):
    path.write_bytes(content)
    return path


def _pipe(name):
    def make(folder):
        os.mkfifo(folder / name)
        return folder / name

    return make


def _folder_with_pipe(folder):
    _pipe("train-images-idx3-ubyte")(folder)
    return folder


def _sparse(name, head, size):
    def make(folder):
        with (folder / name).open("wb") as file:
            file.write(head)
            file.truncate(size)
        return folder / name

    return make


GREY = PIXELS[..., 0]
IMAGES = idx_bytes(GREY)

CASES = {
    # arrays
    "npy as it should be": Case(npy(PIXELS), read=6),
    "npy in Fortran's order": Case(npy(np.asfortranarray(PIXELS)), read=6),
    "npy with the other end first": Case(npy(GREY.astype(">u2") * 257), read=6),
    "npy of half floats": Case(npy((PIXELS / 255).astype(np.float16)), read=6),
    "npy of long floats": Case(npy((PIXELS / 255).astype(np.longdouble)), read=6),
    "npy of Python objects": Case(npy(np.array([Evil()] * 6, object)), "pickle"),
    "npy that is a pickle": Case(raw("set.npy", pickle.dumps(Evil())), "pickle"),
    "pickle": Case(raw("set.pkl", pickle.dumps(Evil())), "pickle"),
    "npy of petabytes": Case(npy(PIXELS, shape=(2**50, 10, 12, 3)), "damaged"),
    "npy beyond all bytes": Case(npy(PIXELS, shape=(2**63, 2**63, 3)), "damaged"),
    "npy of a negative shape": Case(npy(PIXELS, shape=(-6, 10, 12, 3)), "damaged"),
    "npy whose shape is text": Case(npy(PIXELS, shape="6"), "damaged"),
    "npy of an unknown type": Case(npy(PIXELS, descr="nonsense"), "damaged"),
    "npy of endless nothing": Case(npy(PIXELS, descr="|V0", shape=(2**40, 8, 8)), "not pixels|damaged"),
    "npy of records": Case(npy(np.zeros((6, 8, 8), [("a", "u1"), ("b", "u1")])), "not pixels"),
    "npy of complex numbers": Case(npy(np.zeros((6, 8, 8), np.complex64)), "not pixels"),
    "npy of dates": Case(npy(np.zeros((6, 8, 8), "M8[s]")), "not pixels"),
    "npy cut short": Case(raw("set.npy", _npy_bytes(PIXELS)[:-100]), "damaged"),
    "npy of a header alone": Case(raw("set.npy", _npy_bytes(PIXELS)[:30]), "damaged"),
    "npy whose header is endless": Case(
        raw("set.npy", b"\x93NUMPY\2\0" + struct.pack("<I", 2**31) + b" " * 99), "damaged"
    ),
    "npy whose header is deep": Case(
        raw("set.npy", b"\x93NUMPY\1\0" + struct.pack("<H", 9000) + b"(" * 9000), "damaged"
    ),
    "npy that is empty": Case(raw("set.npy", b""), "damaged"),
    "npy of NaN": Case(npy(np.full((6, 8, 8), np.nan)), "not numbers"),
    "npy with one NaN": Case(npy(np.where(np.arange(384).reshape(6, 8, 8) == 9, np.nan, 0.5)), "not numbers"),
    "npy of infinities": Case(npy(np.full((6, 8, 8), -np.inf)), "not numbers"),
    "npy of another shape": Case(npy(np.zeros((6, 8), np.uint8)), "shape"),
    "npy without dimensions": Case(npy(np.uint8(7)), "shape"),
    "npy of two channels": Case(npy(np.zeros((6, 8, 8, 2), np.uint8)), "shape"),
    "npy with no sides": Case(npy(np.zeros((6, 0, 8, 3), np.uint8)), "shape"),
    "npy of lines": Case(npy(np.zeros((6, 1, 900), np.uint8)), "cannot be used"),
    "npy that is a pipe": Case(_pipe("set.npy"), "not a file or a folder"),
    # several arrays
    "npz as it should be": Case(npz(images=PIXELS, labels=LABELS), read=6),
    "npz of Python objects": Case(npz(images=PIXELS, labels=np.array([Evil()] * 6)), "pickle"),
    "npz of petabytes": Case(members(images=_npy_bytes(PIXELS, (2**50, 10, 12, 3))), "damaged"),
    "npz of gigabytes": Case(members(images=_npy_bytes(PIXELS, (2**25, 10, 12, 3))), "damaged"),
    "npz bomb": Case(members(images=_npy_bytes(np.zeros((300, 1000, 1000), np.uint8))), "packed"),
    "npz whose member is no array": Case(members(images=b"this is not an array"), "images"),
    "npz cut short": Case(
        lambda folder: _written(path := npz(images=PIXELS)(folder), path.read_bytes()[:-100]), "damaged"
    ),
    "npz without images": Case(npz(foo=PIXELS), "holds no images"),
    "npz of dates for labels": Case(npz(images=PIXELS, labels=np.zeros(6, "M8[s]")), "labels"),
    "npz of complex labels": Case(npz(images=PIXELS, labels=np.zeros(6, complex)), "labels"),
    "npz of records for labels": Case(npz(images=PIXELS, labels=np.zeros(6, [("a", "u1")])), "labels"),
    "npz of too few labels": Case(npz(images=PIXELS, labels=[0, 1]), "6 images, but"),
    "npz of one label for all": Case(npz(images=PIXELS, labels=np.int64(3)), "6 images, but"),
    "npz of text in columns": Case(npz(images=PIXELS, labels=[["a", "b"]] * 6), "6 images, but"),
    "npz of labels that are no numbers": Case(
        npz(images=PIXELS, labels=[0, 1, np.nan, np.inf, 0, 1]), read=4, left_out=2
    ),
    "npz of vast labels": Case(npz(images=PIXELS, labels=np.array([1e300, 0, 1e300, 0, 0, 0])), read=6),
    "npz of one class name": Case(npz(images=PIXELS, labels=LABELS, class_names="cat"), read=6),
    "npz of bytes for labels": Case(npz(images=PIXELS, labels=[b"\xff", b"a", b"\xff", b"a", b"a", b"a"]), read=6),
    # MNIST format
    "idx as it should be": Case(idx(IMAGES, idx_bytes(LABELS.astype(np.uint8))), read=6),
    "idx of petabytes": Case(idx(idx_bytes(GREY, (2**32 - 1,) * 3)), "asks for"),
    "idx of gigabytes": Case(idx(idx_bytes(GREY, (6, 2**15, 2**16))), "asks for"),
    "idx packed, of gigabytes": Case(idx(idx_bytes(GREY, (6, 2**15, 2**16)), packed=True), "asks for"),
    "idx bomb": Case(idx(idx_bytes(np.zeros((300, 1000, 1000), np.uint8)), packed=True), "asks for"),
    "idx of no pictures": Case(idx(idx_bytes(GREY, (0, 10, 12))), "cut short"),
    "idx of floats": Case(idx(idx_bytes(GREY, kind=13)), "not an idx file"),
    "idx cut in its header": Case(idx(IMAGES[:9]), "cut short|damaged"),
    "idx with more labels": Case(idx(IMAGES, idx_bytes(np.zeros(9, np.uint8))), "6 images, but"),
    "idx with labels that are pictures": Case(idx(IMAGES, IMAGES), "not an idx file"),
    "idx packed, cut short": Case(
        lambda folder: _written(folder / "train-images-idx3-ubyte.gz", gzip.compress(IMAGES)[:-30]), "damaged"
    ),
    "idx packed, but not": Case(raw("train-images-idx3-ubyte.gz", IMAGES), "damaged"),
    "idx that is a pipe": Case(_folder_with_pipe, "no images"),
    "idx that is a folder": Case(lambda folder: (folder / "train-images-idx3-ubyte").mkdir() or folder, "no images"),
    # neither
    "weights of torch": Case(raw("model.pt", b"PK\3\4"), "pickle|damaged"),
    "one picture": Case(raw("a.png", b"\x89PNG"), "is one picture"),
    "nothing known": Case(raw("set.xyz", b"xyz"), "not a set of images"),
    "pipe": Case(_pipe("set.zip"), "not a file or a folder"),
    "device": Case(lambda folder: "/dev/zero", "not a file or a folder"),
    "large and empty": Case(_sparse("set.npy", b"\x93NUMPY\1\0", 2**40), "damaged"),
}
