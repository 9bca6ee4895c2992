"""Mixtures of styles: the edges of the table are the seeds' own pictures, and what is in it is of both."""

import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from gansmith import catalog, cli
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.sample.inspect import inspect
from gansmith.sample.sampler import Sampler

STYLED = {"width": 4, "widest": 8, "latent_dim": 6, "noise_dim": 4}
LAYERS = 5


@pytest.fixture
def model():
    torch.manual_seed(0)
    gan, spec = catalog.create("stylegan2", STYLED), DataSpec((3, 16, 16), ("cat", "dog"), (0.5, 0.5))
    nets = gan.nets(spec)
    for layer in nets.G.layers:
        torch.nn.init.constant_(layer.strength, 0.3)  # untrained, noise would not be seen
    return Sampler(gan, nets, spec, {})


def test_a_mixture_of_a_seed_with_itself_is_that_seed(model):
    seeds = range(5)
    mixed = model.mix(seeds, seeds, truncation=0.7)
    assert mixed.pixels.shape == (5, 5, 16, 16, 3)
    alone = model.pixels(seeds, truncation=0.7)
    np.testing.assert_array_equal(mixed.pixels[range(5), range(5)], alone)
    np.testing.assert_array_equal(mixed.coarse, alone)
    np.testing.assert_array_equal(mixed.fine, alone)


def test_from_layer_0_on_it_is_the_fine_seed_and_from_the_last_on_its_noise_alone(model):
    coarse, fine = [1, 2], [7, 8, 9]
    np.testing.assert_array_equal(model.mix(coarse, fine, 0).pixels, np.stack([model.pixels(fine)] * 2, 1))
    styles = model.mix(coarse, fine, LAYERS).pixels
    assert not np.array_equal(styles[0], model.pixels(coarse))
    for layer in model.nets.G.layers:
        torch.nn.init.zeros_(layer.strength)
    np.testing.assert_array_equal(model.mix(coarse, fine, LAYERS).pixels, np.stack([model.pixels(coarse)] * 3))


def test_every_layer_between_makes_a_difference(model):
    made = [model.mix([1], [7], layer).pixels for layer in range(LAYERS + 1)]
    assert all(not np.array_equal(a, b) for a, b in itertools.pairwise(made))
    np.testing.assert_array_equal(model.mix([1], [7]).pixels, made[LAYERS // 2])


def test_a_class_is_for_both(model):
    mixed = model.mix([1], [7], label="dog")
    np.testing.assert_array_equal(mixed.coarse, model.pixels([1], "dog"))
    np.testing.assert_array_equal(mixed.fine, model.pixels([7], "dog"))
    assert mixed.about.options["label"] == "dog"


def test_what_cannot_be_mixed_is_told(model, make_model):
    for ask, message in [
        (lambda: make_model().mix([0], [1]), "dcgan takes its latents all at one place"),
        (lambda: model.mix([], [1]), "needs a coarse and a fine seed"),
        (lambda: model.mix(range(2**40), [1]), "more than 10,000 pictures"),
        (lambda: model.mix([0], [1], 6), "there is no layer 6: the model has layers 0 to 4"),
        (lambda: model.mix([0], [1], -1), "there is no layer -1"),
        (lambda: model.mix([0], [1], truncation=0.0), r"truncation 0 is outside \(0, 1\]"),
    ]:
        with pytest.raises(UsageError, match=message) as caught:
            ask()
        assert caught.value.remedy


def test_the_command_writes_the_table_and_says_what_it_is(model, tmp_path, capsys):
    folder, out = model.save(tmp_path / "best"), tmp_path / "new" / "mix.png"
    words = ["mix", str(folder), "--coarse", "0-2", "--fine", "7,9", "--from-layer", "3", "--class", "cat"]
    assert cli.main([*words, "--out", str(out), "--device", "cpu"]) == 0
    assert capsys.readouterr().out == f"3 coarse by 2 fine in {out}, fine from layer 3\n"
    told = inspect(out, folder)
    assert (told["kind"], told["gan"], told["matches"]) == ("mix", "stylegan2", True)
    assert told["options"] == {"coarse": [0, 1, 2], "fine": [7, 9], "from_layer": 3, "label": "cat", "truncation": 1.0}
    mixed = model.mix(range(3), [7, 9], 3, label="cat")
    with Image.open(out) as image:
        last = np.asarray(image.crop((image.width - 56, image.height - 56, image.width - 8, image.height - 8)))
    np.testing.assert_array_equal(last, mixed.pixels[1, 2].repeat(3, 0).repeat(3, 1))
