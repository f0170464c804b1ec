"""The remote engine against a server that fails in every way that a server can (tests/faults/faulty_server.py)."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS / "faults"))

from faulty_server import ANSWERS, KEY, MESH, Answer, FaultyServer, stream  # noqa: E402

from meshscribe.backend.engines import chat, servers  # noqa: E402
from meshscribe.backend.engines.base import EngineError, Hooks, Work  # noqa: E402
from meshscribe.backend.engines.remote import STRIDE, RemoteEngine, open_server  # noqa: E402
from meshscribe.backend.engines.servers import Abilities  # noqa: E402
from meshscribe.shared.mesh import Mesh  # noqa: E402
from meshscribe.shared.messages import Error  # noqa: E402
from meshscribe.shared.obj import LLAMA_MESH, PARTS, read, write  # noqa: E402
from meshscribe.shared.servers import load, made, save  # noqa: E402
from meshscribe.shared.tasks import (  # noqa: E402
    Ask,
    Change,
    Describe,
    Generate,
    Ground,
    MeshData,
    Name,
    Outcome,
    Scene,
    SceneObject,
)

FAULTS = {  # name -> (code, words of the sentence)
    "silent": ("server_failed", "has sent nothing for 0.3 s"),
    "stalls": ("server_failed", "has sent nothing for 0.3 s"),
    "breaks-off": ("server_failed", "broke off in the middle"),
    "429": ("busy", "try again in 7 s. It says: Rate limit reached."),
    "500": ("server_failed", "status 500"),
    "503": ("busy", "It says: Loading model."),
    "404": ("model_missing", "has no model m. It says: The model `m` does not exist."),
    "302": ("server_failed", "has moved"),
    "context": ("over_budget", "reads at once"),
    "bad-request": ("bad_request", "Something about the request."),
    "no-json": ("server_failed", "no JSON"),
    "odd-json": ("server_failed", "no JSON"),
    "deep-json": ("server_failed", "no JSON"),
    "huge-line": ("server_failed", "a line of over 1 MB"),
    "page": ("server_failed", "no stream"),
    "error-event": ("server_failed", "broke off: out of slots."),
    "prose": ("no_mesh", "wrote no mesh in 3 tries. It says: I am sorry"),
    "huge-text": ("no_mesh", "wrote no mesh"),
    "empty": ("no_mesh", "Its answer was empty."),
    "cut-early": ("no_mesh", "cut before its first face"),
    "key": ("key_refused", "does not take the key"),
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("MESHSCRIBE_HOME", str(folder))
    return folder


@pytest.fixture
def faulty() -> Iterator[FaultyServer]:
    server = FaultyServer()
    yield server
    server.close()


@pytest.fixture
def engine(faulty: FaultyServer, home: Path) -> Iterator[Callable[..., RemoteEngine]]:
    """Engines for the faults, by their name; what they can do is known, not found out."""
    opened: list[RemoteEngine] = []

    def open_(name: str, model: str = "studio", key: str = "", **abilities: object) -> RemoteEngine:
        save(home, {"studio": made(faulty.url(name), model="m", key=key)})
        found = {"model": "m", "family": "llama-mesh", "raw": True, "rows": 4, **abilities}
        servers.remember(home, "studio", Abilities(url=faulty.url(name), **found))  # type: ignore[arg-type]
        opened.append(open_server(model, lambda *args: None))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


class Told:
    """What an engine told its worker; cancelled when `stop` is set."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.stop = threading.Event()
        self.hooks = Hooks(lambda text, tokens: self.pieces.append(text), lambda *args: None, self.stop.is_set)

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def ran(engine: RemoteEngine, request) -> tuple[str, Outcome]:
    told = Told()
    outcome = engine.run(request, told.hooks)
    return told.text, outcome


WISH = Generate(prompt="a round table", seed=5)
CUBE = MeshData.pack(
    Mesh.build(
        np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32),
        [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)],
    )
)


# -------------------------------------------------------------------------------------------------------- every fault


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_one_sentence_and_the_next_job_works(faulty, engine, monkeypatch, name):
    monkeypatch.setattr(chat, "STALL", 0.3 if name == "stalls" else 10.0)
    monkeypatch.setattr(chat, "FIRST", 0.3 if name == "silent" else 10.0)
    one = engine(name, key="wrong" if name == "key" else "")
    with pytest.raises(EngineError) as caught:
        one.run(replace(WISH, max_tokens=50) if name == "cut-early" else WISH, Told().hooks)
    code, words = FAULTS[name]
    assert (caught.value.code, words in caught.value.sentence) == (code, True), caught.value.sentence
    assert "\n" not in caught.value.sentence and len(caught.value.sentence) < 500
    assert "studio" in caught.value.sentence or code == "no_mesh"
    Error(caught.value.code, caught.value.sentence)
    assert ran(engine("well"), WISH)[0] == MESH


@pytest.mark.parametrize("name", ["well", "bytes", "no-done", "odd-events", "no-temperature", "no-max-tokens"])
def test_what_is_only_odd_changes_nothing(engine, name):
    text, outcome = ran(engine(name), WISH)
    assert text == MESH and outcome.finish == "stop" and outcome.seed == 5 and not outcome.notes
    assert outcome.dialect == "llama-mesh" and read(text, LLAMA_MESH).mesh.faces()
    assert outcome.tokens and outcome.model == "studio:m"


def test_a_second_mesh_is_left_out_and_the_server_told_to_stop(engine):
    text, outcome = ran(engine("two"), WISH)
    assert (text, outcome.finish, outcome.repairs) == (MESH, "stop", 1)
    assert outcome.notes == ["Mended or left out of the answer: 1 line."]


def test_an_answer_that_does_not_say_that_it_is_over_may_be_cut(engine):
    text, outcome = ran(engine("no-end"), WISH)
    assert text == MESH and outcome.finish == "length" and "may be cut" in outcome.notes[0]


def test_a_cut_answer_keeps_its_whole_lines(engine):
    text, outcome = ran(engine("cut"), WISH)
    assert (text, outcome.finish) == (MESH, "length")


def test_every_fault_of_the_server_is_tried():
    fine = {"well", "bytes", "no-done", "no-end", "cut", "odd-events", "no-temperature", "no-max-tokens"}
    assert set(ANSWERS) - set(FAULTS) == fine | {"endless", "prose-first", "words", "two"}


def test_parameters_that_a_server_does_not_take_are_left_out_from_then_on(faulty, engine):
    one = engine("no-temperature")
    ran(one, WISH)
    asked = len(faulty.asked)
    ran(one, WISH)
    assert len(faulty.asked) == asked + 1
    assert not faulty.asked[-1].body.keys() & {"temperature", "top_p", "seed", "stream_options"}
    ran(engine("no-max-tokens"), WISH)
    assert faulty.asked[-1].body["max_completion_tokens"] > 0 and "max_tokens" not in faulty.asked[-1].body


def test_nobody_at_the_address(home):
    save(home, {"studio": made("http://127.0.0.1:9/v1")})
    with pytest.raises(EngineError, match=r"The server studio \(127.0.0.1:9\) cannot be reached") as caught:
        open_server("studio", lambda *args: None)
    assert caught.value.code == "server_failed" and caught.value.retryable


# ------------------------------------------------------------------------------------------------------------- cancel


@pytest.mark.parametrize("name", ["endless", "stalls", "silent"])
def test_cancel_frees_the_slot(faulty, engine, name):
    one, told = engine(name), Told()
    ended: list[Outcome] = []
    thread = threading.Thread(target=lambda: ended.append(one.run(WISH, told.hooks)))
    thread.start()
    while not faulty.running or (name != "silent" and not told.pieces):
        thread.join(0.01)
    told.stop.set()
    assert faulty.left.acquire(timeout=10)
    thread.join(10)
    assert ended[0].finish == "cancelled" and faulty.running == 0
    assert told.text == ("" if name == "silent" else MESH)


def test_sglang_is_told_to_stop_as_well(faulty, engine):
    one, told = engine("endless", kind="SGLang"), Told()
    faulty.beside["/endless/abort_request"] = {}
    told.hooks = Hooks(lambda text, tokens: told.stop.set(), told.hooks.progress, told.hooks.cancelled)
    assert one.run(WISH, told.hooks).finish == "cancelled"
    aborts = [asked.body["rid"] for asked in faulty.asked if asked.path.endswith("/abort_request")]
    assert aborts == [asked.body["rid"] for asked in faulty.asked if asked.path.endswith("/completions")]


# ------------------------------------------------------------------------------------------------ another seed, several


def test_a_useless_answer_is_asked_for_again_with_another_seed(faulty, engine):
    text, outcome = ran(engine("prose-first"), WISH)
    assert text == MESH and outcome.seed == 5 + STRIDE
    assert outcome.notes == [f"The first answer held no mesh: this is try 2, with seed {5 + STRIDE}."]
    assert [asked.body["seed"] for asked in faulty.asked] == [5, 5 + STRIDE]


def test_greedy_decoding_is_not_tried_again(faulty, engine):
    with pytest.raises(EngineError, match="would again at temperature 0"):
        ran(engine("prose"), Generate(prompt="a table", temperature=0.0))
    assert len(faulty.asked) == 1


def test_several_at_once_each_with_its_own_end(faulty, engine):
    one = engine("well", rows=3)
    works = [Work(Generate(prompt=f"table {i}", seed=i), Told().hooks) for i in range(7)]
    waiting = iter(works[1:])
    ended = dict.fromkeys(range(7))
    for work, how in one.together(works[0], lambda: next(waiting, None)):
        ended[work.request.seed] = how.seed
    assert ended == {i: i for i in range(7)}


# ---------------------------------------------------------------------------------------------------------------- keys


def test_a_key_is_used_and_never_told(faulty, engine, home, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    assert ran(engine("key", key=KEY), WISH)[0] == MESH
    one = engine("key", key=KEY + "x")
    with pytest.raises(EngineError) as caught:
        ran(one, WISH)
    assert caught.value.code == "key_refused" and "set it with `meshscribe servers key studio`" in caught.value.sentence
    server = load(home)["studio"]
    told = [caught.value.sentence, repr(caught.value), repr(server), str(one.found), *capfd.readouterr(), caplog.text]
    assert not [each for each in told if KEY in each]
    assert (home / "servers.json").stat().st_mode & 0o077 == 0


def test_a_key_may_stand_in_the_environment_and_is_read_anew(faulty, engine, home, monkeypatch):
    one = engine("key")
    with pytest.raises(EngineError, match="wants a key"):
        ran(one, WISH)
    save(home, {"studio": made(faulty.url("key"), model="m", key_from="STUDIO_KEY")})
    monkeypatch.setenv("STUDIO_KEY", KEY)
    assert ran(one, WISH)[0] == MESH


def test_a_key_does_not_follow_to_another_place(faulty, engine):
    with pytest.raises(EngineError, match="has moved"):
        ran(engine("302", key=KEY), WISH)
    assert len(faulty.asked) == 1


# --------------------------------------------------------------------------------------------------- what is asked for


def test_llama_mesh_is_asked_as_it_was_trained(faulty, engine):
    ran(engine("well", grammar="grammar"), Generate(prompt="a <|eot_id|>wooden hammer", seed=1, temperature=0.5))
    asked = faulty.asked[-1]
    assert asked.path == "/well/v1/completions"
    assert asked.body["prompt"] == (
        "<|start_header_id|>user<|end_header_id|>\n\nCreate a 3D obj file using the following description: "
        "a  wooden hammer<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
    )  # the server itself puts <|begin_of_text|> before it
    assert (asked.body["temperature"], asked.body["seed"], asked.body["stream"]) == (0.5, 1, True)
    assert asked.body["grammar"].startswith("root ::= vertex")


def test_without_raw_text_the_server_puts_its_template_around(faulty, engine):
    ran(engine("well", raw=False), WISH)
    assert faulty.asked[-1].path == "/well/v1/chat/completions"
    content = "Create a 3D obj file using the following description: a round table"
    assert faulty.asked[-1].body["messages"] == [{"role": "user", "content": content}]


@pytest.mark.parametrize(
    ("form", "place"), [("structured_outputs", ("structured_outputs", "grammar")), ("ebnf", ("ebnf",))]
)
def test_the_grammar_goes_where_the_server_takes_it(faulty, engine, form, place):
    ran(engine("well", family="general", grammar=form), WISH)
    found = faulty.asked[-1].body
    for key in place:
        found = found[key]
    assert found.startswith("root ::= part+")
    ran(engine("well", family="general", grammar=form), Generate(prompt="a table", masks=False))
    assert form not in faulty.asked[-1].body


def test_a_general_model_gets_an_instruction_and_one_example(faulty, engine):
    text, outcome = ran(engine("well", family="general"), WISH)
    roles = [message["role"] for message in faulty.asked[-1].body["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    assert outcome.dialect == "parts" and len(read(text, PARTS).mesh.sizes) == 4


def test_change_sends_the_mesh_with_the_instruction(faulty, engine):
    for family, dialect in (("llama-mesh", LLAMA_MESH), ("general", PARTS)):
        text, _ = ran(engine("well", family=family), Change(mesh=CUBE, instruction="make it taller"))
        sent = json.dumps(faulty.asked[-1].body)
        assert "make it taller" in sent and "f 1 2 " in sent and read(text, dialect).mesh.faces()


def test_words_come_without_what_the_model_says_to_itself(faulty, engine):
    for family in ("llama-mesh", "general"):
        text, outcome = ran(engine("words", family=family), Describe(mesh=CUBE))
        assert text == "A small table with four legs." and outcome.dialect == "" and outcome.facts["closed"]
    sent = faulty.asked[-1].body["messages"][-1]["content"]
    assert "Measured: 8 vertices" in sent and "Say in one sentence" in sent


# ------------------------------------------------------------------------------------ questions about meshes and scenes

ROOM = [
    SceneObject(id="a", name="Chair", low=(0, 0, 0), high=(1, 1, 1)),
    SceneObject(id="b", name="Chair.001", low=(5, 0, 0), high=(6, 1, 1)),
    SceneObject(id="c", name="Cube.007", low=(0, 5, 0), high=(2, 7, 0.8)),
]
SAID = [("user", "Is it old?"), ("assistant", "It looks new.")]


def answering(faulty: FaultyServer, words: str) -> None:
    faulty.answers["well"] = lambda asked, number: Answer(body=stream(words))


def told(faulty: FaultyServer) -> str:
    """All that the server was told, as text."""
    body = faulty.asked[-1].body
    return body["prompt"] if "prompt" in body else "\n".join(str(each["content"]) for each in body["messages"])


@pytest.mark.parametrize("family", ["llama-mesh", "general"])
def test_a_question_goes_with_the_mesh_and_the_dialogue(faulty, engine, family):
    answering(faulty, "Yes, as a stool.")
    text, outcome = ran(engine("well", family=family), Ask(mesh=CUBE, question="Could I sit on it?", dialogue=SAID))
    assert text == "Yes, as a stool." and outcome.facts["closed"] and outcome.finish == "stop"
    assert all(words in told(faulty) for words in ("Could I sit on it?", "It looks new.", "f 1 2 ", "easured"))


@pytest.mark.parametrize("family", ["llama-mesh", "general", "starter"])
def test_what_is_measured_is_not_asked(faulty, engine, family):
    text, outcome = ran(engine("well", family=family), Ask(mesh=CUBE, question="How many faces does it have?"))
    assert "6 faces" in text and outcome.facts["faces"] == 6
    assert family == "starter" or not faulty.asked


@pytest.mark.parametrize("family", ["llama-mesh", "general"])
def test_a_name_is_the_models_and_those_of_the_parts_the_rules(faulty, engine, family):
    answering(faulty, "A wooden crate.")
    _, outcome = ran(engine("well", family=family), Name(mesh=CUBE))
    assert outcome.names.object == "Wooden crate" and len(outcome.names.parts) == 1


def test_the_starter_reads_and_the_rules_answer(faulty, engine):
    answering(faulty, "\n# plan crate material wood")
    one = engine("well", family="starter")
    assert ran(one, Name(mesh=CUBE))[1].names.object
    assert ran(one, Ask(mesh=CUBE, question="What is it?"))[0].endswith(".")
    asked = len(faulty.asked)
    assert ran(one, Ground(objects=ROOM, phrase="the left chair"))[1].ids == ["a"]
    assert ran(one, Scene(objects=ROOM, about="missing"))[0] and len(faulty.asked) == asked


def test_the_starter_reads_a_mesh_before_it_changes_it(faulty, engine):
    answering(faulty, "\n# plan crate material wood\n" + write(CUBE.unpack(), PARTS).text)
    one = engine("well", family="starter")
    text, outcome = ran(one, Change(mesh=CUBE, instruction="make it taller"))
    reads, changes = (asked.body["prompt"] for asked in faulty.asked[-2:])
    assert reads.startswith("<s><read>") and reads.endswith("<answer>")
    assert changes == f"{reads}\n# plan crate material wood<change> make it taller<answer>"
    assert read(text, PARTS).plan == "crate material wood" and text.count("# plan") == 1 and outcome.finish == "stop"
    assert outcome.tokens == ran(one, WISH)[1].tokens, "what it has read is not counted"


@pytest.mark.parametrize("family", ["llama-mesh", "general"])
def test_the_rules_answer_for_a_scene_what_they_can(faulty, engine, family):
    one = engine("well", family=family)
    assert ran(one, Ground(objects=ROOM, phrase="the left chair"))[1].ids == ["a"]
    assert "2" in ran(one, Scene(objects=ROOM, question="How many chairs are there?"))[0]
    assert not faulty.asked


@pytest.mark.parametrize("family", ["llama-mesh", "general"])
def test_a_scene_is_told_in_boxes_and_the_rest_is_the_models(faulty, engine, family):
    answering(faulty, "Put a lamp beside the chair.")
    one = engine("well", family=family)
    text, outcome = ran(one, Scene(objects=ROOM, about="missing", dialogue=SAID))
    assert text == "Put a lamp beside the chair." and outcome.ids is None
    assert all(words in told(faulty) for words in ("Chair: (0, 0, 0) to (1, 1, 1)", "Cube.007", "It looks new."))
    answering(faulty, "That is 3, and 9.")
    _, outcome = ran(one, Ground(objects=ROOM, phrase="whatever grandfather would have loved"))
    assert outcome.ids == ["c"], "only objects that there are"


def test_views_are_sent_as_pictures_with_the_facts(faulty, engine):
    ran(engine("words", family="general", images=True), Describe(mesh=CUBE, views=4))
    text, *pictures = faulty.asked[-1].body["messages"][-1]["content"]
    assert "The pictures: (1) From the front right, above." in text["text"] and "8 vertices" in text["text"]
    assert [picture["image_url"]["url"][:29] for picture in pictures] == ["data:image/png;base64,iVBORw0"] * 4


def test_a_server_may_be_shown_pictures_of_all_that_it_describes(faulty, engine, home):
    one = engine("words", family="general", images=True)
    save(home, {"studio": replace(load(home)["studio"], views=5)})
    ran(one, Describe(mesh=CUBE))
    assert len(faulty.asked[-1].body["messages"][-1]["content"]) == 6
    one.found.images = False
    ran(one, Describe(mesh=CUBE))
    assert isinstance(faulty.asked[-1].body["messages"][-1]["content"], str)


def test_a_request_with_pictures_is_as_the_docs_show_it(faulty, engine):
    table = read((TESTS / "unit" / "golden" / "table.parts.obj").read_text(), PARTS).mesh
    one = engine("words", family="general", images=True)
    ran(one, Describe(mesh=MeshData.pack(table), views=4))
    block = (TESTS.parent / "docs" / "engines.md").read_text().split("```json\n")[1].split("```")[0]
    shown, sent = json.loads(block), faulty.asked[-1].body
    assert {**sent, "messages": 0} == {**shown, "messages": 0, "model": "m"}
    (system, user), (told, asked) = shown["messages"], sent["messages"]
    assert system == told and user["role"] == asked["role"]
    assert user["content"][0] == asked["content"][0]
    for short, picture in zip(user["content"][1:], asked["content"][1:], strict=True):
        assert picture["image_url"]["url"].startswith(short["image_url"]["url"].removesuffix("..."))


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (Generate(prompt="  "), "The prompt is empty"),
        (Change(mesh=CUBE, instruction=" "), "The instruction is empty"),
        (Describe(mesh=CUBE, views=4), "does not see pictures"),
        (Describe(mesh=MeshData(vertices=b"", loops=b"", sizes=b"")), "no faces"),
        (Describe(mesh=MeshData(vertices=b"123", loops=b"", sizes=b"")), "could not be read"),
    ],
)
def test_what_cannot_be_asked_is_not_sent(faulty, engine, request_, sentence):
    with pytest.raises(EngineError, match=sentence) as caught:
        ran(engine("well", family="general"), request_)
    assert caught.value.code == "bad_request" and not faulty.asked
