"""Names, hyper-parameters and their misspellings."""

import pytest

from gansmith import catalog
from gansmith.errors import UsageError


def test_the_default_is_listed_and_told():
    assert catalog.DEFAULT in catalog.GANS
    rows = catalog.overview()
    assert [row[0] for row in rows] == list(catalog.GANS)
    assert [row[0] for row in rows if row[1]] == [catalog.DEFAULT, catalog.DEFAULT_LARGE]
    assert [catalog.default_for(size) for size in ((28, 28), (20, 47), (20, 48), (64, 64))] == [
        *[catalog.DEFAULT] * 2,
        *[catalog.DEFAULT_LARGE] * 2,
    ]
    assert all(row[2] for row in rows)


@pytest.mark.parametrize("name", ["wgan-gp", "WGAN_GP", "wgan_gp"])
def test_names_are_forgiving(name):
    assert catalog.find(name) is catalog.GANS["wgan_gp"]


def test_a_name_that_is_not_there():
    with pytest.raises(UsageError, match="no GAN named 'dcgn'") as caught:
        catalog.find("dcgn")
    assert "'dcgan'" in caught.value.remedy
    with pytest.raises(UsageError) as caught:
        catalog.find("zzzz")
    assert all(name in caught.value.remedy for name in catalog.GANS)


def test_text_is_converted():
    gan = catalog.create("r3gan", {"widths": "32,16", "gamma": "0.5", "lazy": "2"})
    assert gan == catalog.create("r3gan", {"widths": (32, 16), "gamma": 0.5, "lazy": 2})


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"widht": 4}, "no option 'widht'"),
        ({"width": "wide"}, "width = 'wide' does not fit"),
        ({"lr": None}, "lr = None"),
        ({"width": 3.5}, "width"),
    ],
)
def test_bad_hyper_parameters(fields, reason):
    with pytest.raises(UsageError, match=reason) as caught:
        catalog.create("dcgan", fields)
    assert "gansmith gans dcgan" in caught.value.remedy
    if "widht" in fields:
        assert "'width'" in caught.value.remedy


@pytest.mark.parametrize(("text", "values"), [("", ()), ("1,2,3", (1, 2, 3))])
def test_several_values_are_told_by_commas(text, values):
    gan = catalog.create("wgan_gp", {"background": text})
    assert gan.background == values
    assert catalog.from_config(catalog.to_config(gan)) == gan


@pytest.mark.parametrize("name", catalog.GANS)
def test_a_gan_is_explained_with_every_option(name):
    text = catalog.explain(name)
    assert "arXiv" in text
    for option, default in catalog.options(name).items():
        assert f"--{option.replace('_', '-')}" in text
        assert isinstance(default, int | float | tuple)


def test_did_you_mean():
    assert catalog.did_you_mean("batsh", ["batch", "seed"]) == "did you mean 'batch'?"
    assert catalog.did_you_mean("qqq", ["batch", "seed"]) == "there are: batch, seed"
    many = catalog.did_you_mean("qqq", [f"kind {i}" for i in range(128)])
    assert many.endswith("kind 38, kind 39 and 88 more")


@pytest.mark.parametrize("augment", [-0.1, 1.1, 7])
def test_augmentation_is_a_probability(augment):
    with pytest.raises(UsageError, match="no probability"):
        catalog.create("dcgan", {"augment": augment})
