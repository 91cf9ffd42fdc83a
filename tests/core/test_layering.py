"""Claims about layers of trials."""

from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.layering import layers
from homeostat.core.plant import Split

KNOBS = st.sets(st.sampled_from("abcdef"), min_size=1, max_size=3)


@given(st.lists(KNOBS, max_size=7))
def test_trials_of_a_common_knob_are_in_one_layer_and_each_trial_is_in_exactly_one(
    treatments: list[set[str]],
) -> None:
    splits = [Split(f"t{i}", dict.fromkeys(knobs, 1)) for i, knobs in enumerate(treatments)]
    found = layers(splits)
    place = {split.trial: number for number, layer in enumerate(found) for split in layer}
    assert sorted(place) == sorted(split.trial for split in splits)
    assert sum(map(len, found)) == len(splits)
    for one in splits:
        for other in splits:
            if one.treatment.keys() & other.treatment.keys():
                assert place[one.trial] == place[other.trial]


@given(st.lists(KNOBS, max_size=7))
def test_layers_have_no_knob_in_common(treatments: list[set[str]]) -> None:
    splits = [Split(f"t{i}", dict.fromkeys(knobs, 1)) for i, knobs in enumerate(treatments)]
    sets = [{name for split in layer for name in split.treatment} for layer in layers(splits)]
    assert sum(map(len, sets)) == len(set().union(*sets))
