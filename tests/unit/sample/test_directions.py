"""Directions are the axes that a linear generator was built with; moves add up; what has none says so."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from gansmith import catalog, cli
from gansmith.data.images import assemble
from gansmith.data.spec import DataSpec
from gansmith.errors import DataError, UsageError
from gansmith.game import Nets
from gansmith.sample.directions import Directions, find
from gansmith.sample.entrance import entrance
from gansmith.sample.inspect import inspect
from gansmith.sample.sampler import Sampler

CLASSES = ("cat", "dog", "owl")
SHARE = (0.4, 0.3, 0.3)
STYLED = {"width": 4, "widest": 8, "latent_dim": 6, "noise_dim": 4}
STRENGTHS = torch.tensor([5.0, 3.0, 2.0, 0.5, 0.2, 0.1])


class Linear(nn.Module):
    """Latents [n, 6] by known axes, `STRENGTHS` long in the picture; a class may shift it further than any latents."""

    def __init__(self, classes=0):
        super().__init__()
        random = torch.Generator().manual_seed(0)
        self.axes = torch.linalg.qr(torch.randn(6, 6, generator=random)).Q.T
        self.layer = nn.Linear(6 + classes, 64)
        pictures = torch.linalg.qr(torch.randn(64, 6 + classes, generator=random)).Q
        with torch.no_grad():
            self.layer.weight[:, :6] = pictures[:, :6] @ (STRENGTHS[:, None] * self.axes)
            self.layer.weight[:, 6:] = 100 * pictures[:, 6:]

    def forward(self, z, label=None):
        z = z if label is None else torch.cat([z, nn.functional.one_hot(label, 3).float()], 1)
        return self.layer(z).unflatten(1, (1, 8, 8))


def linear(classes=()):
    spec = DataSpec((1, 8, 8), classes, SHARE[: len(classes)])
    return Sampler(catalog.create("dcgan", {"latent_dim": 6}), Nets(G=Linear(len(classes))), spec, {})


def sampler(name, options, classes=()):
    torch.manual_seed(0)
    gan, spec = catalog.create(name, options), DataSpec((1, 8, 8), classes, SHARE[: len(classes)])
    return Sampler(gan, gan.nets(spec), spec, {})


@pytest.mark.parametrize("classes", [(), CLASSES])
@pytest.mark.parametrize("method", ["ganspace", "sefa"])
def test_directions_of_a_linear_generator_are_its_axes(method, classes):
    model = linear(classes)
    found = find(model, method, 3)
    angles = (found.vectors @ model.nets.G.axes.T).abs()
    torch.testing.assert_close(angles[:, :3], torch.eye(3), atol=1e-5 if method == "sefa" else 0.05, rtol=0)
    np.testing.assert_allclose(found.shares, (STRENGTHS**2 / (STRENGTHS**2).sum())[:3], atol=0.02)
    np.testing.assert_allclose(found.deviations, 1, atol=0.03)
    assert (found.vectors.gather(1, found.vectors.abs().argmax(1, keepdim=True)) > 0).all()


def test_the_class_decides_of_which_draws_the_components_are():
    torch.manual_seed(0)
    model = sampler("cgan", {"width": 4, "latent_dim": 6}, CLASSES)
    cat, dog = (find(model, "ganspace", 2, label=name, draws=500) for name in ("cat", "dog"))
    assert cat.about["find"]["label"] == "cat"
    assert not torch.equal(cat.vectors, dog.vectors)


def test_directions_of_styles_are_their_components_and_the_vectors_of_all_affine_layers():
    model = sampler("stylegan2", STYLED)
    generator = model.nets.G
    with torch.no_grad():  # styles that vary along the third dimension most, and affine layers that read the fifth
        generator.mapping.layers[-1].weight[2] *= 20
        for layer in generator.affine():
            layer.weight[:, 4] *= 20
    ganspace, sefa = (find(model, method, 1, draws=2000) for method in ("ganspace", "sefa"))
    assert ganspace.vectors[0].argmax() == 2
    assert sefa.vectors[0].argmax() == 4
    stacked = torch.cat([layer.weight for layer in generator.affine()]).double()
    torch.testing.assert_close(sefa.vectors[0].double(), _first_right_singular(stacked), atol=1e-5, rtol=0)
    assert len(generator.affine()) == 5, "three of the layers, two of the pictures"


def _first_right_singular(a):
    vector = torch.linalg.svd(a).Vh[0]
    return vector * vector[vector.abs().argmax()].sign()


@pytest.mark.parametrize(
    ("name", "options", "given"),
    [
        ("vanilla", {"width": 8}, 64),
        ("projection", {"width": 4, "latent_dim": 6}, 6),
        ("infogan", {"width": 4, "noise_dim": 6, "categories": (3,)}, 11),
        ("r3gan", {"latent_dim": 6, "widths": (8, 8), "group": 4}, 6),
        ("progressive", {"latent_dim": 6, "width": 4, "widest": 8}, 6),
        ("biggan", {"width": 4, "latent_dim": 12, "embed_dim": 3}, 12),
        ("fastgan", {"latent_dim": 6, "width": 4, "widest": 8}, 6),
        ("aae", {"width": 4, "latent_dim": 6}, 6),
    ],
)
def test_the_layer_that_takes_the_latents_is_found(name, options, given):
    model = sampler(name, options, CLASSES)
    door = entrance(model)
    (layer,) = door.layers
    first = door.way.shape[0]
    weight = layer.weight.detach().double()
    latents = min(weight.shape[1], given)
    assert (door.width, weight.shape[1]) == (given, first)
    expected = torch.zeros(given, given, dtype=torch.float64)
    expected[:latents, :latents] = weight[:, :latents].T @ weight[:, :latents]
    gram = door.gram()
    torch.testing.assert_close(gram / gram.trace(), expected / expected.trace(), atol=1e-6, rtol=1e-4)
    assert len(find(model, "ganspace", 2, draws=200)) == 2


@pytest.mark.parametrize("method", ["ganspace", "sefa"])
def test_model_and_seed_decide(make_model, method):
    model = make_model()
    first, again, other = (find(model, method, 2, seed=seed, draws=500) for seed in (1, 1, 2))
    assert torch.equal(first.vectors, again.vectors)
    assert (first.shares, first.deviations, first.about) == (again.shares, again.deviations, again.about)
    assert torch.equal(first.vectors, other.vectors) is (method == "sefa")


@pytest.mark.parametrize(("name", "options"), [("stylegan2", STYLED), ("biggan", {"width": 4, "latent_dim": 12})])
def test_moves_add_up_and_cancel(name, options):
    model = sampler(name, options, CLASSES)
    found, seeds = find(model, "sefa", 2, draws=500), range(20)
    here = model.pixels(seeds, truncation=0.7)
    there, back = 2 * found[0] + found[1], 2 * found[0] + found[1] - 2 * found[0] - found[1]
    np.testing.assert_array_equal(model.move(seeds, there, 0.0, truncation=0.7), here)
    np.testing.assert_allclose(model.move(seeds, back, truncation=0.7), here, atol=1)
    moved = model.move(seeds, there, truncation=0.7)
    assert (moved != here).any((1, 2, 3)).all()
    amounts = [1.0 if seed == 17 else 0.0 for seed in seeds]
    one = model.move(seeds, there, amounts, truncation=0.7)
    np.testing.assert_array_equal(np.delete(one, 17, 0), np.delete(here, 17, 0))
    np.testing.assert_array_equal(one[17], moved[17])


def test_a_step_moves_the_latents_and_nothing_else():
    model = linear()
    step = torch.tensor([0.1, 0.0, 0.0, 0.0, 0.0, -0.2])
    expected = model.paint(model.latents([4]) + 2 * step, None)
    pixels = (expected[0, 0].clamp(-1, 1) + 1) * 127.5
    np.testing.assert_allclose(model.move([4], step, 2.0)[0, :, :, 0], pixels, atol=0.51)


def test_layers_may_be_moved_apart():
    model = sampler("stylegan2", STYLED)
    step = find(model, "ganspace", 1, draws=500)[0]
    layers = torch.stack([step, step, step])
    np.testing.assert_array_equal(model.move([0], layers), model.move([0], step))
    coarse, fine = layers.clone(), layers.clone()
    coarse[1:], fine[:1] = 0, 0
    assert not np.array_equal(model.move([0], coarse), model.move([0], fine))


def test_a_model_that_is_shown_pictures_has_directions_beside_them():
    model = sampler("dagan", {"width": 4, "latent_dim": 6})
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1), np.uint8)
    shown = model.shown(assemble(images, None, (), ["a.png", "b.png"], "noise"))
    step = find(shown, "ganspace", 1, draws=500)[0]
    np.testing.assert_array_equal(shown.move([0, 1], step, 0.0), shown.pixels([0, 1]))
    with pytest.raises(UsageError, match="was shown none"):
        find(model)


def test_what_has_no_directions_says_why(make_model):
    with pytest.raises(UsageError, match="each of its latents draws one value") as caught:
        find(sampler("pixelcnn", {"width": 4, "layers": 1, "latent_dim": 64}))
    assert "stylegan2" in caught.value.remedy

    class Weightless(nn.Module):
        def __init__(self):
            super().__init__()
            self.level = nn.Parameter(torch.zeros(1))

        def forward(self, z, label=None):
            return (z[:, :1] + self.level).expand(-1, 64).unflatten(1, (1, 8, 8))

    weightless = Sampler(catalog.create("dcgan"), Nets(G=Weightless()), DataSpec((1, 8, 8), (), ()), {})
    with pytest.raises(UsageError, match="to no layer of weights"):
        find(weightless)
    model = make_model()
    dead = make_model()
    nn.init.zeros_(dead.nets.G.lay_out.weight)
    for method in ("ganspace", "sefa"):
        with pytest.raises(UsageError, match="the same of all latents"):
            find(dead, method, 2)
    for options, message in [
        ({"method": "pca"}, "no method 'pca'"),
        ({"count": 7}, "7 directions are asked for: the space has 6"),
        ({"count": 0}, "0 directions"),
        ({"count": 2, "label": "cat"}, "no classes"),
    ]:
        with pytest.raises(UsageError, match=message) as caught:
            model.directions(**options)
        assert caught.value.remedy
    with pytest.raises(UsageError, match="does not fit styles of shape"):
        model.move([0], torch.ones(5))
    found = find(model, "sefa", 1, draws=100)
    for asked, message in [
        ({"sigma": 0.0}, "show nothing"),
        ({"sigma": np.inf}, "show nothing"),
        ({"seeds": range(2**40)}, "too many"),
    ]:
        with pytest.raises(UsageError, match=message):
            found.sheet(model, **asked)


def test_directions_come_back_from_their_file(make_model, tmp_path):
    model, other = make_model(), make_model(seed=1)
    found = find(model, "ganspace", 2, draws=500)
    path = found.save(tmp_path / "new" / "directions.npz")
    again = Directions.load(path, model)
    assert torch.equal(again.vectors, found.vectors)
    assert (again.shares, again.deviations, again.about) == (found.shares, found.deviations, found.about)
    with pytest.raises(UsageError, match="has directions of the model"):
        Directions.load(path, other)
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("no arrays")
    np.save(tmp_path / "one.npy", np.zeros(3))
    np.savez(tmp_path / "others.npz", vectors=np.zeros(3))
    for name in ("nothing", "empty", "text", "one.npy", "others.npz"):
        with pytest.raises(DataError, match="holds no directions"):
            Directions.load(tmp_path / name)


def test_the_sheet_shows_the_moved_pictures():
    model = linear(CLASSES)
    found = find(model, "sefa", 2, draws=200)
    sheet = found.sheet(model, [3, 5], 2.0, frames=3).image
    classes = model.class_names([3, 5])
    for row in (0, 1):
        for column, (seed, amount) in enumerate([(s, a) for s in (3, 5) for a in (-2.0, 0.0, 2.0)]):
            label = classes[0 if seed == 3 else 1]
            wanted = model.move([seed], found[row], amount, label)[0, :, :, 0].repeat(6, 0).repeat(6, 1)
            left = sheet.width - 8 - (6 - column) * 50 + 2 - 12 * (column < 3)
            top = sheet.height - 8 - (2 - row) * 50 + 2
            crop = np.asarray(sheet.crop((left, top, left + 48, top + 48)).convert("L"))
            np.testing.assert_array_equal(crop, wanted)


def test_the_command_finds_shows_and_tells(make_model, tmp_path, capsys):
    folder = make_model(classes=CLASSES, share=SHARE).save(tmp_path / "best")
    out = tmp_path / "out"
    words = ["directions", str(folder), "--method", "sefa", "--count", "2", "--seeds", "3,5", "--sigma", "2"]
    assert cli.main([*words, "--class", "owl", "--out", str(out), "--device", "cpu"]) == 0
    model = Sampler.load(folder, "cpu")
    found = Directions.load(out / "directions.npz", model)
    assert capsys.readouterr().out.startswith(f"2 directions, {sum(found.shares):.1%} of the eigenvalues, in {out}")
    told = inspect(out / "sheet.png", folder)
    assert told["matches"] is True
    assert told["options"]["show"]["label"] == ["owl", "owl"]
    with Image.open(out / "sheet.png") as image:
        image.putpixel((image.width - 20, image.height - 20), 128 if image.getpixel((0, 0)) == 0 else (1, 2, 3))
        image.save(tmp_path / "forged.png", pnginfo=found.sheet(model, [3, 5], 2.0, "owl").about.chunk())
    assert inspect(tmp_path / "forged.png", folder)["matches"] is False
