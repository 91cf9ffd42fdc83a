"""What stands twice is found: whole passages, runs of lines, and passages that nearly agree."""

from homeostat.prompts.analysis.duplicates import duplicate_blocks, duplicate_runs, near_duplicates
from homeostat.prompts.analysis.near import near_pairs
from homeostat.prompts.library.module import Module
from homeostat.prompts.library.passages import Passage, passages

RULES = "\n".join(f"{n}. A rule that is long enough to matter, number {n}" for n in range(1, 7))


def split(**texts: str) -> list[Passage]:
    return list(passages(Module(f"{n}.md", t, b"", len(t), "utf-8") for n, t in texts.items()))


def test_passages_are_the_lines_between_blank_ones_and_fences() -> None:
    found = split(a="one\n  two\n\n```\ncode\n```\nthree")
    assert [(p.first, p.last, p.lines) for p in found] == [
        (1, 2, ("one", "two")),
        (5, 5, ("code",)),
        (7, 7, ("three",)),
    ]


def test_a_passage_that_stands_twice_is_found_whatever_its_indentation() -> None:
    indented = "\n".join("    " + line for line in RULES.split("\n"))
    (found,) = duplicate_blocks(split(a=f"Title\n\n{RULES}\n", b=f"Other\r\n\r\n{indented}\r\n\r\nend"))
    assert [(p.path, p.first, p.last) for p in found.places] == [("a.md", 3, 8), ("b.md", 3, 8)]
    assert duplicate_blocks(split(a="short", b="short")) == []


def test_a_run_of_lines_within_passages_is_found_at_its_full_length() -> None:
    a, b = f"before\n{RULES}\nafter", f"else\n{RULES}\nwhere"
    (found,) = duplicate_runs(split(a=a, b=b))
    assert found.text == RULES
    assert [(p.path, p.first, p.last) for p in found.places] == [("a.md", 2, 7), ("b.md", 2, 7)]


def test_a_run_does_not_go_from_one_module_into_the_next() -> None:
    three = "\n".join(RULES.split("\n")[:3])
    last = RULES.split("\n")[3]
    assert duplicate_runs(split(a=f"x\n{three}", b=f"{last}\ny", c=f"z\n{three}\n{last}")) == []


def test_a_whole_passage_is_not_told_again_as_a_run() -> None:
    assert duplicate_runs(split(a=RULES, b=RULES)) == []


def test_lines_that_repeat_within_themselves_are_no_run_over_themselves() -> None:
    found = duplicate_runs(split(a="x\n" + "the same line, and long enough to count\n" * 5))
    assert found == []


def test_passages_that_nearly_agree_are_found_with_their_likeness() -> None:
    words = [f"word{i}" for i in range(60)]
    changed = [*words[:30], "changed", *words[31:]]
    (found,) = near_duplicates(split(a=" ".join(words), b=" ".join(changed), c="else " * 40))
    shared, union = 58 - 3, 58 + 3
    assert found.likeness == round(shared / union, 3)
    assert [p.path for p in found.places] == ["a.md", "b.md"]


def test_near_pairs_miss_nothing_that_an_exact_comparison_finds() -> None:
    texts = []
    for group in range(40):
        words = [f"g{group}w{i}" for i in range(50)]
        texts += [words, [*words[:25], "x", *words[26:]], words[::-1]]
    assert [(a, b) for a, b, _ in near_pairs(texts)] == [(3 * g, 3 * g + 1) for g in range(40)]
    assert near_pairs([]) == []
