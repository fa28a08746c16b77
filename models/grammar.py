"""The text grammar that the pebble models learn: problems, worded questions, worked answers.

Every problem has a canonical key (task and operands). A hash of that key puts the problem
in the training side or in the held-out side for good, so no wording of a held-out problem
is ever trained on. Nothing here knows about tokens or tensors.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

HELD_OUT_SHARE = 16
"""One problem in this many is held out."""

NAMES = "Ada Ben Cleo Dan Eva Finn Gus Hana Ida Jon Kim Leo Mia Noor Otto Pia Rosa Sam Tess Uma".split()
THINGS = "apples books cards coins cups eggs keys pens plums shells stamps stones".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = ("January February March April May June July August September October November December").split()
MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
LETTERS = "abcdefghijklmnoprstuvwxyz"


@dataclass(frozen=True)
class Example:
    """One problem in one wording. `answer` is "" where no single answer is right."""

    task: str
    key: str
    question: str
    response: str
    answer: str


@dataclass(frozen=True)
class Problem:
    """A problem before it is worded: `steps` is the working, without the final sentence."""

    key: str
    questions: tuple[str, ...]
    steps: str
    answer: str


def is_held_out(key: str) -> bool:
    """Whether the problem with this key is kept from training; depends on the key alone."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % HELD_OUT_SHARE == 0


def _add(rng: random.Random) -> Problem:
    a, b = rng.randint(11, 99), rng.randint(11, 99)
    ones, tens = a % 10 + b % 10, a // 10 + b // 10
    carry, total = ones // 10, a + b
    steps = f"{a % 10} + {b % 10} = {ones}, so write {ones % 10} and carry {carry}. "
    steps += f"{a // 10} + {b // 10} + {carry} = {tens + carry}."
    asks = (f"What is {a} + {b}?", f"Add {a} and {b}.", f"Compute the sum of {a} and {b}.", f"{a} plus {b} makes what?")
    return Problem(f"add:{a}:{b}", asks, steps, str(total))


def _subtract(rng: random.Random) -> Problem:
    a = rng.randint(21, 99)
    b = rng.randint(10, a - 1)
    borrow = int(a % 10 < b % 10)
    ones = a % 10 + 10 * borrow - b % 10
    steps = f"{a % 10 + 10 * borrow} - {b % 10} = {ones}, borrow {borrow}. "
    steps += f"{a // 10} - {borrow} - {b // 10} = {a // 10 - borrow - b // 10}."
    asks = (f"What is {a} - {b}?", f"Take {b} from {a}.", f"Subtract {b} from {a}.", f"{a} minus {b} makes what?")
    return Problem(f"subtract:{a}:{b}", asks, steps, str(a - b))


def _multiply(rng: random.Random) -> Problem:
    a, b = rng.randint(11, 99), rng.randint(2, 9)
    tens, ones = a // 10 * 10, a % 10
    steps = f"{tens} x {b} = {tens * b}. {ones} x {b} = {ones * b}. {tens * b} + {ones * b} = {a * b}."
    asks = (f"What is {a} x {b}?", f"Multiply {a} by {b}.", f"{a} times {b} makes what?")
    return Problem(f"multiply:{a}:{b}", asks, steps, str(a * b))


def _story_sum(rng: random.Random) -> Problem:
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    start, more = rng.randint(10, 59), rng.randint(3, 30)
    less = rng.randint(2, start + more - 1)
    less = min(less, 40)
    middle, end = start + more, start + more - less
    steps = f"{name} has {start}. {start} + {more} = {middle}. {middle} - {less} = {end}."
    asks = (
        f"{name} has {start} {thing}. {name} finds {more} more and gives away {less}. How many {thing} are left?",
        f"{name} owns {start} {thing}, buys {more} and loses {less}. How many {thing} does {name} have now?",
    )
    return Problem(f"story-sum:{start}:{more}:{less}", asks, steps, str(end))


def _story_product(rng: random.Random) -> Problem:
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    bags, each, extra = rng.randint(2, 9), rng.randint(3, 12), rng.randint(1, 20)
    product = bags * each
    steps = f"{bags} x {each} = {product}. {product} + {extra} = {product + extra}."
    asks = (
        f"{name} fills {bags} bags with {each} {thing} each and has {extra} more. How many {thing} is that?",
        f"There are {bags} boxes of {each} {thing}, and {name} adds {extra}. How many {thing} are there?",
    )
    return Problem(f"story-product:{bags}:{each}:{extra}", asks, steps, str(product + extra))


def _sort(rng: random.Random) -> Problem:
    numbers = rng.sample(range(1, 100), rng.randint(4, 6))
    down = rng.random() < 0.3
    ordered = sorted(numbers, reverse=down)
    shown = ", ".join(map(str, numbers))
    way = "from large to small" if down else "from small to large"
    end, word = (max, "largest") if down else (min, "smallest")
    steps = f"The {word} is {end(numbers)}, and there are {len(numbers)} numbers."
    asks = (f"Sort {way}: {shown}.", f"Put these numbers in order {way}: {shown}.", f"Order {shown} {way}.")
    return Problem(f"sort:{int(down)}:{shown}", asks, steps, ", ".join(map(str, ordered)))


def _reverse(rng: random.Random) -> Problem:
    letters = [rng.choice(LETTERS) for _ in range(rng.randint(4, 8))]
    shown, back = " ".join(letters), " ".join(reversed(letters))
    steps = f"There are {len(letters)} letters, and the last one is {letters[-1]}."
    asks = (f"Reverse these letters: {shown}.", f"Write {shown} backwards.", f"Read {shown} from the end.")
    return Problem(f"reverse:{shown}", asks, steps, back)


def _count(rng: random.Random) -> Problem:
    target = rng.choice(LETTERS)
    others = rng.sample([c for c in LETTERS if c != target], 3)
    letters = [target if rng.random() < 0.4 else rng.choice(others) for _ in range(rng.randint(5, 11))]
    seen, marks = 0, []
    for letter in letters:
        seen += letter == target
        marks.append(f"{letter} {seen}")
    shown = " ".join(letters)
    asks = (f"How many times is {target} in {shown}?", f"Count the letter {target} in {shown}.")
    return Problem(f"count:{target}:{shown}", asks, ", ".join(marks) + ".", str(seen))


def _weekday(rng: random.Random) -> Problem:
    start, ahead = rng.randrange(7), rng.randint(2, 40)
    left = ahead % 7
    end = DAYS[(start + ahead) % 7]
    walk = ", ".join(DAYS[(start + i) % 7] for i in range(left + 1))
    steps = f"{ahead} days leave {left} after whole weeks. {walk}."
    asks = (
        f"What day is {ahead} days after {DAYS[start]}?",
        f"Today is {DAYS[start]}. What day is it in {ahead} days?",
    )
    return Problem(f"weekday:{start}:{ahead}", asks, steps, end)


def _date(rng: random.Random) -> Problem:
    month = rng.randrange(12)
    day, ahead = rng.randint(1, MONTH_DAYS[month]), rng.randint(3, 28)
    total, length = day + ahead, MONTH_DAYS[month]
    if total <= length:
        answer = f"{total} {MONTHS[month]}"
        steps = f"{MONTHS[month]} has {length} days. {day} + {ahead} = {total}, which fits."
    else:
        answer = f"{total - length} {MONTHS[(month + 1) % 12]}"
        steps = f"{MONTHS[month]} has {length} days. {day} + {ahead} = {total}. {total} - {length} = {total - length}."
    asks = (
        f"What date is {ahead} days after {day} {MONTHS[month]}?",
        f"Today is {day} {MONTHS[month]}. What date is it in {ahead} days?",
    )
    return Problem(f"date:{month}:{day}:{ahead}", asks, steps, answer)


def _compare(rng: random.Random) -> Problem:
    people = rng.sample(NAMES, 3)
    ages = rng.sample(range(5, 90), 3)
    old = rng.random() < 0.5
    pick = max if old else min
    answer = people[ages.index(pick(ages))]
    word, number = ("oldest", "largest") if old else ("youngest", "smallest")
    facts = ", ".join(f"{p} is {a}" for p, a in zip(people, ages, strict=True))
    steps = f"The {number} of {ages[0]}, {ages[1]} and {ages[2]} is {pick(ages)}."
    asks = (f"{facts}. Who is the {word}?", f"Who is the {word} if {facts}?")
    return Problem(f"compare:{word}:{facts}", asks, steps, answer)


def _larger(rng: random.Random) -> Problem:
    first = rng.randint(100, 999)
    second = rng.choice([rng.randint(100, 999), int(str(first)[0] + str(first)[2] + str(first)[1])])
    if first == second:
        second = first + 1 if first < 999 else 998
    large = rng.random() < 0.6
    word = "larger" if large else "smaller"
    digits = [(a, b) for a, b in zip(str(first), str(second), strict=True)]
    place = next(i for i, (a, b) in enumerate(digits) if a != b)
    steps = f"They differ first at digit {place + 1}: {digits[place][0]} and {digits[place][1]}."
    asks = (f"Which is {word}, {first} or {second}?", f"Pick the {word} number: {first} or {second}.")
    return Problem(f"larger:{word}:{first}:{second}", asks, steps, str((max if large else min)(first, second)))


TASKS: dict[str, Callable[[random.Random], Problem]] = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "story-sum": _story_sum,
    "story-product": _story_product,
    "sort": _sort,
    "reverse": _reverse,
    "count": _count,
    "weekday": _weekday,
    "date": _date,
    "compare": _compare,
    "larger": _larger,
}
"""Task name to its generator; each has one exact answer."""

CATEGORIES = {
    "add": "arithmetic",
    "subtract": "arithmetic",
    "multiply": "arithmetic",
    "story-sum": "word problem",
    "story-product": "word problem",
    "sort": "sorting",
    "reverse": "reversing",
    "count": "counting",
    "weekday": "dates",
    "date": "dates",
    "compare": "comparison",
    "larger": "comparison",
}

_OPENERS = ("Let us see.", "Here is the working.", "Step by step.", "We can work it out.")
_CLOSERS = ("Easy once you see it!", "That is all.", "Done.", "I hope that helps.")


def _respond(problem: Problem, rng: random.Random) -> str:
    """The worked answer in one of three styles: worked (most often), chatty, terse."""
    last = f"So the answer is {problem.answer}."
    style = rng.random()
    if style < 0.16:
        return last
    if style < 0.38:
        return f"{rng.choice(_OPENERS)} {problem.steps} {last} {rng.choice(_CLOSERS)}"
    return f"{problem.steps} {last}"


_PLACES = "a forest,an old town,a quiet harbour,a snowy valley,a long beach,a busy market".split(",")
_ANIMALS = "fox,owl,cat,goat,whale,crow,hare,bear".split(",")
_MOODS = "brave,shy,clever,tired,cheerful,lonely".split(",")
_FINDS = "a silver key,a lost letter,a warm lamp,a red kite,a tiny boat,a strange map".split(",")
_ENDS = (
    "From that day on, nobody was afraid of the dark.",
    "They shared it, and the evening felt warm.",
    "In the end it was the walk that mattered.",
    "And so the {animal} went home, smiling.",
)


def _tale(rng: random.Random) -> Example:
    animal, mood, place = rng.choice(_ANIMALS), rng.choice(_MOODS), rng.choice(_PLACES)
    find, end, name = rng.choice(_FINDS), rng.choice(_ENDS), rng.choice(NAMES)
    middle = rng.choice(
        (
            f"One morning the {animal} found {find}.",
            f"One night, under a round moon, the {animal} saw {find}.",
            f"{name} came by and gave the {animal} {find}.",
        )
    )
    turn = rng.choice(
        (
            "It did not know what to do with it, so it asked a friend.",
            "It ran as fast as it could to tell the others.",
            f"It thought of {rng.choice(NAMES)}, who had looked for it all year.",
            "",
        )
    )
    body = [f"In {place} there lived a {mood} {animal}.", middle, turn, end.format(animal=animal)]
    ask = rng.choice((f"Tell a little story about a {animal}.", f"Write a short story about a {mood} {animal}."))
    return Example("tale", f"tale:{ask}", ask, " ".join(filter(None, body)), "")


_TASTES = "sweet,fresh,bitter,warm,salty,mild".split(",")
_COLOURS = "green,blue,grey,golden,red,white".split(",")


def _description(rng: random.Random) -> Example:
    place = rng.choice(_PLACES)
    light = rng.choice(("At dawn", "At noon", "In the evening", "After the rain"))
    parts = [
        f"{light} the light over {place} is {rng.choice(_COLOURS)} and soft.",
        f"The air smells {rng.choice(_TASTES)}.",
        f"Somewhere a {rng.choice(_ANIMALS)} calls, and {rng.choice(NAMES)} stops to listen.",
        rng.choice(("It is a good place to rest.", "Nobody is in a hurry here.", "You could stay for hours.")),
    ]
    if rng.random() < 0.4:
        parts.pop(rng.randrange(1, 3))
    ask = rng.choice((f"Describe {place}.", f"What is {place} like?"))
    return Example("describe", f"describe:{ask}", ask, " ".join(parts), "")


def draw(rng: random.Random, *, held_out: bool, tasks: tuple[str, ...] = tuple(TASKS)) -> Example:
    """One exact-answer example from the asked side of the split."""
    task = rng.choice(tasks)
    while True:
        problem = TASKS[task](rng)
        if is_held_out(problem.key) == held_out:
            question = rng.choice(problem.questions)
            return Example(task, problem.key, question, _respond(problem, rng), problem.answer)


def training_stream(seed: int) -> Iterator[Example]:
    """Endless training examples: nine in ten exact, one in ten open-ended."""
    rng = random.Random(seed)
    while True:
        if rng.random() < 0.1:
            yield (_tale if rng.random() < 0.5 else _description)(rng)
        else:
            yield draw(rng, held_out=False)
