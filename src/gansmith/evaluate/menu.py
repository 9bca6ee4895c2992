"""The figures that can be asked for, by name. Imports nothing, so that the command line can list them at once."""

from typing import NamedTuple


class Figure(NamedTuple):
    """What a figure aims at and what it tells; `by_default` where a plain `evaluate` takes it."""

    aim: str
    tells: str
    by_default: bool = False


MENU = {
    "fd": Figure("0", "Frechet distance; on Inception features fid", True),
    "kid": Figure("0", "kernel distance, unbiased", True),
    "precision": Figure("1", "share of fakes among the reals", True),
    "recall": Figure("1", "share of reals among the fakes", True),
    "density": Figure("1", "how deep fakes lie among the reals", True),
    "coverage": Figure("1", "share of reals with a fake nearby", True),
    "fd_infinity": Figure("0", "Frechet distance without the bias of few images"),
    "sw2": Figure("0", "sliced Wasserstein-2 distance"),
    "nn_accuracy": Figure("0.5", "can a nearest neighbour tell fakes from reals?"),
    "nn_accuracy_real": Figure("0.5", "the same over reals"),
    "nn_accuracy_fake": Figure("0.5", "the same over fakes"),
    "class_fd": Figure("0", "mean over classes of the Frechet distance, and the worst class"),
    "is": Figure("as reals", "Inception Score"),
    "cas": Figure("as reals", "accuracy on reals of a classifier that learned from fakes"),
    "cas_reverse": Figure("as reals", "accuracy on fakes of a classifier that learned from reals"),
    "auth_pct": Figure("as reals", "percentage of fakes that are no near copies"),
    "c_t": Figure("0", "below 0: fakes nearer to the training set than held-out images"),
    "fld_gap": Figure("as reals", "above: fakes make training images likelier than held-out ones"),
    "membership_auc": Figure("0.5", "can training images be told by their distance to fakes?"),
}
METRICS = tuple(MENU)
DEFAULT = tuple(name for name, figure in MENU.items() if figure.by_default)
COPYING = ("auth_pct", "c_t", "fld_gap", "membership_auc")
CAS = ("cas", "cas_reverse")
ALIASES = {"fid": "fd", "fid_infinity": "fd_infinity"}
HELP = f"Comma-separated from {', '.join(METRICS)}; or all. By default: {', '.join(DEFAULT)}."
