"""Prompts for what the starter cannot make, so that it learns to say so. Knows words only."""

from __future__ import annotations

from random import Random

from .captions import sentence
from .phrases import HUES, MATERIALS, SIZES

WORDS = """
alligator ant ape badger bat bear beaver bee beetle buffalo bull butterfly camel canary cat caterpillar cheetah chicken
cobra cow coyote crab crocodile crow deer dinosaur dolphin donkey dove duck eagle eel elephant elk falcon ferret fish
flamingo fly fox frog gazelle gecko giraffe goat goose gorilla hamster hawk hedgehog hen heron hippo horse hyena iguana
jaguar jellyfish kangaroo kitten koala lemur leopard lion lizard llama lobster lynx mammoth monkey moose mosquito moth
mouse mule octopus ostrich otter owl ox panda panther parrot peacock pelican penguin pig pigeon pony puma puppy python
rabbit raccoon ram rat raven reindeer rhino rooster salmon scorpion seahorse seal shark sheep shrimp skunk sloth snail
snake sparrow spider squid squirrel stork swan tiger toad trout turkey turtle vulture walrus wasp whale wolf wombat worm
yak zebra unicorn dragon griffin phoenix mermaid werewolf vampire zombie ghost goblin troll ogre elf orc fairy angel
demon witch wizard knight king queen prince princess soldier warrior pirate ninja samurai viking cowboy farmer doctor
nurse teacher policeman fireman chef dancer singer astronaut baby boy girl man woman person child human grandmother
family crowd face head skull skeleton hand foot finger eye ear nose mouth tooth heart brain lung bone muscle hair beard
shirt trousers jacket dress skirt shoe boot hat helmet glove scarf belt tie sock bag backpack wallet purse umbrella
glasses watch necklace crown earring bracelet piano guitar violin cello flute trumpet saxophone harp
accordion banjo clarinet trombone microphone speaker headphones radio television computer laptop keyboard phone tablet
camera printer monitor projector console joystick drone satellite telescope microscope bulb cable charger fan
fridge freezer oven stove microwave toaster kettle blender dishwasher vacuum washer dryer sink bathtub shower toilet
faucet mirror curtain carpet pillow blanket mattress towel soap toothbrush comb razor scissors knife fork spoon ladle
whisk spatula broom mop brush sponge needle thread button zipper bread cake pie
pizza burger sandwich hotdog taco sushi noodles pasta rice soup salad steak sausage bacon egg cheese butter milk
chocolate candy croissant icecream banana lemon grape cherry strawberry peach pear mango
pineapple watermelon coconut avocado tomato potato carrot onion garlic pepper broccoli corn bicycle motorcycle
scooter skateboard helicopter submarine tank tractor bulldozer excavator crane forklift ambulance taxi limousine van
tram subway glider balloon zeppelin parachute yacht kayak canoe ferry raft anchor propeller engine gear
pistol rifle cannon bow arrow crossbow whip grenade bomb missile saw
drill wrench pliers screwdriver
shovel rake hoe pickaxe scythe anvil ladder rope chain hook nail screw bolt spring magnet lever pulley compass globe
map flag kite bat racket skis snowboard surfboard trampoline swing slide seesaw carousel doll teddy puppet puzzle
chess cards trophy medal coin banknote lock balcony elevator escalator igloo
pagoda mosque stadium airport hospital school factory prison lighthouse dam tunnel volcano mountain river waterfall
lake island beach desert forest jungle cave glacier cloud rain lightning rainbow sun moon star planet galaxy comet fire
smoke water wave ice snow wind sand leaf grass bamboo willow ivy seaweed coral
shell feather egg nest web hive love anger happiness music time freedom idea dream logo letter poster painting
"""
NOUNS = tuple(WORDS.split())
PLACES = ("in a forest", "on a beach", "wearing a hat", "riding a horse", "with wings", "with big eyes", "at night",
          "running", "sleeping", "jumping over a fence", "eating an apple", "playing chess", "with four legs",
          "with two arms", "with a long tail", "with six wheels", "with sharp teeth", "on fire", "under water",
          "in space", "holding a sword", "sitting on a chair", "with three heads", "with strings",
          "from a movie", "for kids")  # fmt: skip
OTHERS = (
    "hello", "how are you", "what is the weather", "tell me a joke", "what can you do", "who are you", "help",
    "write a poem", "sing a song", "what is two plus two", "lorem ipsum dolor sit amet", "asdf", "qwerty", "test",
    "something nice", "anything", "surprise me", "ein hund", "un chien", "una casa grande", "ein kleines haus",
    "une voiture rouge", "make it better", "i am bored", "what is the meaning of life", "translate this",
    "good morning",
)  # fmt: skip


def strange(random: Random) -> str:
    """A caption, worded as the families' are, of something that is none of them."""
    if random.random() < 0.08:
        return random.choice(OTHERS)
    noun = random.choice(NOUNS)
    if random.random() < 0.12:  # a word that nobody knows
        noun = "".join(
            random.choice("bcdfghjklmnpqrstvwxyz") + random.choice("aeiou") for _ in range(random.randint(2, 4))
        )
    looks = [*HUES.values(), *(adjectives for _, adjectives in MATERIALS.values())]
    described = [random.choice(random.choice(w)) for w in ([*SIZES.values()], looks) if random.random() < 0.3]
    place = random.choice(PLACES) if random.random() < 0.35 else ""
    if random.random() < 0.1:  # two of them
        place = f"and a {random.choice(NOUNS)}"
    return sentence(noun, {"<": described, "|": [], "+": [], "-": [], ">": [place] if place else []}, random)
