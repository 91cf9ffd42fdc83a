"""MiniLM and its table on this machine: made-up weights for how they behave, the real ones for how well."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from homeostat.core.errors import EmbedderError, NotAvailable
from homeostat.runtime.embed.built import FLOAT32, MINILM, STATIC, default_folder, status
from homeostat.runtime.embed.minilm import MiniLm, _batches, open_session, run
from homeostat.runtime.embed.static import Static
from homeostat.testing.bare_host import BareHost
from homeostat.testing.embedder_contract import TEXTS, check_embedder

DATA = Path(os.environ.get("HOMEOSTAT_DATA", Path(__file__).parents[3] / "../shared/data"))


def test_minilm_keeps_the_contract(made_models: Path) -> None:
    check_embedder(MiniLm(BareHost(), made_models), cosine_min=0.999_999)


def test_the_static_table_keeps_the_contract(made_models: Path) -> None:
    check_embedder(Static(BareHost(), made_models), cosine_min=0.999_999)


def test_the_real_minilm_keeps_the_contract(minilm: MiniLm) -> None:
    check_embedder(minilm, cosine_min=0.999_999)


def test_threads_that_embed_at_once_find_what_one_does(made_models: Path) -> None:
    embedder = MiniLm(BareHost(), made_models)
    alone = embedder.embed(TEXTS)
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(embedder.embed, [TEXTS] * 12):
            np.testing.assert_array_equal(found, alone)


def test_a_failure_of_the_runtime_is_an_error_that_holds_nothing_of_the_text(made_models: Path) -> None:
    embedder = MiniLm(BareHost(), made_models)
    with pytest.raises(EmbedderError, match=r"onnxruntime fails with \(1, 1\) tokens") as raised:
        run(embedder._session, np.array([[40_000]], np.int64))
    assert "40" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_graph_that_cannot_be_opened_is_not_available() -> None:
    with pytest.raises(NotAvailable, match="cannot open the model"):
        open_session(b"no graph")


@pytest.mark.parametrize("tokens_max", [0, 6, 1_000])
def test_texts_that_go_together_have_equally_many_tokens_and_none_is_left_out(tokens_max: int) -> None:
    ids = [[0] * (1 + i % 3) for i in range(20)]
    batches = list(_batches(ids, tokens_max))
    assert sorted(place for batch in batches for place in batch) == list(range(20))
    assert all(len({len(ids[place]) for place in batch}) == 1 for batch in batches)
    assert all(len(batch) == 1 or len(batch) * len(ids[batch[0]]) <= tokens_max for batch in batches)


def test_more_than_256_tokens_are_cut_and_counted(made_models: Path) -> None:
    host = BareHost()
    embedder = MiniLm(host, made_models)
    fits, one_more = "cat " * 254, "cat " * 254 + "lake"
    np.testing.assert_array_equal(embedder.embed([fits]), embedder.embed([one_more]))
    assert host.total("embed.tokens_cut", model=MINILM) == 1
    assert host.total("embed.texts", model=MINILM) == 2
    assert host.snapshot("embed.duration", model=MINILM).count == 2


def test_of_a_megabyte_only_its_beginning_is_looked_at(made_models: Path) -> None:
    host = BareHost()
    MiniLm(host, made_models).embed(["cat " * 250_000])
    assert host.total("embed.tokens_cut", model=MINILM) == 4_096 / 4 + 2 - 256 + 1


def test_marks_of_the_vocabulary_in_a_message_are_plain_signs(made_models: Path) -> None:
    embedder = MiniLm(BareHost(), made_models)
    marked, cut_off = embedder.embed(["cat [SEP] lake", "cat"])
    assert marked @ cut_off < 0.999
    assert embedder._pieces.ids("[PAD]") != ([101, 0, 102], 0)


def test_a_text_is_the_sum_of_its_words_rows_in_any_order(made_models: Path) -> None:
    embedder = Static(BareHost(), made_models)
    levels, scales = (np.load(made_models / STATIC / name) for name in ("levels.npy", "scales.npy"))
    ids = embedder._pieces.ids("the cat, the lake")[0][1:-1]
    expected = sum(levels[i].astype(np.float64) * scales[i] for i in ids)
    found, turned = embedder.embed(["the cat, the lake", "Lake, the the CAT"])
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-6)
    np.testing.assert_allclose(found, turned, atol=1e-6)


def test_a_text_without_words_has_the_row_of_the_unknown_word(made_models: Path) -> None:
    empty, unknown = Static(BareHost(), made_models).embed(["", "ﷺ"])
    np.testing.assert_array_equal(empty, unknown)


@pytest.mark.parametrize("kind", [MiniLm, Static])
def test_without_a_built_model_the_remedy_is_said(kind: type[MiniLm] | type[Static], tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match="homeostat embedder build"):
        kind(BareHost(), tmp_path)


def test_a_gpu_that_is_not_there_is_said(made_models: Path) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has CUDA")
    with pytest.raises(NotAvailable, match="onnxruntime-gpu"):
        MiniLm(BareHost(), made_models, gpu=True)


def test_nothing_is_asked_of_the_network_and_torch_does_not_come_along(made_models: Path) -> None:
    program = """
import sys
from pathlib import Path
asked = []
sys.addaudithook(lambda event, given: asked.append(event) if event.startswith("socket.") else None)
from homeostat.runtime.embed.minilm import MiniLm
from homeostat.runtime.embed.static import Static
from homeostat.testing.bare_host import BareHost
for kind in (MiniLm, Static):
    kind(BareHost(), Path(sys.argv[1])).embed(["the cat", "we did feed this train"])
unwanted = {"torch", "transformers", "sentence_transformers", "huggingface_hub", "onnx"} & set(sys.modules)
import json
print(json.dumps([[a for a in asked if a != "socket.gethostname"], sorted(unwanted)]))
"""
    found = subprocess.run(
        [sys.executable, "-c", program, str(made_models)], capture_output=True, text=True, check=True
    )
    assert json.loads(found.stdout) == [[], []]


def real_texts() -> list[str]:
    """Return turns of two LoCoMo talks and lines of two IRC logs."""
    talks = json.loads((DATA / "locomo" / "locomo_first5.json").read_text())[:2]
    turns = [
        t["text"] for talk in talks for v in talk["conversation"].values() if isinstance(v, list) for t in v
    ]
    logs = sorted((DATA / "irc").glob("*.txt"))[:2]
    lines = [line.split("> ", 1)[1] for log in logs for line in log.read_text().splitlines() if "> " in line]
    return turns[::10] + lines[::20]


@pytest.mark.long
@pytest.mark.skipif(not DATA.is_dir(), reason="the real inputs are not here")
def test_int8_is_as_near_to_full_precision_on_real_texts_as_is_promised(minilm: MiniLm) -> None:
    found = status(default_folder(), FLOAT32)
    if found.fault:
        pytest.skip(f"{FLOAT32} is {found.fault}: homeostat embedder build --gpu")
    exact = open_session((Path(found.folder) / "model.onnx").read_bytes())
    texts = real_texts()
    rows: list[NDArray[np.float32]] = [
        run(exact, np.array([minilm._pieces.ids(text)[0]], np.int64))[0] for text in texts
    ]
    cosines = (np.array(rows) * minilm.embed(texts)).sum(axis=1)
    assert cosines.mean() >= 0.992
    assert np.percentile(cosines, 1) >= 0.97


def test_near_means_alike(minilm: MiniLm) -> None:
    asked, same, other = minilm.embed(
        ["When is the dentist?", "My appointment to have my teeth checked is on Tuesday.", "I like jazz."]
    )
    assert asked @ same > asked @ other + 0.2


def test_the_table_and_the_model_are_named_apart() -> None:
    assert len({MINILM, STATIC, FLOAT32}) == 3
