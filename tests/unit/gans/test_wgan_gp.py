"""WGAN-GP: the penalty on every so many-th sample of a batch, and samples that the critic is shown sharpened."""

import pytest
import torch

from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.gans import WGANGP
from gansmith.nets.sharpen import sharpen


@pytest.fixture
def game():
    torch.manual_seed(0)
    gan = WGANGP(gp_stride=4)
    classes = ("cat", "dog")
    batch = {name: torch.rand(12, 1, 16, 16) for name in ("real", "fake")}
    batch |= {"chance": torch.rand(12, 2, 16), "label": torch.arange(12) % 2}
    return gan, gan.nets(DataSpec((1, 16, 16), classes)), batch


def test_the_penalty_is_that_of_every_fourth_sample(game):
    gan, nets, batch = game
    thin, some = gan.loss_D(nets, batch), {name: value[::4] for name, value in batch.items()}
    torch.testing.assert_close(thin["gp"], gan.replace(gp_stride=1).loss_D(nets, some)["gp"])
    assert thin["gp"].item() != pytest.approx(gan.replace(gp_stride=1).loss_D(nets, batch)["gp"].item())


def test_the_distance_is_that_of_all_samples(game):
    gan, nets, batch = game
    thin, paper = gan.loss_D(nets, batch), gan.replace(gp_stride=1).loss_D(nets, batch)
    assert thin["wasserstein"] == paper["wasserstein"]


def test_over_all_samples_the_penalty_is_the_papers(game):
    gan, nets, batch = game
    quarters = [{name: value.roll(-shift, 0) for name, value in batch.items()} for shift in range(4)]
    mean = torch.stack([gan.loss_D(nets, quarter)["gp"] for quarter in quarters]).mean()
    torch.testing.assert_close(mean, gan.replace(gp_stride=1).loss_D(nets, batch)["gp"])


def test_a_batch_smaller_than_the_stride_has_a_penalty(game):
    gan, nets, batch = game
    assert gan.loss_D(nets, {name: value[:2] for name, value in batch.items()})["gp"].isfinite()


def test_the_critic_is_shown_sharpened_samples_in_everything_it_does(game):
    plain, nets, batch = game
    gan, seen = plain.replace(sharpen=3.0), batch | {name: sharpen(batch[name], 3.0) for name in ("real", "fake")}
    for loss, term in (("loss_D", "wasserstein"), ("loss_D", "gp"), ("loss_G", "wasserstein")):
        expected = getattr(plain, loss)(nets, seen)[term]
        torch.testing.assert_close(getattr(gan, loss)(nets, batch)[term], expected)
        assert expected.item() != pytest.approx(getattr(plain, loss)(nets, batch)[term].item()), (loss, term)
    real, label = batch["real"], batch["label"]
    torch.testing.assert_close(gan.score(nets, real, label), plain.score(nets, seen["real"], label))


@pytest.mark.parametrize(("background", "channels", "fits"), [
    ((1, 2, 3), 3, True), ((1, 2, 255, 0), 4, True), ((), 3, True), ((1, 2, 3), 4, False), ((1, 2, 256), 3, False),
    ((1, 2, -1), 3, False),
])  # fmt: skip
def test_a_background_is_a_colour_of_the_data(background, channels, fits):
    gan, spec = WGANGP(width=8, widest=8, palette=4, background=background), DataSpec((channels, 16, 16))
    if fits:
        assert len(gan.nets(spec).G.palette.shared) == bool(background)
    else:
        with pytest.raises(UsageError, match=f"no colour of data of {channels} channels"):
            gan.nets(spec)
