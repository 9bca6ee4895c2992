"""Enrich a small data set with pictures of a GAN, and the study that proves or refutes that it helped."""

from gansmith import _verb

_verb(__name__)
