"""Properties: what the panel asks for, saved with the file. What runs is not here: runtime.py holds it."""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

from .. import runtime
from ..variations import LARGEST_SEED

EXAMPLES = ("a round table with four legs", "a wooden chair with a tall back", "a small house with a red roof")
PLACEHOLDER = "What to make, in your words"
CHANGE = "make it taller"
QUESTION = "What is this object?"


def _prompts(self: bpy.types.PropertyGroup, context: bpy.types.Context, typed: str) -> list[str]:
    """What was asked for before, newest first, then the examples."""
    entries = context.scene.meshscribe_history.entries if context.scene else ()
    known = [entry.prompt for entry in reversed(entries)]
    return [each for each in dict.fromkeys([*known, *EXAMPLES]) if typed.lower() in each.lower()]


def _models(self: bpy.types.PropertyGroup, context: bpy.types.Context, typed: str) -> list[str]:
    names = [entry.name for entry in runtime.current().session.models]
    return [name for name in (names or ["starter", "llama-mesh"]) if typed.lower() in name]


class MESHSCRIBE_PG_settings(bpy.types.PropertyGroup):
    prompt: StringProperty(
        name="Prompt",
        description="What to make, in plain words",
        maxlen=20_000,
        search=_prompts,
        search_options={"SUGGESTION"},
    )
    seed: IntProperty(name="Seed", description="The same words and seed make the same mesh", min=0, max=LARGEST_SEED)
    lock_seed: BoolProperty(name="Lock Seed", description="Keep the seed; otherwise every press draws a new one")
    temperature: FloatProperty(
        name="Temperature",
        description="0 makes the likeliest mesh, higher values surprise more and err more",
        default=0.7,
        min=0.0,
        max=2.0,
        soft_max=1.2,
        precision=2,
    )
    count: IntProperty(
        name="Variations", description="How many meshes to make, side by side", default=1, min=1, max=16, soft_max=6
    )
    size: FloatProperty(
        name="Size",
        description="Length of the longest side",
        default=1.0,
        min=0.001,
        soft_max=10.0,
        subtype="DISTANCE",
        unit="LENGTH",
    )
    model: StringProperty(
        name="Model",
        description="The model that writes and reads",
        default="starter",
        maxlen=200,
        search=_models,
        search_options={"SUGGESTION"},
    )
    instruction: StringProperty(
        name="Instruction",
        description="What to change about the selected object, in plain words",
        maxlen=20_000,
    )
    answer: EnumProperty(
        name="Answer",
        items=(
            ("BESIDE", "Beside", "The changed mesh stands beside the object"),
            ("INSTEAD", "Instead", "The changed mesh takes the object's place. Undo brings the object back"),
        ),
    )
    question: StringProperty(
        name="Question",
        description="Ask something of your own about the selection, of a model that knows language",
        maxlen=2_000,
    )


CLASSES = (MESHSCRIBE_PG_settings,)


def attach() -> None:
    bpy.types.Scene.meshscribe = PointerProperty(type=MESHSCRIBE_PG_settings)


def detach() -> None:
    del bpy.types.Scene.meshscribe
