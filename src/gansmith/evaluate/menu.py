"""The figures that can be asked for, by name. Imports nothing, so that the command line can list them at once."""

from typing import Literal, NamedTuple


class Figure(NamedTuple):
    """What a figure aims at and what it tells; `by_default` where a plain `evaluate` takes it.

    Of two values the lower or the higher is better, or the one nearer to the aim, from whichever side.
    """

    aim: str
    better: Literal["lower", "higher", "nearer"]
    tells: str
    by_default: bool = False


MENU = {
    "fd": Figure("0", "lower", "Frechet distance; on Inception features fid", True),
    "kid": Figure("0", "nearer", "kernel distance, unbiased", True),
    "precision": Figure("1", "higher", "share of fakes among the reals", True),
    "recall": Figure("1", "higher", "share of reals among the fakes", True),
    "density": Figure("1", "nearer", "how deep fakes lie among the reals", True),
    "coverage": Figure("1", "higher", "share of reals with a fake nearby", True),
    "fd_infinity": Figure("0", "nearer", "Frechet distance without the bias of few images"),
    "sw2": Figure("0", "lower", "sliced Wasserstein-2 distance"),
    "nn_accuracy": Figure("0.5", "nearer", "can a nearest neighbour tell fakes from reals?"),
    "nn_accuracy_real": Figure("0.5", "nearer", "the same over reals"),
    "nn_accuracy_fake": Figure("0.5", "nearer", "the same over fakes"),
    "class_fd": Figure("0", "lower", "mean over classes of the Frechet distance, and the worst class"),
    "is": Figure("as reals", "higher", "Inception Score"),
    "cas": Figure("as reals", "higher", "accuracy on reals of a classifier that learned from fakes"),
    "cas_reverse": Figure("as reals", "higher", "accuracy on fakes of a classifier that learned from reals"),
    "auth_pct": Figure("as reals", "nearer", "percentage of fakes that are no near copies"),
    "c_t": Figure("0", "nearer", "below 0: fakes nearer to the training set than held-out images"),
    "fld_gap": Figure("as reals", "nearer", "above: fakes make training images likelier than held-out ones"),
    "memorization_ratio": Figure(
        "as reals", "nearer", "share of fakes far nearer to one training image than to others"
    ),
    "membership_auc": Figure("0.5", "nearer", "can training images be told by their distance to fakes?"),
    "membership_tpr": Figure("0.01", "nearer", "share of training images so told at one false alarm in a hundred"),
}
METRICS = tuple(MENU)
DEFAULT = tuple(name for name, figure in MENU.items() if figure.by_default)
COPYING = ("auth_pct", "c_t", "fld_gap", "memorization_ratio", "membership_auc", "membership_tpr")
CAS = ("cas", "cas_reverse")
ALIASES = {"fid": "fd", "fid_infinity": "fd_infinity"}
HELP = f"Comma-separated from {', '.join(METRICS)}; or all. By default: {', '.join(DEFAULT)}."
