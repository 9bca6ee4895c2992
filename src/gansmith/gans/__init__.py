"""One file per GAN; each reads like its paper. `gansmith.catalog` lists them by name."""

from gansmith.gans.aae import AAE
from gansmith.gans.acgan import ACGAN
from gansmith.gans.began import BEGAN
from gansmith.gans.biggan import BigGAN
from gansmith.gans.cgan import CGAN
from gansmith.gans.consensus import Consensus
from gansmith.gans.dagan import DAGAN
from gansmith.gans.dcgan import DCGAN
from gansmith.gans.dragan import DRAGAN
from gansmith.gans.ebgan import EBGAN
from gansmith.gans.fastgan import FastGAN
from gansmith.gans.infogan import InfoGAN
from gansmith.gans.lsgan import LSGAN
from gansmith.gans.pixelcnn import PixelCNN
from gansmith.gans.progressive import Progressive
from gansmith.gans.projection import Projection
from gansmith.gans.r3gan import R3GAN
from gansmith.gans.ragan import RaGAN
from gansmith.gans.sagan import SAGAN
from gansmith.gans.sngan import SNGAN
from gansmith.gans.ssgan import SSGAN
from gansmith.gans.stylegan2 import StyleGAN2
from gansmith.gans.vae import VAE
from gansmith.gans.vaegan import VAEGAN
from gansmith.gans.vanilla import Vanilla
from gansmith.gans.wgan import WGAN
from gansmith.gans.wgan_gp import WGANGP

__all__ = [
    "AAE",
    "ACGAN",
    "BEGAN",
    "CGAN",
    "DAGAN",
    "DCGAN",
    "DRAGAN",
    "EBGAN",
    "LSGAN",
    "R3GAN",
    "SAGAN",
    "SNGAN",
    "SSGAN",
    "VAE",
    "VAEGAN",
    "WGAN",
    "WGANGP",
    "BigGAN",
    "Consensus",
    "FastGAN",
    "InfoGAN",
    "PixelCNN",
    "Progressive",
    "Projection",
    "RaGAN",
    "StyleGAN2",
    "Vanilla",
]
