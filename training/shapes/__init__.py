"""The families of shapes, by name."""

from . import (
    barrel,
    bed,
    bench,
    bottle,
    chair,
    hammer,
    house,
    lamp,
    mug,
    mushroom,
    rocket,
    shelf,
    snowman,
    stool,
    sword,
    table,
    tower,
    tree,
)
from .base import Family

MODULES = (
    table,
    chair,
    stool,
    bench,
    shelf,
    bed,
    lamp,
    mug,
    bottle,
    house,
    tower,
    tree,
    sword,
    barrel,
    hammer,
    mushroom,
    snowman,
    rocket,
)
FAMILIES: dict[str, Family] = {module.FAMILY.name: module.FAMILY for module in MODULES}
