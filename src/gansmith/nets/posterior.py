"""Sample to a distribution of its code: the encoder of a variational autoencoder."""

from torch import Tensor, nn

from gansmith.nets.blocks import append_class
from gansmith.nets.encoder import Encoder


class Posterior(nn.Module):
    """q(z | x): a normal distribution for each number of the code (Kingma & Welling, 2014, arXiv:1312.6114, C.2).

    The class goes in beside samples [n, channels, *size]; `width`, `widest` and `norm` as in `Encoder`.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        classes: int,
        code: int,
        width: int = 32,
        widest: int = 128,
        norm: str | None = None,
    ):
        super().__init__()
        encoder = Encoder(shape, classes, width, widest, norm, class_beside=True)
        self.classes, self.trunk = classes, encoder.trunk
        self.head = nn.Linear(encoder.features, 2 * code)

    def forward(self, x: Tensor, label: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return mean and log deviation, [n, code] each."""
        mean, log_deviation = self.head(self.trunk(append_class(x, label, self.classes))).chunk(2, 1)
        return mean, log_deviation
