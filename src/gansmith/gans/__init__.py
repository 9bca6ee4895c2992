"""One file per GAN; each reads like its paper. `gansmith.catalog` lists them by name."""

from gansmith.gans.acgan import ACGAN
from gansmith.gans.began import BEGAN
from gansmith.gans.cgan import CGAN
from gansmith.gans.dcgan import DCGAN
from gansmith.gans.dragan import DRAGAN
from gansmith.gans.ebgan import EBGAN
from gansmith.gans.infogan import InfoGAN
from gansmith.gans.lsgan import LSGAN
from gansmith.gans.projection import Projection
from gansmith.gans.r3gan import R3GAN
from gansmith.gans.ragan import RaGAN
from gansmith.gans.sngan import SNGAN
from gansmith.gans.vanilla import Vanilla
from gansmith.gans.wgan import WGAN
from gansmith.gans.wgan_gp import WGANGP

__all__ = [
    "ACGAN",
    "BEGAN",
    "CGAN",
    "DCGAN",
    "DRAGAN",
    "EBGAN",
    "LSGAN",
    "R3GAN",
    "SNGAN",
    "WGAN",
    "WGANGP",
    "InfoGAN",
    "Projection",
    "RaGAN",
    "Vanilla",
]
