"""Free wording in the words that the rules read: "the tree a bit further back" as "the tree furthest back". A list of
ways to say the same, none of them about a certain thing. Knows no boxes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from . import lexicon
from .lexicon import COLOURS, MEASURES, PLACES, SEVERAL_WORDS, degree, plural, singulars
from .sayings import NUMBERS

MOST_WORDS = 60  # of a phrase

_AT = r"(?=(?:on|in|at|by|under|underneath|beneath|below|behind|beside|next to|near|between|close to|to the|here)\b)"
_COLOUR = "|".join(sorted(COLOURS))
_HOLD = "carry|hold|support|bear|have|contain|keep"
_COUNT = "|".join(NUMBERS) + r"|\d+"

SAME_TEXT = [  # in the text as it was written, in lowercase
    (r"\b(?:on|to|at|by|along) (the [\w ]+?)['’]s (left|right)(?: hand)?( side| end| edge)?\b", r"on the \2\3 of \1"),
    (r"\b(?:at|in) (the [\w ]+?)['’]s (front|back)\b", r"at the \2 of \1"),
]
SAME_WORDS: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [  # in the words, apart by single spaces
    # Said for the sound of it.
    (r" (?:in total|altogether|overall|in all|at all|all together|of all|of them all|of them)$", ""),
    (rf" of (?:the|all) (?:{_COUNT})$", ""),
    (rf"(?<!the) (?:over|up|down|way|out|back|off|straight)(?: there| here)?(?: ,)? {_AT}", " "),
    (r"\b(?:a bit|a little|slightly|much|somewhat|a lot|far) (?=\w+er\b|further|farther)", ""),
    (r"\bpieces? of (?=furniture)", ""),
    (r"\b(?:pair|couple) of\b", "two"),
    (r"\b(set|group|row|bunch|pile|stack) of (?=\w+s\b)", ""),
    (r"\b(which|what)( \w+)? one (?=is |are |has |stands )", r"\1\2 "),
    # One thing and another.
    (r"(?: ,)?(?: and| but)? not the other (?:one|ones|\w+)$", ""),
    (r" , (?:and |but )?not (?=the |a |those |these |@)", " except "),
    (r"\bneither (.+?) nor (.+)$", r"not \1 and not \2"),
    (r"\b(flanked|surrounded) by (?=two |both |the two )", "between "),
    (r"\bflanked by (?=.+ and )", "between "),
    (r"\bwith (?:a|an|one) (\w+) (?:on|at|to) (?:either|each|both) (?:side|sides|end|ends)(?: of it)?\b",
     lambda found: f"between two {plural(found[1])}"),
    (r"\b(?:shares|sharing|share) (?:the|a|its) (\w+) with\b", r"on the \1 with"),
    (r"\baccompanied by\b", "beside"),
    (rf"\bin (?=(?:{_COLOUR})$)", "that is "),
    # Further and closer.
    (r"\b(?:further|farther|more) (?:to the |on the )?(left|right) than\b", r"\1 of"),
    (r"\b(?:further|farther|more) (?:to the |in the |at the )?back than\b", "behind"),
    (r"\b(?:further|farther|more) (?:to the |in the |at the )?(?:front|forward) than\b", "in front of"),
    (r"\b(?:further|farther) (?=(?:to the |on the |at the )?(?:left|right|back|front|forward)\b)", "furthest "),
    (r"\b(furthest (?:to the )?)forward\b", r"\1front"),
    (r"\b(closest|nearest|farthest|furthest)(?: away)? one (?=to|from)", r"\1 "),
    (r"\b(?:closer|nearer) (?=to )(?!.* than )", "closest "),
    (r"\bnearer (?!to |than )(?=the )(?!.* than )", "closest to "),
    (r"\b(?:further|farther) (?:away )?(?=from )(?!.* than )", "farthest "),
    # Places in the scene.
    (r"\b(?:in|at|on) the (?:far |very )?(back|rear|front) (left|right)(?: hand)?(?: corner)?\b(?! of)",
     r"in the corner \1 \2"),
    (r"\b(?:in|at|on) the (?:far |very )?(left|right) (back|rear|front)(?: corner)?\b(?! of)", r"in the corner \2 \1"),
    # Questions.
    (r"\b(?:do|does|can|could|did) (?:you|we|i|one|it|(?:the|this) (?:scene|picture|file)) "
     r"(?:see|find|spot|have|count|contain|show|hold|make out|got)\b", "is"),
    (r"\bcan be (?:seen|found)\b|\bis to be seen\b", "is"),
    (rf"^((?:what|which|how many)\b.*?) (?:do|does) (the .+?) (?:{_HOLD})(?: on (?:it|them|top))?$", r"\1 is on \2"),
    (r"^(is|are) (?:one|any|some) of (?=the |these |those )", r"\1 there any "),
]  # fmt: skip


def words_of(text: str, names: Sequence[str] = ()) -> list[str]:
    """Lowercase words, numbers, commas, said as the rules read them; the `names` that stand in the text outright (with
    digits, signs or capitals, or in quotes) as "@3", their place in the list."""
    small = text.lower()
    for place in sorted((i for i, name in enumerate(names) if name.lower() in small), key=lambda i: -len(names[i])):
        name = names[place]
        special = re.search(r"[^a-zA-Z ]|[a-z][A-Z]", name)
        form = re.escape(name)
        quoted = rf"[\"'“‘`]{form}[\"'”’`]"
        text = re.sub(
            rf"{quoted}|(?<![\w.]){form}(?![\w])(?!\.\d)" if special else quoted,
            f" @{place} ",
            text,
            flags=re.IGNORECASE,
        )
    text = text.lower()
    for pattern, said in SAME_TEXT:
        text = re.sub(pattern, said, text)
    text = re.sub(
        r"['’]s\b|['’]", lambda found: " is" if found[0][1:] == "s" and _asks(text, found.start()) else "", text
    )
    found = re.findall(r"@\d+|[a-z]+|\d+(?:st|nd|rd|th)|\d+|,|\?", text)[:MOST_WORDS]
    while found and found[-1] in ("?", ",", "please", "now", "currently"):
        found.pop()
    said = " ".join(found)
    for pattern, instead in SAME_WORDS:
        said = re.sub(pattern, instead, said).strip()
    return _ones(_merged(said.split()))


def _asks(text: str, place: int) -> bool:
    """Whether an 's at this place is an "is": what's, where's, there's, who's."""
    return re.search(r"(what|where|there|who|it|that|which)$", text[:place]) is not None


def _merged(found: list[str]) -> list[str]:
    """Nouns of several words as one."""
    merged: list[str] = []
    while found:
        for several in SEVERAL_WORDS:
            most = len(several) - 1
            if most and found[:most] == several[:-1] and len(found) > most and several[-1] in singulars(found[most]):
                merged.append(" ".join(found[: most + 1]))
                found = found[most + 1 :]
                break
        else:
            merged.append(found.pop(0))
    return merged


def _ones(words: list[str]) -> list[str]:
    """ "the blue one" is the noun that was said before: "the chair behind the other one"; "the blue one of the cars" is
    the blue car."""
    noun, out = "", []
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        stands = before in ("the", "that", "this", "other", "another", "each") or _describes(before)
        after = words[place + 1 : place + 4]
        if word == "one" and _describes(before) and len(after) == 3 and after[:2] in (["of", "the"], ["of", "these"]):
            words[place + 1 : place + 4] = [singulars(after[2])[0]]
            continue
        if word in ("one", "ones") and stands and noun:
            out.append(noun if word == "one" else plural(noun))
            continue
        if not noun and _noun(word):
            noun = singulars(word)[0]
        out.append(word)
    return out


def _describes(word: str) -> bool:
    return bool(degree(word)[1]) or word in MEASURES or word in COLOURS or word in PLACES


def _noun(word: str) -> bool:
    known = lexicon.SAME.keys() | lexicon.TAKES_IN.keys() | lexicon.OTHERS
    return not _describes(word) and any(each in known for each in singulars(word))
