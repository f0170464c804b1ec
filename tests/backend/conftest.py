"""Backends for the tests of this folder."""

from backends import link, shared_backend, start

__all__ = ["link", "shared_backend", "start"]
