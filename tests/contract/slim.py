"""Each GAN of the catalog with networks small enough for a test."""

from torch.nn.modules.batchnorm import _BatchNorm

from gansmith import catalog
from gansmith.data.spec import DataSpec

SLIM = {
    "vanilla": {"width": 32},
    "dcgan": {"width": 8},
    "lsgan": {"width": 8},
    "wgan": {"width": 8, "n_critic": 2},
    "wgan_gp": {"width": 8, "n_critic": 2, "palette": 4, "sharpen": 2.0},
    "dragan": {"width": 8},
    "sngan": {"width": 8},
    "ragan": {"width": 8},
    "cgan": {"width": 8},
    "acgan": {"width": 8},
    "projection": {"width": 8},
    "infogan": {"width": 8},
    "ebgan": {"width": 8},
    "began": {"width": 8},
    "dagan": {"width": 8, "n_critic": 2},
    "r3gan": {"widths": (32, 16), "group": 8, "lazy": 2},
    "stylegan2": {"latent_dim": 8, "width": 8, "widest": 8, "group": 2, "r1_every": 2, "path_every": 2, "ada": 0.6},
    "progressive": {"latent_dim": 8, "width": 8, "widest": 8, "group": 2, "grown": 0.0025},
    "sagan": {"latent_dim": 8, "width": 8, "widest": 8, "lecam": 0.3, "consistency": 1.0},
    "biggan": {"latent_dim": 12, "embed_dim": 4, "width": 8, "widest": 8},
    "fastgan": {"latent_dim": 8, "width": 8, "widest": 8},
    "vae": {"width": 8},
    "vaegan": {"width": 8},
    "aae": {"width": 8},
    "pixelcnn": {"width": 8, "layers": 2, "reach": 1, "bits": 4},
    "ssgan": {"width": 8, "labelled": 2, "minibatch": 3, "history": 0.01},
    "consensus": {"width": 8},
}
"""Hyper-parameters by name; a GAN that is not listed is tested as it is."""


def splits_exactly(name: str) -> bool:
    """Whether the parts of a batch give the gradient of the whole: not where statistics are taken over the batch."""
    nets = catalog.create(name, SLIM.get(name, {})).nets(DataSpec((1, 28, 28), ("cat", "dog", "owl")))
    return not any(isinstance(module, _BatchNorm) for module in nets.modules())


def slim_words(name: str) -> list[str]:
    """The same on the command line."""
    words = ["--gan", name]
    for option, value in SLIM.get(name, {}).items():
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        words += [f"--{option.replace('_', '-')}", text]
    return words
