"""Hypothesis for all tests: the same examples on every run and machine, no time limits on single examples."""

from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None, database=None, max_examples=60)
settings.load_profile("ci")
