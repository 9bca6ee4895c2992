"""One file per GAN; each reads like its paper. `gansmith.catalog` lists them by name."""

from gansmith.gans.dagan import DAGAN
from gansmith.gans.dcgan import DCGAN
from gansmith.gans.r3gan import R3GAN
from gansmith.gans.vanilla import Vanilla
from gansmith.gans.wgan_gp import WGANGP

__all__ = ["DAGAN", "DCGAN", "R3GAN", "WGANGP", "Vanilla"]
