"""The families of shapes, by name."""

from . import (
    arch,
    armchair,
    axe,
    barn,
    barrel,
    bed,
    bench,
    boat,
    book,
    bottle,
    bowl,
    bridge,
    bus,
    bush,
    cabinet,
    cactus,
    candle,
    car,
    cart,
    chair,
    chest,
    church,
    clock,
    column,
    cone,
    crate,
    desk,
    dice,
    drawers,
    fence,
    flower,
    hammer,
    house,
    lamp,
    mailbox,
    mug,
    mushroom,
    palm,
    plane,
    plate,
    pot,
    primitive,
    robot,
    rock,
    rocket,
    shelf,
    shield,
    sign,
    snowman,
    sofa,
    staff,
    stairs,
    stool,
    streetlamp,
    sword,
    table,
    tent,
    torch,
    tower,
    train,
    tree,
    truck,
    vase,
    wall,
    well,
    windmill,
)
from .base import Family

# fmt: off
FURNITURE = (
    table, chair, stool, bench, armchair, sofa, desk, shelf, cabinet, drawers, bed, lamp, clock,
)
SMALL_THINGS = (
    mug, bottle, bowl, plate, vase, pot, candle, book, dice, barrel, crate, chest,
)
BUILDINGS = (
    house, barn, church, tower, windmill, well, bridge, arch, wall, fence, column, stairs,
)
NATURE = (
    tree, palm, bush, flower, cactus, mushroom, rock, snowman,
)
VEHICLES = (
    car, truck, bus, train, plane, boat, rocket, cart,
)
PROPS = (
    sword, axe, hammer, shield, staff, torch, robot, tent, sign, streetlamp, mailbox, cone, primitive,
)
# fmt: on
MODULES = (*FURNITURE, *SMALL_THINGS, *BUILDINGS, *NATURE, *VEHICLES, *PROPS)
FAMILIES: dict[str, Family] = {module.FAMILY.name: module.FAMILY for module in MODULES}
