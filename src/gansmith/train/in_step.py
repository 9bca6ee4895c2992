"""What the processes of one training do together between rounds: one acts and decides, all go on alike."""

from collections.abc import Sequence

from gansmith.train import ranks
from gansmith.train.fit import Halt, Hook, Logs
from gansmith.train.guard import Alarm
from gansmith.train.hooks import Interruption, ticked
from gansmith.train.state import State

QUIET, NEWS, ASKED = 0, 1, 2


def share(state: State) -> None:
    """Give the state of the first process to all."""
    if ranks.alone():
        return
    found = ranks.agreed(lambda: ({name: tensor.cpu() for name, tensor in state.tensors()}, state.counters()))
    if not ranks.first():
        state.load(*found)


def in_step(hooks: Sequence[Hook], interruption: Interruption) -> Sequence[Hook]:
    """Call `hooks` in the first process; then every process has its counters, and stops where it stopped.

    An interruption that reached any of them ends the run for all. Between ticks all this costs one number a round.
    """
    if ranks.alone():
        return hooks

    def hook(state: State, logs: Logs) -> None:
        raised: Exception | None = None
        tick = ticked(state)  # asked first: a hook may correct the length, which is news
        if ranks.first():
            try:
                for one in hooks:
                    one(state, logs)
            except (Halt, Alarm, ArithmeticError) as error:
                raised = error
        level = ranks.loudest(ASKED if interruption.asked else NEWS if raised or tick else QUIET)
        if level == QUIET:
            return
        if level == ASKED and raised is None:
            raised = Halt("interrupted")
        verdict = ("go on" if raised is None else "halt" if isinstance(raised, Halt) else "recover", str(raised))
        (what, why), counters = ranks.agreed(lambda: (verdict, state.counters()))
        state.count_from(counters)
        if what != "go on":
            raise raised if ranks.first() and raised else Halt(why) if what == "halt" else Alarm("elsewhere", why, {})

    return [hook]
