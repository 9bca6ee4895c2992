"""Every family on Fashion-MNIST, by the same budget: paper, command, and the call that the command is.

A minute of one processor thread is a beginning, far from what any of these can do; the same for all, they can be
compared. `python -m recipes NAME` plays one and measures what it made.
"""

import gansmith as gs
from gansmith.train.trainer import Outcome

DATA = "fashion-mnist"
MINUTES = 1.0


def train(gan: str, options: dict | None = None, **run) -> Outcome:
    """Train by the recipes' budget; `run` changes the budget, the folder and what else `gs.train` takes."""
    run = {"data": DATA, "minutes": MINUTES, "threads": 1, "name": gan} | run
    return gs.train(run.pop("data"), gan, options=options, **run)


def vanilla(**run):
    """Goodfellow et al., 2014, arXiv:1406.2661.

    gansmith train fashion-mnist --gan vanilla --minutes 1 --threads 1
    """
    return train("vanilla", **run)


def dcgan(**run):
    """Radford et al., 2016, arXiv:1511.06434.

    gansmith train fashion-mnist --gan dcgan --minutes 1 --threads 1
    """
    return train("dcgan", **run)


def lsgan(**run):
    """Mao et al., 2017, arXiv:1611.04076.

    gansmith train fashion-mnist --gan lsgan --minutes 1 --threads 1
    """
    return train("lsgan", **run)


def wgan(**run):
    """Arjovsky et al., 2017, arXiv:1701.07875.

    gansmith train fashion-mnist --gan wgan --minutes 1 --threads 1
    """
    return train("wgan", **run)


def wgan_gp(**run):
    """Gulrajani et al., 2017, arXiv:1704.00028.

    gansmith train fashion-mnist --gan wgan_gp --minutes 1 --threads 1
    """
    return train("wgan_gp", **run)


def dragan(**run):
    """Kodali et al., 2017, arXiv:1705.07215.

    gansmith train fashion-mnist --gan dragan --minutes 1 --threads 1
    """
    return train("dragan", **run)


def sngan(**run):
    """Miyato et al., 2018, arXiv:1802.05957.

    gansmith train fashion-mnist --gan sngan --minutes 1 --threads 1
    """
    return train("sngan", **run)


def ragan(**run):
    """Jolicoeur-Martineau, 2018, arXiv:1807.00734.

    gansmith train fashion-mnist --gan ragan --minutes 1 --threads 1
    """
    return train("ragan", **run)


def r3gan(**run):
    """Huang et al., 2024, arXiv:2501.05441.

    gansmith train fashion-mnist --gan r3gan --minutes 1 --threads 1
    """
    return train("r3gan", **run)


def cgan(**run):
    """Mirza & Osindero, 2014, arXiv:1411.1784.

    gansmith train fashion-mnist --gan cgan --minutes 1 --threads 1
    """
    return train("cgan", **run)


def acgan(**run):
    """Odena et al., 2017, arXiv:1610.09585.

    gansmith train fashion-mnist --gan acgan --minutes 1 --threads 1
    """
    return train("acgan", **run)


def projection(**run):
    """Miyato & Koyama, 2018, arXiv:1802.05637.

    gansmith train fashion-mnist --gan projection --minutes 1 --threads 1
    """
    return train("projection", **run)


def infogan(**run):
    """Chen et al., 2016, arXiv:1606.03657.

    gansmith train fashion-mnist --gan infogan --minutes 1 --threads 1
    """
    return train("infogan", **run)


def ebgan(**run):
    """Zhao et al., 2017, arXiv:1609.03126.

    gansmith train fashion-mnist --gan ebgan --minutes 1 --threads 1
    """
    return train("ebgan", **run)


def began(**run):
    """Berthelot et al., 2017, arXiv:1703.10717.

    gansmith train fashion-mnist --gan began --minutes 1 --threads 1
    """
    return train("began", **run)


def stylegan2(**run):
    """Karras et al., 2020, arXiv:1912.04958.

    gansmith train fashion-mnist --gan stylegan2 --minutes 1 --threads 1
    """
    return train("stylegan2", **run)


def progressive(**run):
    """Karras et al., 2018, arXiv:1710.10196.

    gansmith train fashion-mnist --gan progressive --minutes 1 --threads 1
    """
    return train("progressive", **run)


def sagan(**run):
    """Zhang et al., 2019, arXiv:1805.08318.

    gansmith train fashion-mnist --gan sagan --minutes 1 --threads 1
    """
    return train("sagan", **run)


def biggan(**run):
    """Brock et al., 2019, arXiv:1809.11096.

    gansmith train fashion-mnist --gan biggan --minutes 1 --threads 1
    """
    return train("biggan", **run)


def fastgan(**run):
    """Liu et al., 2021, arXiv:2101.04775.

    gansmith train fashion-mnist --gan fastgan --augment 0.0 --minutes 1 --threads 1
    """
    return train("fastgan", {"augment": 0.0}, **run)


def dagan(**run):
    """Antoniou et al., 2017, arXiv:1711.04340.

    gansmith train fashion-mnist --gan dagan --minutes 1 --threads 1
    """
    return train("dagan", **run)


def vae(**run):
    """Kingma & Welling, 2014, arXiv:1312.6114.

    gansmith train fashion-mnist --gan vae --minutes 1 --threads 1
    """
    return train("vae", **run)


def vaegan(**run):
    """Larsen et al., 2016, arXiv:1512.09300.

    gansmith train fashion-mnist --gan vaegan --minutes 1 --threads 1
    """
    return train("vaegan", **run)


def aae(**run):
    """Makhzani et al., 2016, arXiv:1511.05644.

    gansmith train fashion-mnist --gan aae --minutes 1 --threads 1
    """
    return train("aae", **run)


def pixelcnn(**run):
    """van den Oord et al., 2016, arXiv:1606.05328.

    gansmith train fashion-mnist --gan pixelcnn --minutes 1 --threads 1
    """
    return train("pixelcnn", **run)


def ssgan(**run):
    """Salimans et al., 2016, arXiv:1606.03498.

    gansmith train fashion-mnist --gan ssgan --minutes 1 --threads 1
    """
    return train("ssgan", **run)


def consensus(**run):
    """Mescheder et al., 2017, arXiv:1705.10461.

    gansmith train fashion-mnist --gan consensus --minutes 1 --threads 1
    """
    return train("consensus", **run)
