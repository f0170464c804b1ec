"""Scenes for tests of grounding and relations, built in Blender from the training shapes, with phrases and questions
whose answers follow from how a scene was laid out, never from its boxes.

Things stand in places of a coarse grid, so that left and behind are beyond doubt; a companion stands close to its
host, everything else far away; things on a table lie in a row. Each kind has its own height, told to the builder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import bpy

from blender_addon import geometry
from blender_addon.geometry import Placement
from meshscribe.training.shapes import FAMILIES

STEP = 6.0  # from one place of the grid to the next
CLOSE = 0.1  # between a companion and its host
HEIGHT = {
    "table": 0.8, "desk": 0.8, "chair": 1.0, "stool": 0.6, "lamp": 0.5, "mug": 0.12, "bottle": 0.3, "bowl": 0.1,
    "vase": 0.35, "mushroom": 0.25, "barrel": 0.9, "crate": 0.7, "chest": 0.6, "house": 5.0, "tree": 4.0,
    "car": 1.4, "bench": 0.9, "rock": 0.7, "rocket": 3.0, "cactus": 1.2, "snowman": 1.7,
}  # fmt: skip
COLOURS = ("red", "blue", "green", "yellow")
HOSTS = ("table", "desk")
SMALL = ("mug", "bottle", "bowl", "vase", "mushroom", "lamp")
OUTSIDE = (
    "tree",
    "car",
    "rock",
    "cactus",
    "house",
    "barrel",
    "crate",
    "chest",
    "bench",
    "snowman",
    "rocket",
    "chair",
    "stool",
)
NAMES = {"sofa": "couch", "shelf": "bookshelf", "car": "automobile", "chest": "treasure chest", "crate": "crate"}


@dataclass(eq=False)
class Prop:
    """A thing as it was laid out."""

    kind: str
    place: tuple[int, int]  # on the grid: to the right, to the back
    height: float
    colour: str = ""
    on: Prop | None = None
    under: Prop | None = None
    host: Prop | None = None  # it stands close to
    row: int = 0  # on its table, from the left
    made: bpy.types.Object | None = None

    @property
    def id(self) -> str:
        return str(self.made.session_uid)

    @property
    def floor(self) -> bool:
        return self.on is None and self.under is None


@dataclass
class Stage:
    props: list[Prop] = field(default_factory=list)

    def kinds(self) -> dict[str, list[Prop]]:
        found: dict[str, list[Prop]] = {}
        for prop in self.props:
            found.setdefault(prop.kind, []).append(prop)
        return found


def lay_out(seed: int) -> Stage:
    """A plan of 5 to 12 things: one or two tables with things in a row on them, at times one under a table, and others
    on the floor, some close to a table."""
    random = Random(seed)
    stage = Stage()
    places = [(x, y) for x in range(4) for y in range(3)]
    random.shuffle(places)
    hosts = [Prop(kind, places.pop(), HEIGHT[kind]) for kind in random.sample(HOSTS, random.choice((1, 1, 2)))]
    stage.props += hosts
    small = random.sample(SMALL, 3)
    for host in hosts:
        kinds = sorted(random.choices(small, k=random.choice((1, 2, 3))))
        random.shuffle(kinds)
        for row, kind in enumerate(kinds):
            stage.props.append(Prop(kind, host.place, HEIGHT[kind], on=host, row=row))
    if random.random() < 0.5:
        kind = random.choice(("crate", "barrel", "chest"))
        stage.props.append(Prop(kind, hosts[0].place, 0.3, under=hosts[0]))
    kinds = random.sample(OUTSIDE, 3)
    count = random.randint(max(2, 5 - len(stage.props)), max(2, min(6, 12 - len(stage.props))))
    taken = 0
    for _ in range(count):
        kind = random.choice(kinds)
        alike = [prop for prop in stage.props if prop.kind == kind]
        height = HEIGHT[kind] * (1.0, 1.3, 0.7, 1.7, 0.5)[len(alike) % 5]
        prop = Prop(kind, (0, 0), height)
        if kind in COLOURED:
            prop.colour = COLOURS[len(alike) % len(COLOURS)]
        if taken < len(hosts) and kind not in ("house", "tree") and random.random() < 0.6:
            prop.host, prop.place = hosts[taken], hosts[taken].place
            taken += 1
        else:
            prop.place = places.pop()
        stage.props.append(prop)
    return stage


COLOURED = ("chair", "car", "stool")  # what is painted here


def build(stage: Stage, named: str, seed: int) -> None:
    """Build it in the open file. `named`: "names" as an artist gives them, "plans" as the add-on's own objects have
    them under names that say nothing, "bare" only such names, "mixed" names for about half of the things."""
    random = Random(seed)
    for made in list(bpy.data.objects):
        bpy.data.objects.remove(made)
    spans: dict[int, tuple[float, float]] = {}
    for prop in stage.props:
        family = FAMILIES[prop.kind]
        plan = family.sample(random)
        if prop.kind in HOSTS:
            plan = {**plan, **({"legs": "4", "shelf": "no"} if prop.kind == "table" else {})}
        mesh = family.mesh(plan, random)
        low, high = mesh.bounds()
        extent = high - low  # OBJ space: y is up
        scale = prop.height / extent[1]
        if prop.kind in HOSTS:
            scale = 1.5 / extent[0]
            prop.height = float(extent[1] * scale)
        elif prop.on is not None:
            widest = max(extent[0], extent[2]) * scale
            scale *= min(1.0, 0.3 / widest)
        elif prop.under is not None:
            widest = max(extent[0], extent[2]) * scale
            scale *= min(1.0, 0.5 / widest)
        else:  # no thing reaches its neighbour's place
            scale_flat = min(1.0, 2.2 / (max(extent[0], extent[2]) * scale))
            mesh = mesh.with_vertices(mesh.vertices * (scale_flat, 1, scale_flat))
        low, high = mesh.bounds()
        size = (high - low) * scale
        x, y, z = prop.place[0] * STEP, prop.place[1] * STEP, 0.0
        if prop.on is not None:
            x += -0.55 + 0.5 * prop.row
            z = prop.on.height
        elif prop.host is not None:
            half = spans[id(prop.host)]
            x += half[0] / 2 + CLOSE + size[0] / 2
        spans[id(prop)] = (float(size[0]), float(size[2]))
        name = (
            NAMES.get(prop.kind, prop.kind).title().replace(" ", "_")
            if named == "names" or (named == "mixed" and random.random() < 0.5)
            else random.choice(("Cube", "Mesh"))
        )
        prop.made = geometry.create(name, mesh, Placement.stand(mesh.vertices, float(max(size)), (x, y, z)))
        if named == "plans":
            words = " ".join([prop.kind, *(f"{key} {value}" for key, value in plan.items() if key != "material")])
            geometry.remember(prop.made, plan=words)
        prop.made.data.materials.clear()
        if prop.colour:
            paint = bpy.data.materials.new(prop.colour.title())
            prop.made.data.materials.append(paint)
    bpy.context.view_layer.update()


def said(kind: str, random: Random) -> str:
    return NAMES[kind] if kind in NAMES and random.random() < 0.3 else kind


def many(kind: str) -> str:
    return {"bench": "benches", "mug": "mugs", "cactus": "cacti", "bush": "bushes", "shelf": "shelves"}.get(
        kind, kind + "s"
    )


def phrases(stage: Stage, seed: int) -> list[tuple[str, set[str]]]:
    """Phrases, each with the ids of the objects that it means."""
    random = Random(seed)
    found = [(text, {prop.id for prop in meant}) for text, meant in _phrases(stage, random)]
    random.shuffle(found)
    return found


def _phrases(stage: Stage, random: Random) -> Iterator[tuple[str, list[Prop]]]:
    kinds = stage.kinds()
    verb = ("", "", "", "select ", "find ", "show me ")
    for kind, alike in kinds.items():
        name, plural = said(kind, random), many(kind)
        if len(alike) == 1:
            yield f"{random.choice(verb)}the {name}", alike
        else:
            yield random.choice((f"all {plural}", f"the {plural}", f"every {name}")), alike
            if len(alike) == 2:
                yield f"both {plural}", alike
            yield from _superlatives(kind, alike, random)
            yield from _sides(stage, kind, alike, random)
            for prop in alike:
                if prop.colour and [p.colour for p in alike].count(prop.colour) == 1:
                    yield random.choice((f"the {prop.colour} {name}", f"the {name} that is {prop.colour}")), [prop]
                    rest = [p for p in alike if p is not prop]
                    yield f"all {plural} except the {prop.colour} one", rest
    for host in [prop for prop in stage.props if prop.kind in HOSTS]:
        yield from _at_host(stage, host, kinds, random)


def _superlatives(kind: str, alike: list[Prop], random: Random) -> Iterator[tuple[str, list[Prop]]]:
    by_height = sorted(alike, key=lambda prop: -prop.height)
    if by_height[0].height > 1.15 * by_height[1].height:
        yield f"the tallest {kind}", by_height[:1]
    if by_height[-1].height < 0.85 * by_height[-2].height:
        yield f"the {random.choice(('shortest', 'lowest'))} {kind}", by_height[-1:]
    if len(alike) > 2 and by_height[0].height > 1.15 * by_height[1].height > 1.3 * by_height[2].height:
        yield f"the second tallest {kind}", by_height[1:2]


def _sides(stage: Stage, kind: str, alike: list[Prop], random: Random) -> Iterator[tuple[str, list[Prop]]]:
    across = sorted(alike, key=_x)
    if _x(across[0]) < _x(across[1]):
        yield (
            random.choice((f"the leftmost {kind}", f"the first {kind} from the left", f"the {kind} on the left")),
            across[:1],
        )
    if _x(across[-1]) > _x(across[-2]):
        yield random.choice((f"the rightmost {kind}", f"the {kind} furthest to the right")), across[-1:]
    if len(across) > 2 and len({_x(prop) for prop in across}) == len(across):
        yield f"the second {kind} from the left", across[1:2]
        yield f"the second {kind} from the right", across[-2:-1]
    deep = sorted(alike, key=lambda prop: prop.place[1])
    if deep[-1].place[1] > deep[-2].place[1]:
        yield random.choice((f"the {kind} at the back", f"the rearmost {kind}")), deep[-1:]


def _at_host(
    stage: Stage, host: Prop, kinds: dict[str, list[Prop]], random: Random
) -> Iterator[tuple[str, list[Prop]]]:
    if len(kinds[host.kind]) > 1:
        return
    table = host.kind
    on = [prop for prop in stage.props if prop.on is host]
    close = [prop for prop in stage.props if prop.host is host]
    below = [prop for prop in stage.props if prop.under is host]
    yield (
        random.choice(
            (f"everything on the {table}", f"all the things on top of the {table}", f"what is on the {table}")
        ),
        on,
    )
    for prop in on:
        alike = [p for p in on if p.kind == prop.kind]
        if len(alike) == 1:
            way = random.choice(("on", "on top of", "standing on", "that is on"))
            yield f"the {prop.kind} {way} the {table}", [prop]
            yield f"the {table} with the {prop.kind}", [p for p in (host,) if len(kinds[prop.kind]) == 1] or [host]
        elif len(alike) > 1 and prop is alike[0]:
            yield f"the {many(prop.kind)} on the {table}", alike
            across = sorted(alike, key=lambda p: p.row)
            yield f"the leftmost {prop.kind} on the {table}", across[:1]
            yield f"the last {prop.kind} from the left on the {table}", across[-1:]
    in_row = sorted(on, key=lambda p: p.row)
    if len(in_row) == 3 and all(len(kinds[p.kind]) == 1 for p in in_row):
        a, b, c = in_row
        yield f"the {b.kind} between the {a.kind} and the {c.kind}", [b]
        yield f"the thing right of the {b.kind} on the {table}", [c]
    for prop in below:
        yield random.choice((f"the {prop.kind} under the {table}", f"the {prop.kind} beneath the {table}")), [prop]
    for prop in close:
        way = random.choice(("next to", "beside", "close to", "closest to", "near"))
        if not [p for p in below + on if p.kind == prop.kind]:
            yield f"the {prop.kind} {way} the {table}", [prop]
    for kind, alike in kinds.items():
        floor = [prop for prop in alike if prop.floor and prop.host is None]
        if len(alike) != 2 or len(floor) != 2 or kind in HOSTS:
            continue
        a, b = floor
        for word, axis, sign in (
            ("to the left of", 0, -1),
            ("to the right of", 0, 1),
            ("behind", 1, 1),
            ("in front of", 1, -1),
        ):
            held = [p for p in (a, b) if sign * (p.place[axis] - host.place[axis]) > 0]
            if len(held) == 1:
                yield f"the {kind} {word} the {table}", held
        far = [abs(p.place[0] - host.place[0]) ** 2 + abs(p.place[1] - host.place[1]) ** 2 for p in (a, b)]
        if max(far) > 2 * min(far):
            first = a if far[0] < far[1] else b
            yield f"the {kind} {random.choice(('closest to', 'nearest to'))} the {table}", [first]
            yield (
                f"the {kind} {random.choice(('farthest from', 'furthest away from'))} the {table}",
                [b if first is a else a],
            )


def _x(prop: Prop) -> float:
    """Where it stands from left to right, coarsely."""
    return prop.place[0] + (0.1 * prop.row if prop.on else 0.3 if prop.host else 0.0)


def questions(stage: Stage, seed: int) -> list[tuple[str, bool | int | set[str]]]:
    """Questions about relations, each with its answer: yes or no, a number, or the names of the objects."""
    random = Random(seed)
    found = list(_questions(stage, random))
    random.shuffle(found)
    return found


def _questions(stage: Stage, random: Random) -> Iterator[tuple[str, bool | int | set[str]]]:
    kinds = stage.kinds()
    single = {kind: alike[0] for kind, alike in kinds.items() if len(alike) == 1}
    pairs = [(a, b) for a in single.values() for b in single.values() if a is not b]
    random.shuffle(pairs)
    for a, b in pairs[:14]:
        yield from _yes_or_no(a, b, random)
    for kind, host in single.items():
        if kind not in HOSTS:
            continue
        on = [prop for prop in stage.props if prop.on is host]
        below = [prop for prop in stage.props if prop.under is host]
        yield random.choice((f"What is on the {kind}?", f"What stands on the {kind}?")), {p.made.name for p in on}
        yield f"How many things are on the {kind}?", len(on)
        yield f"Is there anything under the {kind}?", bool(below)
        for small in {prop.kind for prop in stage.props if prop.on}:
            count = sum(prop.kind == small for prop in on)
            yield f"How many {many(small)} are on the {kind}?", count
            yield f"Is there a {small} on the {kind}?", bool(count)
    for kind, alike in kinds.items():
        yield f"How many {many(kind)} are there?", len(alike)
        by_height = sorted(alike, key=lambda prop: -prop.height)
        if len(alike) > 1 and by_height[0].height > 1.15 * by_height[1].height:
            yield f"Which {kind} is the tallest?", {by_height[0].made.name}
    yield "Is there a piano?", False


def _yes_or_no(a: Prop, b: Prop, random: Random) -> Iterator[tuple[str, bool]]:
    one, other = f"the {said(a.kind, random)}", f"the {said(b.kind, random)}"
    if b.kind in HOSTS and a.kind != b.kind:
        yield f"Is {one} on {other}?", a.on is b
        if a.on is None:
            yield f"Is {one} under {other}?", a.under is b
    if a.floor and b.floor and a.host is None and b.host is None:
        for word, axis, sign in (
            ("left of", 0, -1),
            ("to the right of", 0, 1),
            ("behind", 1, 1),
            ("in front of", 1, -1),
        ):
            apart = sign * (a.place[axis] - b.place[axis])
            if apart:
                yield f"Is {one} {word} {other}?", apart > 0
    if a.host is b or (a.floor and b.floor and not a.host and not b.host):
        yield f"Is {one} next to {other}?", a.host is b
    if max(a.height, b.height) > 1.2 * min(a.height, b.height) and a.floor and b.floor:
        yield f"Is {one} taller than {other}?", a.height > b.height
