"""The simulated model: a server that speaks the OpenAI API, with no language model behind it.

    python -m homeostat.testing.simulated_model --port 0 --slots 4

Its text is made from the words of the question, its latency by `homeostat.testing.queueing`, its cached
tokens by a prefix cache over the prompts that it was sent. What it says of itself is `simulated`: the
`server` header, `system_fingerprint`, and the ids of its models.
"""
