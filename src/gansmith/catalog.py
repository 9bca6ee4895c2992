"""The catalog: name -> GAN, written out by hand, and the way between a GAN and its plain configuration."""

import dataclasses
import difflib
import inspect
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gansmith.errors import UsageError
from gansmith.game import GAN
from gansmith.gans.aae import AAE
from gansmith.gans.acgan import ACGAN
from gansmith.gans.began import BEGAN
from gansmith.gans.biggan import BigGAN
from gansmith.gans.cgan import CGAN
from gansmith.gans.consensus import Consensus
from gansmith.gans.dcgan import DCGAN
from gansmith.gans.dragan import DRAGAN
from gansmith.gans.ebgan import EBGAN
from gansmith.gans.fastgan import FastGAN
from gansmith.gans.infogan import InfoGAN
from gansmith.gans.lsgan import LSGAN
from gansmith.gans.pixelcnn import PixelCNN
from gansmith.gans.progressive import Progressive
from gansmith.gans.projection import Projection
from gansmith.gans.r3gan import R3GAN
from gansmith.gans.ragan import RaGAN
from gansmith.gans.sagan import SAGAN
from gansmith.gans.sngan import SNGAN
from gansmith.gans.ssgan import SSGAN
from gansmith.gans.stylegan2 import StyleGAN2
from gansmith.gans.vae import VAE
from gansmith.gans.vaegan import VAEGAN
from gansmith.gans.vanilla import Vanilla
from gansmith.gans.wgan import WGAN
from gansmith.gans.wgan_gp import WGANGP

GANS: dict[str, type[GAN]] = {
    "vanilla": Vanilla,
    "dcgan": DCGAN,
    "lsgan": LSGAN,
    "wgan": WGAN,
    "wgan_gp": WGANGP,
    "dragan": DRAGAN,
    "sngan": SNGAN,
    "ragan": RaGAN,
    "r3gan": R3GAN,
    "cgan": CGAN,
    "acgan": ACGAN,
    "projection": Projection,
    "infogan": InfoGAN,
    "ebgan": EBGAN,
    "began": BEGAN,
    "stylegan2": StyleGAN2,
    "progressive": Progressive,
    "sagan": SAGAN,
    "biggan": BigGAN,
    "fastgan": FastGAN,
    "vae": VAE,
    "vaegan": VAEGAN,
    "aae": AAE,
    "pixelcnn": PixelCNN,
    "ssgan": SSGAN,
    "consensus": Consensus,
}
DEFAULT, DEFAULT_LARGE = "dcgan", "wgan_gp"
"""The best pictures per minute on two cores, below 48 pixels and from there on; figures in docs/lab/default_gan.md."""
LARGE = 48


def did_you_mean(word: str, known: list[str] | Mapping[str, Any]) -> str:
    """Return a remedy: the nearest known word, or all of them."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else "there are: " + ", ".join(known)


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
            fields[key] = value.split(",")
    try:
        return TypeAdapter(cls).validate_python(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(
            f"{name}: {where} = {first['input']!r} does not fit: {first['msg'].lower()}", f"see: gansmith gans {name}"
        ) from None


def to_config(gan: GAN) -> dict[str, Any]:
    """Return name and fields, JSON-ready; `create` is the way back."""
    return {"name": name_of(gan)} | dataclasses.asdict(gan)


def from_config(config: Mapping[str, Any]) -> GAN:
    """Build a GAN from what `to_config` gave."""
    fields = dict(config)
    return create(fields.pop("name"), fields)


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
    source = inspect.getsource(cls).splitlines()
    lines = [_story(cls).strip(), "", "options:"]
    for key, default in options(name_of_class(cls)).items():
        line = next(line for line in source if line.strip().startswith(f"{key}:"))
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
        lines.append(f"  --{key.replace('_', '-'):12} {shown!s:16} {line.partition('#')[2].strip()}".rstrip())
    return "\n".join(lines)


def name_of_class(cls: type[GAN]) -> str:
    """Return the catalog name of a class."""
    return next(name for name, known in GANS.items() if known is cls)


def _story(cls: type[GAN]) -> str:
    return sys.modules[cls.__module__].__doc__ or ""
