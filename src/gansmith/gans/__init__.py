"""One file per GAN; each reads like its paper. `gansmith.catalog` lists them by name."""

from gansmith.gans.dcgan import DCGAN
from gansmith.gans.dragan import DRAGAN
from gansmith.gans.lsgan import LSGAN
from gansmith.gans.r3gan import R3GAN
from gansmith.gans.ragan import RaGAN
from gansmith.gans.sngan import SNGAN
from gansmith.gans.vanilla import Vanilla
from gansmith.gans.wgan import WGAN
from gansmith.gans.wgan_gp import WGANGP

__all__ = ["DCGAN", "DRAGAN", "LSGAN", "R3GAN", "SNGAN", "WGAN", "WGANGP", "RaGAN", "Vanilla"]
