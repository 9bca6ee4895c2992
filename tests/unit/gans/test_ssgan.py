"""D is told the labels of a few pictures and of no other."""

import pytest
import torch

from gansmith.data.spec import DataSpec
from gansmith.gans.ssgan import SSGAN

SPEC = DataSpec((1, 8, 8), ("a", "b", "c"))


def batch_at(k):
    stream = torch.Generator().manual_seed(k)
    real = torch.rand(6, 1, 8, 8, generator=stream) * 2 - 1
    label = torch.randint(3, (6,), generator=stream)
    return {"real": real, "label": label, "chance": torch.rand(6, 2, 16, generator=stream)}


def build(**fields):
    torch.manual_seed(0)
    gan = SSGAN(**({"latent_dim": 4, "width": 4, "labelled": 5, "dropout": 0.0} | fields))
    nets = gan.nets(SPEC)
    batch = batch_at(0)
    latents = gan.latents(6, torch.Generator().manual_seed(1))
    return gan, nets, batch | {"latents": latents, "fake": gan.synthesise(nets, latents, batch["label"])}


def test_so_many_of_each_class_are_kept_with_their_labels():
    gan, nets, _ = build()
    gan.before_first_round(nets, batch_at)
    assert nets.told.bincount().tolist() == [5, 5, 5]
    batches = [batch_at(k) for k in range(20)]
    pairs = [(x, y) for batch in batches for x, y in zip(batch["real"], batch["label"], strict=True)]
    seen = {tuple(x.flatten().tolist()): int(y) for x, y in pairs}
    kept = [tuple(x.flatten().tolist()) for x in nets.shown]
    assert len(set(kept)) == 15
    assert [seen[one] for one in kept] == nets.told.tolist()


def test_a_class_that_is_nowhere_stays_empty_and_teaches_nothing():
    gan, nets, batch = build()
    gan.before_first_round(nets, lambda k: batch_at(k) | {"label": torch.zeros(6, dtype=torch.long)})
    assert nets.told.tolist() == [0] * 5 + [-1] * 10
    assert torch.isfinite(gan.loss_D(nets, batch)["class"])


def test_labels_of_other_pictures_do_not_teach_d():
    gan, nets, batch = build()
    gan.before_first_round(nets, batch_at)
    other = batch | {"label": (batch["label"] + 1) % 3}
    assert gan.loss_D(nets, batch) == gan.loss_D(nets, other)


def test_the_score_is_the_logit_of_not_being_the_class_of_fakes():
    gan, nets, batch = build()
    logits = nets.C(nets.D(batch["real"]))
    with_fakes = torch.cat([logits, torch.zeros(6, 1)], 1).softmax(1)
    torch.testing.assert_close(gan.score(nets, batch["real"]).sigmoid(), 1 - with_fakes[:, 3])


def test_every_technique_is_an_option():
    gan, nets, batch = build(matching=0.0, minibatch=3, history=0.5, virtual=4)
    before = gan.loss_G(nets, batch)
    assert set(before) == {"adversarial", "class", "history"}
    assert before["history"].item() == 0
    with torch.no_grad():
        for p in nets.G.parameters():
            p += 0.1
    gan.after_round(nets, {})
    n = sum(p.numel() for p in nets.G.parameters())
    assert gan.loss_G(nets, batch)["history"].item() == pytest.approx(0.5 * n * 0.05**2, rel=1e-3)
    assert gan.loss_D(nets, batch)["history"].item() == 0
    assert nets.G.reference.shape == (4, 4)
    gan, nets, batch = build(matching=1.0)
    assert set(gan.loss_G(nets, batch)) == {"features", "class"}
