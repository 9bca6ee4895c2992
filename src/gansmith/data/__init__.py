"""Images from any source, decoded once to uint8, in an order that the seed decides. `gs.data(...)` opens one."""

from gansmith import _verb

_verb(__name__)
