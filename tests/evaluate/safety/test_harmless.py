"""Claims about the guard as an evaluator."""

from homeostat.evaluate.evaluator import Score, judged
from homeostat.evaluate.passage import Context
from homeostat.evaluate.safety.harmless import BY_MEANING, BY_WORDS, Harmless
from homeostat.evaluate.segments import segments_of
from homeostat.testing.digest_embedder import DigestEmbedder

MILD = "I baked bread with Tom. We walked home in the rain."
THREAT = "I baked bread with Tom. I will kill you, you worthless idiot. We walked home in the rain."


def test_a_threat_lowers_the_score_and_is_marked_where_it_stands() -> None:
    mild, threat = (judged(Harmless(), segments_of(text)) for text in (MILD, THREAT))
    assert mild is not None
    assert threat is not None
    assert mild.value > 0.9
    assert threat.value < 0.5
    assert {mark.segment for mark in threat.marks} == {1}
    assert threat.value == min(threat.parts.values())
    assert not any(word in repr(threat) for word in ("kill", "Tom", "bread"))


def test_the_score_only_falls_while_a_text_is_read_and_all_of_it_is_read() -> None:
    judging = Harmless().begin(Context())
    assert judging.score() is None
    scores: list[Score] = []
    for segment in segments_of(f"{MILD} {THREAT} {MILD} You are an idiot. I will stab you tonight."):
        judging.add(segment)
        score = judging.score()
        assert score is not None
        scores.append(score)
    values = [score.value for score in scores]
    assert values == sorted(values, reverse=True)
    assert max(mark.segment for mark in scores[-1].marks) > 4


def test_it_says_by_what_it_was_validated() -> None:
    assert Harmless().validation == BY_WORDS
    assert Harmless(DigestEmbedder()).validation == BY_MEANING
    assert BY_MEANING.figure > BY_WORDS.figure > BY_WORDS.baseline
