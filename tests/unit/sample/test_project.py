"""Projection finds the latents of a picture that the model made, where these are there to be found."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from gansmith import catalog, cli
from gansmith.data.images import assemble
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.game import Nets
from gansmith.sample.inspect import inspect
from gansmith.sample.project import project
from gansmith.sample.sampler import Sampler

SPEC = DataSpec((1, 8, 8), (), ())


class Linear(nn.Module):
    """Latents [n, 6] times a fixed matrix."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(0.1 * torch.randn(6, 64, generator=torch.Generator().manual_seed(0)))

    def forward(self, z, label=None):
        return (z @ self.weight).unflatten(1, (1, 8, 8))


@pytest.fixture
def linear():
    return Sampler(catalog.create("dcgan", {"latent_dim": 6}), Nets(G=Linear()), SPEC, {})


def made_by(model, seed, label=None):
    return assemble(model.pixels([seed], label), None, (), ["made.png"], "made")


def test_latents_of_a_linear_generator_are_recovered(linear):
    found = project(linear, made_by(linear, 1234), steps=400)
    assert found.distances[0] > 0.05, "no draw was there already"
    assert found.distances[-1] < found.distances[0] / 1000
    torch.testing.assert_close(found.latents, linear.latents([1234]), atol=0.05, rtol=0)
    assert np.abs(found.picture.astype(int) - linear.pixels([1234])[0]).max() <= 3
    assert len(found.distances) == 401


def test_a_picture_of_a_small_net_is_approached_in_its_class(make_model):
    model = make_model(classes=("cat", "dog"), share=(0.5, 0.5))
    found = project(model, made_by(model, 1234, "dog"), label="dog", steps=150)
    assert found.distances[-1] < found.distances[0] / 10
    assert found.about["class"] == "dog"


def test_the_seed_decides(linear):
    picture = made_by(linear, 5)
    first, again, other = (project(linear, picture, steps=3, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first.latents, again.latents)
    assert first.distances == again.distances
    assert not torch.equal(first.latents, other.latents)


def test_what_cannot_be_projected_is_told(linear):
    picture = made_by(linear, 5)
    for options in ({"steps": 0}, {"rate": 0.0}):
        with pytest.raises(UsageError, match="lead nowhere"):
            project(linear, picture, **options)
    gan = catalog.create("dagan", {"width": 4, "latent_dim": 6})
    with pytest.raises(UsageError, match="like one that it is shown") as caught:
        project(Sampler(gan, gan.nets(SPEC), SPEC, {}), picture, steps=1)
    assert caught.value.remedy


def test_the_command_projects(make_model, tmp_path, capsys):
    model = make_model((3, 8, 10))
    folder, out = model.save(tmp_path / "best"), tmp_path / "out"
    model.images([7]).save(tmp_path)
    words = ["project", str(folder), str(tmp_path / "000007.png"), "--steps", "4", "--out", str(out), "--device", "cpu"]
    assert cli.main(words) == 0
    told = json.loads((out / "projection.json").read_text())
    assert f"{told['distances'][0]:.3g} to {told['distances'][-1]:.3g}" in capsys.readouterr().out
    assert len(told["distances"]) == 5
    with Image.open(out / "target.png") as image:
        np.testing.assert_array_equal(np.asarray(image), model.pixels([7])[0])
    latents = torch.from_numpy(np.load(out / "latents.npy"))
    with Image.open(out / "projected.png") as image:
        remade = model.paint(latents, None)
        np.testing.assert_allclose(np.asarray(image), (remade[0].permute(1, 2, 0) + 1) * 127.5, atol=0.51)
    told = inspect(out / "projected.png", folder)
    assert (told["kind"], told["matches"]) == ("place", True)
