"""One file per GAN; each reads like its paper. `gansmith.catalog` lists them by name."""

from gansmith.gans.biggan import BigGAN
from gansmith.gans.dcgan import DCGAN
from gansmith.gans.fastgan import FastGAN
from gansmith.gans.progressive import Progressive
from gansmith.gans.r3gan import R3GAN
from gansmith.gans.sagan import SAGAN
from gansmith.gans.stylegan2 import StyleGAN2
from gansmith.gans.vanilla import Vanilla
from gansmith.gans.wgan_gp import WGANGP

__all__ = ["DCGAN", "R3GAN", "SAGAN", "WGANGP", "BigGAN", "FastGAN", "Progressive", "StyleGAN2", "Vanilla"]
