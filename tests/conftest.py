"""Hypothesis for all tests: the same examples on every run and machine, no time limits on single examples. Ctrl-C is
heard even where the shell that began the run ignores it, as for what runs in its background."""

import signal

from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None, database=None, max_examples=60)
settings.load_profile("ci")
signal.signal(signal.SIGINT, signal.default_int_handler)
