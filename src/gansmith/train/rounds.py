"""Which function plays the rounds of which kind of game."""

from gansmith.game import GAN, SimultaneousGAN
from gansmith.train.fit import Play, play_round
from gansmith.train.recorded import Recorder, recordable
from gansmith.train.simultaneous import play_round_together
from gansmith.train.state import State

PLAY: dict[type[GAN], Play] = {SimultaneousGAN: play_round_together, GAN: play_round}
"""By kind, the more special first."""


def way_to_play(gan: GAN) -> Play:
    """Return the function that plays a round of this game."""
    return next(play for kind, play in PLAY.items() if isinstance(gan, kind))


def fastest_way_to_play(state: State) -> Play:
    """Return the same or, on a GPU, what plays recordings of such rounds."""
    play = way_to_play(state.gan)
    return Recorder() if play is play_round and recordable(state) else play
