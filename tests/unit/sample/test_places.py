"""Places: moved, mixed and truncated as elsewhere, told and come back to; tours go from one to the next."""

import itertools

import numpy as np
import pytest
import torch

from gansmith import catalog
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.sample import places
from gansmith.sample.inspect import inspect
from gansmith.sample.mixing import mix
from gansmith.sample.places import Place, Tour, picture
from gansmith.sample.sampler import Sampler

CLASSES = ("cat", "dog", "owl")
GANS = {
    "dcgan": {"width": 4, "latent_dim": 6},
    "biggan": {"width": 4, "latent_dim": 12, "embed_dim": 3},
    "stylegan2": {"width": 4, "widest": 8, "latent_dim": 6, "noise_dim": 4},
    "infogan": {"width": 4, "noise_dim": 6, "categories": (3,)},
}


def sampler(name, classes=CLASSES):
    torch.manual_seed(0)
    gan, spec = catalog.create(name, GANS[name]), DataSpec((3, 8, 10), classes)
    return Sampler(gan, gan.nets(spec), spec, {"Data": "noise"})


def alike(pixels, others):
    """A pass of one row and a pass of sixteen may round differently."""
    np.testing.assert_allclose(pixels.astype(int), others.astype(int), atol=1)


@pytest.mark.parametrize("name", GANS)
def test_the_place_of_a_seed_has_its_picture(name):
    model = sampler(name)
    alike(picture(model, Place(model.latents([7]), 1, 0.7)), model.pixels([7], "dog", 0.7)[0])


@pytest.mark.parametrize("name", ["dcgan", "stylegan2"])
def test_a_moved_place_is_moved_as_along_directions(name):
    model = sampler(name, ())
    step = torch.arange(6) / 3.0
    alike(picture(model, Place(model.latents([7]), step=step)), model.move([7], step)[0])


def test_a_mixed_place_is_mixed_as_in_the_table():
    model = sampler("stylegan2", ())
    layers, mapped = places.style_layers(model)
    assert mapped
    assert layers == 3
    mixed = Place(model.latents([4]), other=model.latents([9]), layers=(0, 1))
    alike(picture(model, mixed), mix(model, coarse=[9], fine=[4], from_layer=2).pixels[0, 0])


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("name", GANS)
def test_a_tour_passes_through_its_places(name, loop):
    model = sampler(name)
    width = places.styled(model, Place(model.latents([0]), 0)).w.shape[2]
    stops = [
        Place(model.latents([3]), 0),
        Place(model.latents([5]), 1, 0.5, torch.ones(width)),
        Place(model.latents([8]), 2),
    ]
    frames = list(Tour(model, stops, loop).frames(12 if loop else 11))
    assert len(frames) == (12 if loop else 11)
    for at, stop in zip((0, 4, 8) if loop else (0, 5, 10), stops, strict=True):
        alike(frames[at], picture(model, stop))
    assert any((a != b).any() for a, b in itertools.pairwise(frames))


@pytest.mark.parametrize("name", ["dcgan", "stylegan2"])
def test_a_place_that_was_told_is_found_again(name):
    model = sampler(name)
    place = Place(model.latents([4]), 2, 0.8, torch.ones(6), model.latents([9]), (0,))
    again = Place.of(model, place.options())
    assert np.array_equal(picture(model, again), picture(model, place))


def test_inspect_makes_the_picture_of_a_place_again(tmp_path):
    from gansmith.data.codecs.image import to_pil
    from gansmith.sample.provenance import SheetProvenance

    model = sampler("stylegan2")
    folder = model.save(tmp_path / "best")
    place = Place(model.latents([4]), 2, 0.8, torch.ones(6))
    about = SheetProvenance("place", model.hash, "stylegan2", place.options())
    to_pil(picture(model, place)).save(tmp_path / "place.png", pnginfo=about.chunk())
    assert inspect(tmp_path / "place.png", folder)["matches"]


def test_what_is_no_place_is_refused():
    model = sampler("stylegan2")
    latents = model.latents([0])
    for place, words in (
        (Place(latents, 0, truncation=2), "truncation"),
        (Place(latents, 3), "no class 3"),
        (Place(latents), "no class None"),
        (Place(latents, 0, step=torch.ones(5)), "another space"),
        (Place(latents, 0, other=latents, layers=(3,)), "layers 0 to 2"),
    ):
        with pytest.raises(UsageError, match=words) as caught:
            picture(model, place)
        assert caught.value.remedy
    with pytest.raises(UsageError, match="one place to another"):
        Tour(model, [Place(latents, 0)])
    gan = catalog.create("dagan", {"width": 4, "latent_dim": 6})
    with pytest.raises(UsageError, match="like one that it is shown"):
        places.check(Sampler(gan, gan.nets(model.spec), model.spec, {}))


@pytest.mark.parametrize("text", ["", "!", "AAAA", "AAAAAAAAAAA=", "AADAfwAAwH8AAMB/AADAfwAAwH8AAMB/"])
def test_latents_of_something_else_are_refused(text):
    with pytest.raises(UsageError, match="latents"):
        places.unpack(text, torch.zeros(1, 6))


def test_pixels_are_repeated_until_a_picture_is_large_enough():
    pixels = np.arange(2 * 3 * 1, dtype=np.uint8).reshape(2, 3, 1)
    large = places.enlarged(pixels, 5)
    assert large.shape == (6, 9, 1)
    assert np.array_equal(large[::3, ::3], pixels)
    assert places.enlarged(pixels, 1) is not None
    assert places.enlarged(pixels, 1).shape == pixels.shape
