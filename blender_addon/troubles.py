"""Troubles: for every code of failure, the button that mends it. The sentence comes with the failure; the same
sentences are the headings of docs/troubleshooting.md."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fix:
    """A button: what it says, the operator that it runs, with which settings."""

    label: str
    operator: str
    icon: str = "TOOL_SETTINGS"
    settings: dict[str, str | int | bool] = field(default_factory=dict)


AGAIN = Fix("Try Again", "meshscribe.repeat", "FILE_REFRESH")
SEED = Fix("Try Another Seed", "meshscribe.repeat", "FILE_REFRESH", {"new_seed": True})
RESTART = Fix("Restart Backend", "meshscribe.backend_restart", "FILE_REFRESH")
STARTER = Fix("Use the Starter Model", "meshscribe.use_model", "MESH_ICOSPHERE", {"model": "starter"})
INSTALL = Fix("Install Backend...", "meshscribe.backend_install", "IMPORT")
PREFERENCES = Fix("Open Preferences", "meshscribe.preferences", "PREFERENCES")
CLEAR = Fix("Clear the Message", "meshscribe.dismiss", "X")
GET = Fix("Get the Model...", "meshscribe.model_get", "IMPORT")

FIXES: dict[str, Fix] = {
    # The protocol's codes (shared/messages.py).
    "bad_message": RESTART,
    "version": INSTALL,
    "busy": AGAIN,
    "too_large": CLEAR,
    "unknown_job": AGAIN,
    "unknown_model": STARTER,
    "bad_request": CLEAR,
    "declined": Fix("Use LLaMA-Mesh", "meshscribe.use_model", "MESH_MONKEY", {"model": "llama-mesh"}),
    "over_budget": CLEAR,
    "model_missing": GET,
    "licence_needed": GET,
    "download_failed": Fix("Go on Downloading...", "meshscribe.model_get", "IMPORT"),
    "checksum": Fix("Go on Downloading...", "meshscribe.model_get", "IMPORT"),
    "no_space": AGAIN,
    "out_of_memory": STARTER,
    "missing_library": Fix("Add Large Models...", "meshscribe.backend_install", "IMPORT", {"large": True}),
    "engine_dead": AGAIN,
    "deadline": AGAIN,
    "not_allowed": CLEAR,
    "no_mesh": SEED,
    "server_failed": AGAIN,
    "key_refused": STARTER,
    "shutting_down": Fix("Start Backend", "meshscribe.backend_start", "PLAY"),
    "internal": RESTART,
    # The add-on's own.
    "empty": SEED,
    "not_installed": INSTALL,
    "incomplete": PREFERENCES,
    "offline": Fix("Allow Online Access", "extensions.userpref_allow_online", "INTERNET"),
    "no_python": PREFERENCES,
    "install_failed": Fix("Go on Installing...", "meshscribe.backend_install", "IMPORT"),
    "start_failed": Fix("Start Backend", "meshscribe.backend_start", "PLAY"),
    "gone": Fix("Start Backend", "meshscribe.backend_start", "PLAY"),
    "away": Fix("Use This Machine", "meshscribe.leave", "HOME"),
    "unsafe": RESTART,
    "unreadable": RESTART,
    "addon": CLEAR,
}

CALLED = {"primitive": "a cube", "stairs": "stairs"}  # families that nobody would ask for as "a ..."
NEAREST = re.compile(r"The nearest things it knows are (\w+), (\w+) and (\w+);")


def nearest(sentence: str) -> list[str]:
    """Prompts for what the starter names in place of what it declined; empty where it names nothing."""
    found = NEAREST.search(sentence)
    return (
        [CALLED.get(name, f"{'an' if name[0] in 'aeiou' else 'a'} {name}") for name in found.groups()] if found else []
    )


GONE = "The connection to the backend is lost: it has ended, or stands still."
NETWORK = "Getting a model needs the network, and Blender's Online Access is switched off."
AWAY = "The backend is on another machine, and Blender's Online Access is switched off."
ABSENT = "This model is not on this machine yet."
LIBRARY = "Large models need PyTorch, which is not installed yet."
ADDON = "The add-on has met an error of its own; your scene is safe."
"""What is said for an exception in the tick."""

DECLINED = "The starter cannot make that. Nearest to it are these; a large model makes other things."
PLAIN = {"model_missing": ABSENT, "missing_library": LIBRARY, "declined": DECLINED}
"""What is said here in place of a sentence that names a command for a shell: there is a button for it."""


def plain(code: str, sentence: str) -> str:
    """A backend's sentence as the panel says it."""
    return PLAIN[code] if code in PLAIN and ("`" in sentence or "pip install" in sentence) else sentence
