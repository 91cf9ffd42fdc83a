"""Claims about reading usage out of providers' answers."""

from typing import Any

import pytest

from homeostat.observe.usage import Usage, carries_token, model_of, usage_of

CHAT = {
    "model": "m-1",
    "usage": {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 2},
    },
}
RESPONSES = {
    "model": "m-1",
    "usage": {
        "input_tokens": 10,
        "output_tokens": 5,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens_details": {"reasoning_tokens": 2},
    },
}
MESSAGES = {
    "model": "m-1",
    "usage": {
        "input_tokens": 3,
        "output_tokens": 5,
        "cache_read_input_tokens": 4,
        "cache_creation_input_tokens": 3,
    },
}


@pytest.mark.parametrize(
    ("answer", "usage"),
    [
        (CHAT, Usage(10, 5, 4, None, 2)),
        (RESPONSES, Usage(10, 5, 4, None, 2)),
        ({"type": "response.completed", "response": RESPONSES}, Usage(10, 5, 4, None, 2)),
        (MESSAGES, Usage(10, 5, 4, 3, None)),
        ({"type": "message_start", "message": MESSAGES}, Usage(10, 5, 4, 3, None)),
        ({"type": "message_delta", "usage": {"output_tokens": 9}}, Usage(None, 9)),
        ({"model": "e", "usage": {"prompt_tokens": 8, "total_tokens": 8}}, Usage(8)),
        ({"usage": {"prompt_tokens": 1, "completion_tokens": 2, "prompt_tokens_details": None}}, Usage(1, 2)),
        ({"usage": {"prompt_tokens": -1, "completion_tokens": "2"}}, Usage()),
    ],
)
def test_each_shape_gives_tokens_counted_once(answer: dict[str, Any], usage: Usage) -> None:
    assert usage_of(answer) == usage


@pytest.mark.parametrize("answer", [None, 3, "text", b"", [], {}, {"usage": None}, {"choices": []}, object()])
def test_an_answer_without_usage_says_nothing(answer: object) -> None:
    assert usage_of(answer) is None
    assert model_of(answer) == ""


def test_the_model_is_found_where_an_event_wraps_the_answer() -> None:
    assert model_of({"type": "response.completed", "response": RESPONSES}) == "m-1"


@pytest.mark.parametrize(
    ("chunk", "carries"),
    [
        ("text", True),
        ("", False),
        ({"choices": [{"delta": {"role": "assistant", "content": ""}}]}, False),
        ({"choices": [{"delta": {"content": "x"}}]}, True),
        ({"choices": [{"delta": {"reasoning_content": "hm"}}]}, True),
        ({"choices": [{"delta": {"tool_calls": [{"index": 0}]}}]}, True),
        ({"choices": [{"text": "x"}]}, True),
        ({"choices": []}, False),
        ({"type": "response.created"}, False),
        ({"type": "response.output_text.delta", "delta": "x"}, True),
        ({"type": "message_delta", "delta": {}}, False),
        ({"type": "content_block_delta", "delta": {"text": "x"}}, True),
        (object(), True),
    ],
)
def test_the_first_token_is_the_first_part_of_the_answer_itself(chunk: object, carries: bool) -> None:
    assert carries_token(chunk) is carries


def test_the_openai_packages_own_types_are_read() -> None:
    from openai.types.chat import ChatCompletionChunk

    chunk = ChatCompletionChunk.model_validate(
        {
            "id": "c",
            "created": 1,
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": None}],
            **CHAT,
        }
    )
    assert carries_token(chunk)
    assert (usage_of(chunk), model_of(chunk)) == (Usage(10, 5, 4, None, 2), "m-1")
