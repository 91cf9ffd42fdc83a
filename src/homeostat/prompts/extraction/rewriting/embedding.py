"""Embeddings: how like texts are to what they were by a model's vectors, as a warning that proves nothing."""

from collections.abc import Mapping

import msgspec

from homeostat.core.endpoint import Endpoint
from homeostat.prompts.extraction.rewriting.answer import NoAnswer
from homeostat.prompts.extraction.rewriting.client import Client, Patience, concurrently
from homeostat.prompts.extraction.similarity import Likeness, cosine

CONCURRENCY = 4


class _Vector(msgspec.Struct):
    embedding: list[float]


class _Vectors(msgspec.Struct):
    data: list[_Vector]


async def embedded_likenesses(
    endpoint: Endpoint, texts: Mapping[str, tuple[str, str]], patience: Patience | None = None
) -> tuple[list[Likeness], dict[str, str]]:
    """Return how like texts are to what they were, given as pairs by path, the least like first.

    And why there is no answer for the others: most models take some thousands of tokens at a time. Raises
    NotAvailable where the endpoint cannot be reached or refuses all requests.
    """
    found: list[Likeness] = []
    missing: dict[str, str] = {}

    async with Client(endpoint, patience) as client:

        async def one(item: tuple[str, tuple[str, str]]) -> None:
            path, pair = item
            like = await _likeness(client, pair)
            if isinstance(like, NoAnswer):
                missing[path] = like.why
            else:
                found.append(Likeness(path, like))

        await concurrently(one, texts.items(), CONCURRENCY)
    return sorted(found, key=lambda one: (one.cosine, one.path)), missing


async def _likeness(client: Client, pair: tuple[str, str]) -> float | NoAnswer:
    body = await client.post("embeddings", {"model": client.endpoint.model, "input": list(pair)})
    if isinstance(body, NoAnswer):
        return body
    try:
        found = msgspec.json.decode(body, type=_Vectors).data
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return NoAnswer(f"answers no embeddings: {error}")
    vectors = [{str(i): x for i, x in enumerate(one.embedding)} for one in found]
    if len(vectors) != len(pair) or not all(any(v.values()) for v in vectors):
        return NoAnswer("answers no vector for each text")
    return cosine(*vectors)
