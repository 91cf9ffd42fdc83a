"""Rooms are named by what is said there and hardly elsewhere."""

from homeostat.companion.palace.naming import named


def test_a_word_that_is_said_everywhere_names_no_room() -> None:
    said = {
        1: [{"volcano": 6.0, "nice": 7.0}, {"lava": 4.0}],
        2: [{"invoice": 6.0, "nice": 7.0}],
        3: [{"tulip": 6.0, "nice": 7.0}],
    }
    names = named(said)
    assert names[1][:2] == ("volcano", "lava")
    assert names[2][0] == "invoice"


def test_a_word_that_was_said_once_names_a_room_only_where_no_other_is_left() -> None:
    assert named({1: [{"zyzzyva": 9.0, "sea": 2.0}], 2: [{"zax": 3.0}]}, once={"zyzzyva", "zax"}) == {
        1: ("sea", "zyzzyva"),
        2: ("zax",),
    }


def test_words_that_may_not_name_are_left_out() -> None:
    assert named({1: [{"ann": 9.0, "sea": 2.0}]}, {"ann"}) == {1: ("sea",)}
    assert named({1: [{"ann": 9.0}]}, {"ann"}) == {1: ()}
