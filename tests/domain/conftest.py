"""Hypothesis without a deadline an example: a slow one on a busy machine is no failure."""

from hypothesis import settings

settings.register_profile("italiano", deadline=None)
settings.load_profile("italiano")
