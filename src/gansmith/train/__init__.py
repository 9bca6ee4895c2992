"""Training: the loop, its state, checkpoints, hooks and the trainer that ties them. `gs.train(...)` calls it."""

from gansmith import _verb

_verb(__name__)
