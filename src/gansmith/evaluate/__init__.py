"""Judging: feature nets, one file a metric, and a report with a floor beside each figure. `gs.evaluate` calls it."""

from gansmith import _verb

_verb(__name__)
