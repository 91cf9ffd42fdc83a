"""The semantic cache: paraphrases hit, contradictions do not, and what hits wrongly is found out."""

import asyncio
import zlib
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError, InputError
from homeostat.runtime.cache.semantic.lexical_check import difference
from homeostat.runtime.cache.semantic.neighbours import Neighbours, unit
from homeostat.runtime.cache.semantic.semantic_cache import SemanticCache
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock

CONTRARY = [
    ("Is aspirin safe for cats?", "Is aspirin not safe for cats?", "negation"),
    ("Is aspirin safe for cats?", "Is aspirin unsafe for cats?", "negation"),
    ("Is it legal to park here?", "Is it illegal to park here?", "negation"),
    ("Can I pay by card?", "Can't I pay by card?", "negation"),
    ("Can I pay by card?", "Why can’t I pay by card?", "negation"),
    ("Show users with a subscription", "Show users without a subscription", "negation"),
    ("Darf ich hier parken?", "Darf ich hier nicht parken?", "negation"),
    ("Which files are never deleted?", "Which files are deleted?", "negation"),
    ("What is 15% of 200?", "What is 20% of 200?", "number"),
    ("Give me three ideas", "Give me five ideas", "number"),
    ("How do I upgrade to Python 3.11?", "How do I upgrade to Python 3.12?", "number"),
    ("Is 5 mg too much?", "Is 50 mg too much?", "number"),
    ("How much is $40?", "How much is €40?", "number"),
    ("What is the capital of France?", "What is the capital of Germany?", "name"),
    ("Paris weather today", "London weather today", "name"),
    ("What does read_csv do?", "What does read_json do?", "name"),
    ("Is AWS cheaper for us?", "Is GCP cheaper for us?", "name"),
    ("When was the bridge built?", "Where was the bridge built?", "asked"),
    ("Who wrote the report?", "When did they write the report?", "asked"),
    ("How do I enable logging?", "How do I disable logging?", "opposite"),
    ("Will it rain today?", "Will it rain tomorrow?", "opposite"),
    ("What is the highest price?", "What is the lowest price?", "opposite"),
    ("Convert usd to eur", "Convert eur to usd", "order"),
    ("Does the cat chase the dog?", "Does the dog chase the cat?", "order"),
    ("Did Ann pay Bob?", "Did Bob pay Ann?", "order"),
]

ALIKE = [
    ("How do I reset my password?", "How can I reset the password?"),
    ("What is the capital of France?", "which city is the capital of france"),
    ("Give me 3 ideas for dinner", "Please give me three ideas for dinner"),
    ("Summarize the report.", "Can you summarize the report?"),
    ("What's the price of 1,000 units?", "What is the price of 1000 units?"),
    ("Don't I need a visa?", "Do I not need a visa?"),
    ("Explain how photosynthesis works", "how does photosynthesis work"),
    ("Wie kündige ich mein Abo?", "Wie kann ich mein Abo kündigen?"),
]


class Letters:
    """An embedder of threes of letters: it hardly sees a "not", as real ones hardly do."""

    def __init__(self) -> None:
        self.calls = 0

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        self.calls += 1
        return [self.vector(text) for text in texts]

    def vector(self, text: str) -> list[float]:
        numbers = [0.0] * 512
        text = f"  {text.lower()} "
        for i in range(len(text) - 2):
            numbers[zlib.crc32(text[i : i + 3].encode()) % 512] += 1.0
        return numbers

    def similarity(self, first: str, second: str) -> float:
        return float(unit(self.vector(first)) @ unit(self.vector(second)))


@pytest.mark.parametrize(("first", "second", "what"), CONTRARY)
def test_what_has_another_answer_is_told_apart_both_ways(first: str, second: str, what: str) -> None:
    assert difference(first, second) == what
    assert difference(second, first) is not None


@pytest.mark.parametrize(("first", "second"), ALIKE)
def test_what_has_the_same_answer_is_let_through(first: str, second: str) -> None:
    assert difference(first, second) is None
    assert difference(second, first) is None


@given(text=st.text(max_size=60))
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert difference(text, text) is None


@given(
    words=st.lists(
        st.sampled_from(["cats", "eat", "fish", "the", "model", "may", "be", "used"]), min_size=2, max_size=8
    ),
    at=st.integers(0, 8),
    negation=st.sampled_from(["not", "never", "no"]),
)
def test_one_more_negation_anywhere_differs(words: list[str], at: int, negation: str) -> None:
    negated = [*words[:at], negation, *words[at:]]
    assert difference(" ".join(words), " ".join(negated)) == "negation"


class Model:
    """Answers every question by itself, and counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def answers(self, question: str) -> "_Call":
        return _Call(self, question)


class _Call:
    def __init__(self, model: Model, question: str) -> None:
        self._model, self._question = model, question

    async def __call__(self) -> str:
        self._model.asked.append(self._question)
        return f"answer to {self._question}"


@pytest.fixture
def host() -> BareHost:
    return BareHost(ManualClock())


def test_a_question_and_its_contrary_do_not_hit_however_similar_they_are(host: BareHost) -> None:
    letters, model = Letters(), Model()

    async def main() -> None:
        for i, (first, second, _) in enumerate(CONTRARY):
            cache: SemanticCache[str] = SemanticCache(host, f"c{i}", letters, similarity=0.5, check_share=0)
            assert await cache.load(first, model.answers(first)) == f"answer to {first}"
            assert await cache.load(second, model.answers(second)) == f"answer to {second}"

    asyncio.run(main())
    assert letters.similarity(*CONTRARY[0][:2]) > 0.8
    assert host.total("cache.semantic.hits") == 0
    assert host.total("cache.semantic.refused") >= 20


def test_a_paraphrase_hits_and_the_same_question_needs_no_embedding(host: BareHost) -> None:
    letters, model = Letters(), Model()
    cache: SemanticCache[str] = SemanticCache(host, "c", letters, similarity=0.6, check_share=0)
    first, second = ALIKE[0]

    async def main() -> None:
        for question in (first, second, first):
            assert await cache.load(question, model.answers(question)) == f"answer to {first}"

    asyncio.run(main())
    assert model.asked == [first]
    assert letters.calls == 2
    assert host.total("cache.semantic.hits") == 1


def test_other_tenants_and_other_contexts_have_answers_of_their_own(host: BareHost) -> None:
    model = Model()
    cache: SemanticCache[str] = SemanticCache(host, "c", Letters(), similarity=0.5, check_share=0)

    async def main() -> None:
        for tenant, context in (("a", "x"), ("b", "x"), ("a", "y"), ("", ""), ("", "a")):
            await cache.load("How do I pay?", model.answers("q"), tenant=tenant, context=context)

    asyncio.run(main())
    assert len(model.asked) == 5
    assert len(cache) == 5


def test_hits_that_are_wrong_are_found_out_counted_and_mended(host: BareHost) -> None:
    first, second = "is the red wine good", "is the red wing good"
    truth = {first: "yes", second: "no, it is not"}
    cache: SemanticCache[str] = SemanticCache(host, "c", Letters(), similarity=0.7, check_share=1)

    async def ask(question: str) -> str:
        async def answer() -> str:
            return truth[question]

        found = await cache.load(question, answer)
        await cache.settle()
        return found

    async def main() -> list[str]:
        return [await ask(q) for q in (first, second, second, first)]

    assert asyncio.run(main()) == ["yes", "yes", "no, it is not", "yes"]
    assert host.total("cache.semantic.checked") == 1
    assert host.total("cache.semantic.false_hits") == 1
    assert host.snapshot("cache.semantic.false_hit_ratio").last == 1.0


def test_a_share_of_the_hits_is_checked(host: BareHost) -> None:
    draws = iter([0.0, 0.05, 0.3, 0.0, 0.3] * 100)
    cache: SemanticCache[str] = SemanticCache(
        host,
        "c",
        Letters(),
        similarity=0.5,
        check_share=0.1,
        uniform=lambda: next(draws),
        same=lambda a, b: True,
    )

    async def answer() -> str:
        return "the same"

    async def main() -> None:
        for i in range(101):
            await cache.load(f"how do i pay my bill number {i}", answer)
            await cache.settle()

    asyncio.run(main())
    assert host.total("cache.semantic.hits") == 100
    assert 50 <= host.total("cache.semantic.checked") <= 70
    assert host.total("cache.semantic.false_hits") == 0


def test_a_check_that_fails_hurts_nobody(host: BareHost) -> None:
    cache: SemanticCache[str] = SemanticCache(host, "c", Letters(), similarity=0.5, check_share=1)

    async def answer() -> str:
        return "yes"

    async def fails() -> str:
        raise RuntimeError("the model is away")

    async def main() -> None:
        await cache.load("How do I reset my password?", answer)
        assert await cache.load("How can I reset my password?", fails) == "yes"
        await cache.settle()

    asyncio.run(main())
    assert host.total("cache.load.errors") == 1


def test_answers_end_and_their_number_is_bounded() -> None:
    clock = ManualClock()
    cache: SemanticCache[str] = SemanticCache(
        BareHost(clock), "c", Letters(), check_share=0, lifetime=10, entries_max=20
    )
    model = Model()

    async def main() -> None:
        for i in range(100):
            await cache.load(f"question {i}", model.answers("q"), tenant=f"t{i}")
        assert len(cache) == len(cache._places) == 20
        await cache.load("question 99", model.answers("q"), tenant="t99")
        assert len(model.asked) == 100
        clock.advance(10.1)
        await cache.load("question 99", model.answers("q"), tenant="t99")
        assert len(model.asked) == 101

    asyncio.run(main())


def test_callers_of_one_question_share_one_answer(host: BareHost) -> None:
    model = Model()
    cache: SemanticCache[str] = SemanticCache(host, "c", Letters())

    async def main() -> None:
        callers = [asyncio.ensure_future(cache.load("why?", model.answers("why?"))) for _ in range(50)]
        await asyncio.sleep(0)
        callers[0].cancel()
        await asyncio.gather(*callers, return_exceptions=True)

    asyncio.run(main())
    assert model.asked == ["why?"]


@given(
    vectors=st.lists(
        st.tuples(
            st.lists(st.floats(-1, 1), min_size=3, max_size=3).filter(lambda v: sum(x * x for x in v) > 0.01),
            st.integers(0, 2),
        ),
        min_size=1,
        max_size=20,
    ),
    similarity=st.floats(0.1, 0.99),
)
def test_neighbours_are_those_a_plain_search_finds(
    vectors: list[tuple[list[float], int]], similarity: float
) -> None:
    neighbours = Neighbours(8)
    kept: dict[int, tuple[np.ndarray, int]] = {}
    for numbers, group in vectors:
        kept[neighbours.add(unit(numbers), group)] = (unit(numbers), group)
    wanted, group = unit(vectors[0][0]), vectors[0][1]
    near = {p for p, (v, g) in kept.items() if g == group and float(v @ wanted) >= similarity + 1e-5}
    maybe = {p for p, (v, g) in kept.items() if g == group and float(v @ wanted) >= similarity - 1e-5}
    assert near <= set(neighbours.near(wanted, group, similarity, 8)) <= maybe


def test_vectors_and_settings_that_cannot_be_are_refused(host: BareHost) -> None:
    with pytest.raises(InputError, match="no vector"):
        unit([0.0, 0.0])
    neighbours = Neighbours(2)
    neighbours.add(unit([1.0, 0.0]), 0)
    with pytest.raises(InputError, match="3 numbers, and 2 before"):
        neighbours.near(unit([1.0, 0.0, 0.0]), 0, 0.5, 1)
    with pytest.raises(ConfigError, match="check_share"):
        SemanticCache(host, "c", Letters(), check_share=2)
    with pytest.raises(ConfigError, match="c_similarity"):
        SemanticCache(host, "c", Letters(), similarity=0.1)
