"""The catalog: name -> GAN, written out by hand, and the way between a GAN and its plain configuration."""

import dataclasses
import difflib
import inspect
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gansmith import gans
from gansmith.errors import UsageError, listed
from gansmith.game import GAN

GANS: dict[str, type[GAN]] = {
    "vanilla": gans.Vanilla,
    "dcgan": gans.DCGAN,
    "lsgan": gans.LSGAN,
    "wgan": gans.WGAN,
    "wgan_gp": gans.WGANGP,
    "dragan": gans.DRAGAN,
    "sngan": gans.SNGAN,
    "ragan": gans.RaGAN,
    "r3gan": gans.R3GAN,
    "cgan": gans.CGAN,
    "acgan": gans.ACGAN,
    "projection": gans.Projection,
    "infogan": gans.InfoGAN,
    "ebgan": gans.EBGAN,
    "began": gans.BEGAN,
    "stylegan2": gans.StyleGAN2,
    "progressive": gans.Progressive,
    "sagan": gans.SAGAN,
    "biggan": gans.BigGAN,
    "fastgan": gans.FastGAN,
    "dagan": gans.DAGAN,
    "vae": gans.VAE,
    "vaegan": gans.VAEGAN,
    "aae": gans.AAE,
    "pixelcnn": gans.PixelCNN,
    "ssgan": gans.SSGAN,
    "consensus": gans.Consensus,
}
DEFAULT, DEFAULT_LARGE = "dcgan", "wgan_gp"
"""The best pictures per minute on two cores, below 48 pixels and from there on; figures in docs/lab/default_gan.md."""
LARGE = 48
MOST, MOST_LAYERS = 1_000_000, 1_000
"""The largest whole number that a hyper-parameter may be, and that a number of layers may be."""


def did_you_mean(word: str, known: list[str] | Mapping[str, Any]) -> str:
    """Return a remedy: the nearest known word, or those that there are."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"there are: {listed(known)}"


def default_for(size: Sequence[int]) -> str:
    """Name the GAN for pictures of this (height, width) where the user names none."""
    return DEFAULT_LARGE if max(size) >= LARGE else DEFAULT


def find(name: str) -> type[GAN]:
    """Return the class of a GAN by its name; UsageError with a suggestion where there is none."""
    key = name.replace("-", "_").lower()
    if key not in GANS:
        raise UsageError(f"there is no GAN named {name!r}", did_you_mean(key, GANS) + " (see: gansmith gans)")
    return GANS[key]


def name_of(gan: GAN) -> str:
    """Return the catalog name of a GAN, or its class name where it is not in the catalog."""
    return next((name for name, cls in GANS.items() if cls is type(gan)), type(gan).__name__)


def create(name: str, fields: Mapping[str, Any] | None = None) -> GAN:
    """Build a GAN from name and hyper-parameters; text is converted, unknown names and bad values are UsageErrors."""
    cls, fields = find(name), dict(fields or {})
    known = [field.name for field in dataclasses.fields(cls)]
    for key in fields:
        if key not in known:
            raise UsageError(
                f"{name} has no option {key!r}", did_you_mean(key, known) + f" (see: gansmith gans {name})"
            )
    types = {field.name: field.type for field in dataclasses.fields(cls)}
    for key, value in fields.items():
        if isinstance(value, str) and "tuple" in str(types[key]):
            fields[key] = value.split(",") if value else ()
    try:
        gan = TypeAdapter(cls).validate_python(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(
            f"{name}: {where} = {first['input']!r} does not fit: {first['msg'].lower()}", f"see: gansmith gans {name}"
        ) from None
    for key, value in dataclasses.asdict(gan).items():
        most = MOST_LAYERS if key in ("depth", "layers", "blocks") else MOST
        if isinstance(value, int) and not 0 <= value <= most:
            raise UsageError(f"{name}: {key} = {value} is outside 0 to {most:,}", f"see: gansmith gans {name}")
        if key == "augment" and not 0 <= value <= 1:
            raise UsageError(f"{name}: augment = {value:g} is no probability", "take 0 to 1")
    return gan


def to_config(gan: GAN) -> dict[str, Any]:
    """Return name and fields, JSON-ready; `create` is the way back."""
    return {"name": name_of(gan)} | dataclasses.asdict(gan)


def from_config(config: Mapping[str, Any]) -> GAN:
    """Build a GAN from what `to_config` gave."""
    fields = dict(config)
    return create(str(fields.pop("name")), fields)


def overview() -> list[tuple[str, str, str]]:
    """Return (name, default mark, first line of the file's docstring) of every GAN."""
    remarks = {DEFAULT: f"default below {LARGE} pixels", DEFAULT_LARGE: f"default from {LARGE} pixels"}
    return [(name, remarks.get(name, ""), _story(cls).splitlines()[0]) for name, cls in GANS.items()]


def options(name: str) -> dict[str, Any]:
    """Return the hyper-parameters of a GAN and their defaults."""
    return {field.name: field.default for field in dataclasses.fields(find(name))}


def explain(name: str) -> str:
    """Return the story of a GAN and its options with defaults and meaning, as text."""
    cls = find(name)
    lines = [_story(cls).strip(), "", "options:"]
    for key, default, meaning in explained_options(name):
        lines.append(f"  --{key.replace('_', '-'):12} {default:16} {meaning}".rstrip())
    return "\n".join(lines)


def explained_options(name: str) -> list[tuple[str, str, str]]:
    """Return each hyper-parameter of a GAN: its name, its default as it is typed, and its meaning, if that is told."""
    cls = find(name)
    source, found = inspect.getsource(cls).splitlines(), []
    for key, default in options(name_of_class(cls)).items():
        line = next(line for line in source if line.strip().startswith(f"{key}:"))
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
        found.append((key, shown, line.partition("#")[2].strip()))
    return found


def name_of_class(cls: type[GAN]) -> str:
    """Return the catalog name of a class."""
    return next(name for name, known in GANS.items() if known is cls)


def _story(cls: type[GAN]) -> str:
    return sys.modules[cls.__module__].__doc__ or ""
