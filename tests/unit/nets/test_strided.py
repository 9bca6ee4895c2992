"""Convolutions made in other ways are those of torch, to their second gradients."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import gradcheck, gradgradcheck

from gansmith.nets import strided


@pytest.fixture
def everywhere(monkeypatch):
    """Take other ways for every number and precision."""
    monkeypatch.setattr(strided, "_learns", lambda x: x.dim() == 4)
    monkeypatch.setattr(strided, "_pays", lambda weight, coarse: True)


def pair(kind: str, *arguments, **settings) -> list[nn.Module]:
    """Build our layer and torch's, of the same weights."""
    torch.manual_seed(0)
    ours, torchs = (getattr(module, kind)(*arguments, **settings) for module in (strided, nn))
    torchs.load_state_dict(ours.state_dict())
    return [ours, torchs]


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize(
    ("kind", "channels", "size", "way"),
    [
        ("Conv2d", (3, 5), (6, 4), "_Halve"),
        ("ConvTranspose2d", (5, 6), (3, 2), "_Double"),
        ("ConvTranspose2d", (5, 3), (3, 2), "Slice"),
    ],
)
def test_other_ways_are_the_convolution(kind, channels, size, way):
    ours, torchs = pair(kind, *channels, 4, 2, 1, dtype=torch.float64)
    x = torch.randn(2, channels[0], *size, dtype=torch.float64)
    torch.testing.assert_close(ours(x), torchs(x))
    assert way in _way(ours(x))


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize(("kind", "size"), [("Conv2d", (3, 4)), ("ConvTranspose2d", (1, 1))])
@pytest.mark.parametrize("bias", [True, False])
def test_a_kernel_that_is_the_whole_map_is_a_product(kind, size, bias):
    ours, torchs = pair(kind, 5, 2, (3, 4), bias=bias, dtype=torch.float64)
    x = torch.randn(6, 5, *size, dtype=torch.float64)
    torch.testing.assert_close(ours(x), torchs(x))
    for found, known in zip(slopes(ours, x), slopes(torchs, x), strict=True):
        torch.testing.assert_close(found, known)
    assert "Convolution" not in str(_way(ours(x)))
    y = torch.randn(6, 5, 5, 6, dtype=torch.float64)  # a kernel smaller than the map
    assert torch.equal(ours(y), torchs(y))
    assert torch.equal(ours(y[0]), torchs(y[0]))


def test_latents_of_full_precision_are_computed_as_torch_does():
    ours, torchs = pair("ConvTranspose2d", 8, 16, 4, bias=False)
    with torch.autocast("cpu", torch.bfloat16):
        found, known = (layer(torch.ones(2, 8, 1, 1)) for layer in (ours, torchs))
    assert found.dtype == known.dtype == torch.bfloat16
    torch.testing.assert_close(found, known)
    assert "Convolution" not in type(found.grad_fn).__name__


def slopes(layer: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    """Return the gradients of input and weights, and those of a penalty on the former."""
    x = x.clone().requires_grad_()
    given = [x, *layer.parameters()]
    first = torch.autograd.grad(layer(x).square().sum(), given, create_graph=True)
    return [*first, *torch.autograd.grad(first[0].square().sum(), [x, layer.weight])]


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("kind", ["Conv2d", "ConvTranspose2d"])
@pytest.mark.parametrize("setting", [{"groups": 2}, {"dilation": 2}, {"stride": 1}, {"padding": 2}])
def test_any_other_convolution_is_torchs(kind, setting):
    ours, torchs = pair(kind, 4, 6, 4, **({"stride": 2, "padding": 1} | setting))
    x = torch.randn(2, 4, 8, 8)
    assert torch.equal(ours(x), torchs(x))


def _way(x: torch.Tensor) -> str:
    """Name what made a tensor, one operation back: the bias comes last."""
    assert x.grad_fn is not None
    return type(x.grad_fn.next_functions[0][0]).__name__


@pytest.mark.parametrize("operation", [strided._Halve, strided._Double, strided._Weigh])
def test_gradients_and_their_gradients(operation):
    torch.manual_seed(0)
    fine, coarse, weight = torch.randn(2, 2, 4, 6), torch.randn(2, 3, 2, 3), torch.randn(3, 2, 4, 4)
    given = {strided._Halve: (fine, weight), strided._Double: (coarse, weight), strided._Weigh: (fine, coarse)}
    inputs = tuple(x.double().requires_grad_() for x in given[operation])
    assert gradcheck(operation.apply, inputs)
    assert gradgradcheck(operation.apply, inputs)


def gradients(layer: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    """Return output and gradients, those of a penalty on the gradient of the input among them."""
    x = x.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        y = layer(x)
    (slope,) = torch.autograd.grad(y.float().square().sum(), x, create_graph=True)
    return [y, slope, *torch.autograd.grad(slope.float().square().sum(), list(layer.parameters()))]


@pytest.mark.parametrize(("kind", "channels", "side"), [("Conv2d", (128, 256), 8), ("ConvTranspose2d", (256, 128), 4)])
def test_wide_layers_learn_by_products_what_torchs_learn(kind, channels, side):
    ours, torchs = pair(kind, *channels, 4, 2, 1, bias=False)
    x = torch.randn(4, channels[0], side, side, dtype=torch.bfloat16)
    for found, known in zip(gradients(ours, x), gradients(torchs, x), strict=True):
        assert (found.float() - known.float()).norm() < 0.01 * known.float().norm()


@pytest.mark.parametrize(
    ("channels", "side", "dtype"),
    [((64, 128), 8, torch.bfloat16), ((128, 256), 16, torch.bfloat16), ((128, 256), 8, torch.float32)],
)
def test_where_products_are_slower_they_are_not_taken(channels, side, dtype):
    layer = strided.Conv2d(*channels, 4, 2, 1, bias=False).to(dtype)
    y = layer(torch.zeros(2, channels[0], side, side, dtype=dtype))
    assert "Convolution" in type(y.grad_fn).__name__


@pytest.mark.parametrize("kind", ["Conv2d", "ConvTranspose2d"])
@pytest.mark.parametrize("side", [4, 32])
def test_weights_are_read_once(kind, side):
    """A spectral norm takes a step of its power iteration at every look."""
    looks = []

    class Looked(nn.Module):
        def forward(self, weight: torch.Tensor) -> torch.Tensor:
            looks.append(weight)
            return weight

    layer = getattr(strided, kind)(128, 256, 4, 2, 1).bfloat16()
    nn.utils.parametrize.register_parametrization(layer, "weight", Looked())
    looks.clear()
    layer(torch.zeros(1, 128, side, side, dtype=torch.bfloat16))
    assert len(looks) == 1


def test_samples_are_made_as_ever():
    layer, x = strided.Conv2d(128, 256, 4, 2, 1).bfloat16(), torch.randn(2, 128, 8, 8, dtype=torch.bfloat16)
    with torch.inference_mode():
        assert torch.equal(layer(x), F.conv2d(x, layer.weight, layer.bias, 2, 1))
