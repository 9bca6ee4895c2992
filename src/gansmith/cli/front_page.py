"""What `gansmith --help` prints, at once: the verbs in a line each. A test holds these lines to the verbs' own."""

import shutil
import textwrap
from collections.abc import Sequence

VERBS = {
    "doctor": "Say what this machine has, what is missing, and the command that adds it.",
    "data": "Check, prepare or show a data set.",
    "train": "Train a GAN on pictures.",
    "resume": "Go on with an interrupted run, bit for bit as if it had not stopped.",
    "stop": "Ask a running training to save and stop.",
    "runs": "List, show, compare or prune runs.",
    "generate": "Make pictures: one PNG a seed, the same for ever from the same model and seed.",
    "evaluate": "Judge a model, or a folder of pictures, against data: each figure with its net, floor and interval.",
    "gans": "List the catalog, or explain one GAN: paper, idea, options.",
    "inspect": "Say what a generated PNG is; given the model, make it again and say whether it matches.",
    "export": "Write a model as one file for other software, and check that it makes the same samples.",
    "walk": "Make an animation that leads from seed to seed, and where seeds differ in class from class to class.",
    "project": "Find the latents whose picture is nearest to a given one.",
    "directions": "Find directions that change one thing about any picture, and show what each does.",
    "mix": "Mix the coarse styles of some seeds with the fine ones of others, as a table; for GANs such as stylegan2.",
    "augment": "Bring a labelled data set to the asked counts with samples of a GAN, or study whether that helps.",
    "studio": "Watch trainings and play with what they learned, in the browser.",
}
INDENT = 14
WIDEST = 120


def is_asked_for(words: Sequence[str]) -> bool:
    """Whether these words ask for the front page: none at all do."""
    return list(words) in ([], ["--help"], ["-h"])


def text() -> str:
    """Lay out the front page for this terminal."""
    width = max(40, min(shutil.get_terminal_size().columns, WIDEST))
    verbs = [
        textwrap.fill(f"  {name:{INDENT - 2}}{does}", width, subsequent_indent=" " * INDENT)
        for name, does in VERBS.items()
    ]
    head = ["Usage: gansmith VERB ...", "", "Train, judge and use generative adversarial networks.", ""]
    return "\n".join([*head, *verbs, "", "Options of a verb: gansmith VERB --help · version: gansmith --version"])
