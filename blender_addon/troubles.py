"""Troubles: for every code of failure, the button that mends it. The sentence comes with the failure; the same
sentences are the headings of docs/troubleshooting.md."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fix:
    """A button: what it says, the operator that it runs, with which settings."""

    label: str
    operator: str
    icon: str = "TOOL_SETTINGS"
    settings: dict[str, str | int | bool] = field(default_factory=dict)


AGAIN = Fix("Try Again", "meshscribe.repeat", "FILE_REFRESH")
RESTART = Fix("Restart Backend", "meshscribe.backend_restart", "FILE_REFRESH")
STARTER = Fix("Use the Starter Model", "meshscribe.use_model", "MESH_ICOSPHERE", {"model": "starter"})
INSTALL = Fix("Install Backend...", "meshscribe.backend_install", "IMPORT")
PREFERENCES = Fix("Open Preferences", "meshscribe.preferences", "PREFERENCES")

FIXES: dict[str, Fix] = {
    # The protocol's codes (shared/messages.py).
    "bad_message": RESTART,
    "version": INSTALL,
    "busy": AGAIN,
    "too_large": Fix("Clear the Message", "meshscribe.dismiss", "X"),
    "unknown_job": AGAIN,
    "unknown_model": STARTER,
    "bad_request": Fix("Clear the Message", "meshscribe.dismiss", "X"),
    "over_budget": Fix("Clear the Message", "meshscribe.dismiss", "X"),
    "model_missing": STARTER,
    "licence_needed": STARTER,
    "download_failed": AGAIN,
    "checksum": AGAIN,
    "no_space": AGAIN,
    "out_of_memory": STARTER,
    "missing_library": Fix("Add Large Models...", "meshscribe.backend_install", "IMPORT", {"large": True}),
    "engine_dead": AGAIN,
    "deadline": AGAIN,
    "shutting_down": Fix("Start Backend", "meshscribe.backend_start", "PLAY"),
    "internal": RESTART,
    # The add-on's own.
    "empty": Fix("Try Another Seed", "meshscribe.repeat", "FILE_REFRESH", {"new_seed": True}),
    "not_installed": INSTALL,
    "incomplete": PREFERENCES,
    "offline": Fix("Allow Online Access", "extensions.userpref_allow_online", "INTERNET"),
    "no_python": PREFERENCES,
    "install_failed": Fix("Go on Installing...", "meshscribe.backend_install", "IMPORT"),
    "start_failed": Fix("Start Backend", "meshscribe.backend_start", "PLAY"),
    "gone": Fix("Start Backend", "meshscribe.backend_start", "PLAY"),
    "unsafe": RESTART,
    "unreadable": RESTART,
    "addon": Fix("Clear the Message", "meshscribe.dismiss", "X"),
}

GONE = "The connection to the backend is lost: it has ended, or stands still."
ADDON = "The add-on has met an error of its own; your scene is safe."
"""What is said for an exception in the tick."""
