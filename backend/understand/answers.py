"""Questions about one mesh, answered from its facts and from what the starter read in it (a plan: family and
attributes). What neither knows is said, with the name of an engine that could."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from meshscribe.backend.words import describe_plan, named, singular
from meshscribe.shared.obj import plan_words

from . import lexicon, report
from .nouns import ANOTHER_ENGINE
from .report import listed

Facts = dict[str, Any]

COUNTED = {  # asked for -> fact, one, many
    "face": ("faces", "face", "faces"), "polygon": ("faces", "face", "faces"), "poly": ("faces", "face", "faces"),
    "triangle": ("triangles", "triangle", "triangles"), "tri": ("triangles", "triangle", "triangles"),
    "quad": ("quads", "quad", "quads"), "ngon": ("ngons", "n-gon", "n-gons"), "vertex": ("vertices", "vertex", "vertices"),  # noqa: E501
    "vert": ("vertices", "vertex", "vertices"), "point": ("vertices", "vertex", "vertices"), "edge": ("edges", "edge", "edges"),  # noqa: E501
    "part": ("parts", "piece", "pieces"), "piece": ("parts", "piece", "pieces"), "hole": ("holes", "hole", "holes"),
    "island": ("parts", "piece", "pieces"),
}  # fmt: skip
SIZED = {"tall": 1, "high": 1, "height": 1, "wide": 0, "width": 0, "broad": 0, "deep": 2, "depth": 2}
AXIS = ("wide", "high", "deep")
VERTICES = {"vertices": "vertex", "verticies": "vertex"}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a mesh: its facts, and its plan ("" where nothing could be read)."""

    facts: Facts
    plan: str

    @property
    def family(self) -> str:
        return "" if self.solid else plan_words(self.plan)[0]

    @property
    def solid(self) -> str:
        """What it is by its geometry alone, "" for most meshes: then nothing was read, or it does not count."""
        found: str = self.facts["solid"]
        return found

    @property
    def attributes(self) -> dict[str, str]:
        """Those of the plan; what was counted in the mesh goes before what was read: feet for legs, and parts that bear
        the attribute's name. A material that the mesh does not have is none that was read."""
        read = {} if self.solid else plan_words(self.plan)[1]
        if not self.facts["materials"]:
            read.pop("material", None)
        counted = {name: self.facts["named"].get(singular(name), 0) for name, value in read.items() if value.isdigit()}
        if "legs" in counted:
            counted["legs"] = self.facts["base"]["feet"] if self.facts["up"] == "+y" else 0
        return read | {name: str(count) for name, count in counted.items() if count > 1}

    def reading(self) -> str:
        """What it shows, in a sentence; "" where nothing could be read."""
        if self.solid:
            made = f", made of {listed(self.facts['materials'])}" if self.facts["materials"] else ""
            return f"A {self.solid}{made}."
        return describe_plan(self.family, self.attributes) if self.family else ""

    def called(self) -> str:
        """What it is, in a word or two."""
        if self.solid:
            return self.solid
        return named(self.family, self.attributes) if self.family else ""


def described(known: Known, form: str) -> str:
    """A description: "short" is a sentence, "long" all that is known, "prompt" words that would make such a mesh."""
    reading = known.reading()
    if form == "prompt" and reading:
        return reading[:1].lower() + reading[1:].rstrip(".")
    if form == "long" or not reading:
        return " ".join([reading, *report.report(known.facts)]).strip()
    return reading


def answer(known: Known, question: str) -> tuple[str, bool]:
    """An answer in a sentence or two, and whether there was one."""
    plain = re.sub(r"['’]s\b", " is", question.lower())
    text = " ".join(re.findall(r"[a-z]+|\d+", plain.replace("n-gon", "ngon").replace("'", "")))
    text = re.sub(r"^(and|so|ok|okay|well|please|tell me|can you tell me|what about|how about) ", "", text)
    for pattern, say in RULES:
        if (match := re.search(pattern, text)) and (said := say(known, match, text)):
            return said, True
    return f"I cannot tell that from the mesh's facts and my reading of it. {ANOTHER_ENGINE}", False


# ------------------------------------------------------------------------------------------------------------ rules

Rule = Callable[[Known, re.Match[str], str], str]


def _what(known: Known, match: re.Match[str], text: str) -> str:
    return known.reading()


def _is_a(known: Known, match: re.Match[str], text: str) -> str:
    asked = match["what"].split()
    while len(asked) > 1 and asked[-1] in ("or", "not", "then"):
        asked.pop()
    if not known.reading():
        return ""
    noun = lexicon.same(" ".join([*asked[:-1], lexicon.singulars(asked[-1])[0]]))
    noun = noun if noun in lexicon.SAME or len(asked) == 1 else lexicon.same(lexicon.singulars(asked[-1])[0])
    if known.family in lexicon.meant(noun) or noun in (known.family, known.called(), lexicon.same(known.solid)):
        return f"Yes. {known.reading()}"
    if noun in known.attributes.values():
        return "Yes."
    return f"No, I read it as this: {known.reading()[:1].lower()}{known.reading()[1:]}"


def _how_many(known: Known, match: re.Match[str], text: str) -> str:
    word = match["what"]
    one = VERTICES.get(word) or lexicon.singulars(word)[0]
    if one in COUNTED:
        fact, single, many = COUNTED[one]
        if one in ("part", "piece") and known.facts["named"]:
            return f"{_parts(known, match, text)}"
        number = known.facts[fact]
        return (
            f"It has {'one' if number == 1 else f'{number:,}' if number else 'no'} {single if number == 1 else many}."
        )
    for name, value in known.attributes.items():
        if one in (name, singular(name)) and value.isdigit():
            return f"It has {value if value != '0' else 'no'} {singular(name) if value == '1' else name}."
    number = known.facts["named"].get(one, 0)
    if number:
        return f"It has {number} {one if number == 1 else lexicon.plural(one)}."
    return ""


def _how_big(known: Known, match: re.Match[str], text: str) -> str:
    word = match["what"]
    if re.search(r"\b(face|edge|leg|arm|wheel|shelf|window|door)s?\b", text):
        return ""  # of a part
    if word in SIZED:
        axis = SIZED[word]
        return f"It is {known.facts['size'][axis]:.4g} {AXIS[axis]}."
    if word in ("long", "length"):
        return f"Its longest side is {max(known.facts['size']):.4g}; it is {report.proportions(known.facts)}."
    return f"It is {report.proportions(known.facts)}."


def _volume(known: Known, match: re.Match[str], text: str) -> str:
    volume = known.facts["volume"]
    if volume is None:
        return "It has no volume, since it is not closed. " + report.solidity(known.facts)
    return f"Its volume is {abs(volume):.4g} cubed units, {100 * (known.facts['filled'] or 0):.0f} % of its box."


def _area(known: Known, match: re.Match[str], text: str) -> str:
    return f"Its area is {known.facts['area']:.4g} squared units."


def _closed(known: Known, match: re.Match[str], text: str) -> str:
    return ("Yes. " if known.facts["closed"] else "No. ") + report.solidity(known.facts)


def _holes(known: Known, match: re.Match[str], text: str) -> str:
    number = known.facts["holes"]
    if not number:
        return "No, it has no holes: every edge has a face on both sides." if known.facts["faces"] else ""
    return f"Yes, {number:,}. {report.solidity(known.facts)}"


def _symmetric(known: Known, match: re.Match[str], text: str) -> str:
    return report.symmetric(known.facts) or "No, I find no mirror plane and no turn that takes it onto itself."


def _colour(known: Known, match: re.Match[str], text: str) -> str:
    value = known.attributes.get("material") or known.attributes.get("colour") or known.attributes.get("color")
    return f"I read {value}." if value else ""


def _parts(known: Known, match: re.Match[str], text: str) -> str:
    if known.facts["named"]:
        said = [
            f"{count} {lexicon.plural(name.replace('_', ' '))}"
            if count > 1
            else lexicon.article(name.replace("_", " "))
            for name, count in known.facts["named"].items()
        ]
        return f"It is made of {listed(said)}."
    pieces = known.facts["parts"]
    return f"It is {'one piece' if pieces == 1 else f'{pieces:,} loose pieces'} without names. {report.repeated(known.facts)}".strip()  # noqa: E501


def _has(known: Known, match: re.Match[str], text: str) -> str:
    words = [word for word in match["what"].split() if word not in ("a", "an", "any", "the", "some")]
    if not words:
        return ""
    one = lexicon.singulars(words[-1])[0]
    if one == "hole":
        return _holes(known, match, text)
    for name, value in known.attributes.items():
        if one not in (name, singular(name)):
            continue
        if value in ("no", "0", "none"):
            return "No."
        if value == "yes":
            return "Yes."
        said = (
            f"It has {value} {singular(name) if value == '1' else name}."
            if value.isdigit()
            else f"The {name} is {value}."
        )
        wanted = [word for word in words[:-1] if word in _values(known)]
        return ("Yes. " if not wanted or value in wanted else "No. ") + said
    if count := known.facts["named"].get(one, 0):
        return f"Yes, {count}." if count > 1 else "Yes."
    if known.facts["named"] and known.family:
        return f"I see none. {_parts(known, match, text)}"
    return ""


def _values(known: Known) -> set[str]:
    return set(known.attributes.values()) | {
        "round",
        "square",
        "oblong",
        "tall",
        "low",
        "short",
        "long",
        "pointed",
        "flat",
    }


def _stands(known: Known, match: re.Match[str], text: str) -> str:
    base = known.facts["base"]
    flat = " Its base is flat." if base["flat"] else " Its base is not flat." if "flat" in text else ""
    return report.standing(known.facts) + flat


def _repeats(known: Known, match: re.Match[str], text: str) -> str:
    return report.repeated(known.facts) or "No two of its pieces are the same."


def _normals(known: Known, match: re.Match[str], text: str) -> str:
    facts = known.facts
    if facts["twisted_edges"]:
        return f"No: {facts['twisted_edges']:,} edges lie between faces that are wound against each other."
    if facts["closed"]:
        return "All faces point inward." if facts["volume"] < 0 else "All faces point outward."
    return "All faces are wound alike, but it is not closed, so there is no inside."


def _faults(known: Known, match: re.Match[str], text: str) -> str:
    facts = known.facts
    said = [] if facts["closed"] else [report.solidity(facts)]
    if facts["closed"] and facts["volume"] < 0:
        said.append("Its faces point inward.")
    if facts["doubles"] or facts["loose"]:
        said.append(report.faces(facts))
    if facts["up"] != "+y":
        said.append(report.standing(facts))
    return " ".join(said) or "I find nothing wrong: it is closed, evenly wound, and has no loose or double vertices."


def _dense(known: Known, match: re.Match[str], text: str) -> str:
    facts = known.facts
    if not facts["edge_length"]:
        return ""
    count, mean = facts["faces"], facts["edge_length"][1]
    sort = "low-poly" if count < 2_000 else "of medium density" if count < 50_000 else "dense"
    return f"It is {sort}: {count:,} faces, {facts['density']:.4g} a squared unit; its edges are {mean:.3g} long on average."  # noqa: E501


def _prompt(known: Known, match: re.Match[str], text: str) -> str:
    return described(known, "prompt")


def _name(known: Known, match: re.Match[str], text: str) -> str:
    return f"{title(known)}." if known.reading() else ""


def _sized(known: Known, match: re.Match[str], text: str) -> str:
    """ "is it tall": as the plan has it."""
    word = match["what"]
    for name, value in known.attributes.items():
        if value == word:
            return "Yes."
        if name in ("height", "width", "length", "size") and word in (
            "tall",
            "low",
            "wide",
            "narrow",
            "long",
            "short",
            "large",
            "small",
        ):
            return f"Its {name} is {value}, among such things."
    return _is_a(known, match, text) if lexicon.same(word) in lexicon.SAME or word in lexicon.TAKES_IN else ""


def _attribute(known: Known, match: re.Match[str], text: str) -> str:
    """Anything that names an attribute or a part."""
    words = {each for word in text.split() for each in (word, *lexicon.singulars(word))}
    for name, value in known.attributes.items():
        if words & {name, singular(name), *name.split("_")}:
            if value in ("yes", "no"):
                return f"It has {'a' if value == 'yes' else 'no'} {name}."
            return f"It has {value} {name}." if value.isdigit() else f"The {name} is {value}."
    for name, count in known.facts["named"].items():
        if name in words:
            return f"It has {count} {name if count == 1 else lexicon.plural(name)}."
    return ""


IT = r"(it|this|that|the (object|mesh|model|thing|selection|shape))"
RULES: list[tuple[str, Rule]] = [
    (r"\bprompt\b", _prompt),
    (r"\b(name|call)\b.*\b(it|this|that|object|mesh)\b|\bname\b", _name),
    (rf"^(what|who) (is|are|do you see in|does) {IT}( show| object)?$|^what (is )?(shown|this object)|^describe|^what do you see", _what),  # noqa: E501
    (r"\b(print|printable|watertight|closed|manifold|solid|airtight)\b", _closed),
    (r"\b(how many|number of|count( of)?( the)?|how much) (?P<what>[a-z]+)", _how_many),
    (r"\b(normals?|inside out|winding|wound|flipped|inverted|outward|inward)\b", _normals),
    (r"\b(problem|wrong|error|fault|clean|broken|issue|defect|okay|ok)\w*\b", _faults),
    (r"\bhow (much )?(?P<what>tall|high|wide|broad|long|deep|big|large)\b", _how_big),
    (r"\b(?P<what>height|width|depth|length|size|dimensions?|measurements?|proportions?|how big)\b", _how_big),
    (r"\bvolume\b", _volume),
    (r"\b(surface|area)\b", _area),
    (r"\b(symmetr\w+|mirror\w*|asymmetric\w*)\b", _symmetric),
    (r"\b(stand|stable|base|fall|upright|tip over|upside|which way is up|rest|balance|flat (bottom|base)|lie)\w*\b", _stands),  # noqa: E501
    (r"\b(repeat\w*|instances?|copies|copy|the same|same pieces?|identical|duplicates?|equal)\b", _repeats),
    (r"\b(low ?poly|high ?poly|dense|density|detail\w*|resolution|polycount|topology)\b", _dense),
    (r"\b(made of|material|colou?r|painted)\b", _colour),
    (r"^(what|which|list|name|show).*\b(parts?|pieces?|components?)\b|\bconsists?\b|\bmade up\b|^(the )?parts?$", _parts),  # noqa: E501
    (rf"^(is|are|was) {IT} (really )?(a|an|some|the) (?P<what>[a-z ]+)$", _is_a),
    (rf"^(does|do|has|have|did) {IT} (have |got |has )?(?P<what>[a-z0-9 ]+)$", _has),
    (r"^(is|are) there (?P<what>[a-z0-9 ]+?)( on it| in it| here)?$", _has),
    (rf"^(is|are) {IT} (very |rather |quite )?(?P<what>[a-z]+)$", _sized),
    (r"^(?P<what>[a-z]+)$", _how_many),
    (r".", _attribute),
]  # fmt: skip


def title(known: Known) -> str:
    """A name for the object: "Low round table"; "Mesh" where nothing could be read."""
    if not known.reading():
        return "Mesh"
    head = re.split(r" with |, ", known.reading().rstrip("."))[0]
    head = re.sub(r"^(An?|The) ", "", head)
    return head[:1].upper() + head[1:]
