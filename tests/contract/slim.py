"""Each GAN of the catalog with networks small enough for a test."""

SLIM = {
    "vanilla": {"width": 32},
    "dcgan": {"width": 8},
    "wgan_gp": {"width": 8, "n_critic": 2},
    "dagan": {"width": 8, "n_critic": 2},
    "r3gan": {"widths": (32, 16), "group": 8, "lazy": 2},
}
"""Hyper-parameters by name; a GAN that is not listed is tested as it is."""


def slim_words(name: str) -> list[str]:
    """The same on the command line."""
    words = ["--gan", name]
    for option, value in SLIM.get(name, {}).items():
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        words += [f"--{option.replace('_', '-')}", text]
    return words
