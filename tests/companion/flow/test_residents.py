"""What is held in memory of people stays within its budget, and what nobody waits for goes first."""

from hypothesis import given
from hypothesis import strategies as st

from homeostat.companion.residents import Residents

PUT = st.tuples(st.sampled_from("abcd"), st.sampled_from("xy"), st.integers(0, 60), st.booleans())


def test_what_is_spare_goes_before_all_others() -> None:
    residents = Residents(bytes_max=100)
    residents.put("ann", "index", "i", size_bytes=40)
    residents.put("ann", "palace", "p", size_bytes=40, spare=True)
    residents.put("bob", "index", "i", size_bytes=40)
    assert residents.get("ann", "palace", str) is None
    assert residents.get("ann", "index", str) == "i"
    residents.put("ann", "palace", "p", size_bytes=40, spare=True)
    assert residents.get("ann", "palace", str) is None
    assert residents.get("bob", "index", str) == "i"


@given(st.lists(PUT, max_size=30))
def test_the_budget_holds_and_the_books_are_right(puts: list[tuple[str, str, int, bool]]) -> None:
    residents = Residents(bytes_max=100)
    sizes: dict[tuple[str, str], int] = {}
    for person, name, size, spare in puts:
        residents.put(person, name, (person, name, size), size_bytes=size, spare=spare)
        sizes[person, name] = size
    held = [key for key in sizes if residents.get(*key, tuple) is not None]
    assert sum(sizes[key] for key in held) == residents.bytes_held <= 100
    for person in "abcd":
        residents.drop(person)
    assert residents.bytes_held == 0
