"""Sample to code to sample: critics that score by what they cannot draw again."""

from torch import Tensor, nn

from gansmith.nets.decoder import Decoder
from gansmith.nets.encoder import Encoder


class Autoencoder(nn.Module):
    """Encoder trunk, a linear code, and a decoder that is told the class; without normalisation.

    For samples [n, channels, *size] of any size and rank; `width` and `widest` as in both halves.
    """

    def __init__(self, shape: tuple[int, ...], classes: int, code: int, width: int = 32, widest: int = 128):
        super().__init__()
        encoder = Encoder(shape, 0, width, widest, norm=None)
        self.encode = nn.Sequential(encoder.trunk, nn.Linear(encoder.features, code))
        self.decode = Decoder(code, shape, classes, width, widest, norm=None)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Draw samples [n, *shape] again."""
        return self.decode(self.encode(x), label)
