"""Claims about `homeostat guard`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from homeostat.app.cli.main import build

CARD = "My card is 4111 1111 1111 1111. What a day!"


def guard(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(build(), ["guard", *arguments], input=stdin)


def test_what_may_be_shown_is_printed_and_the_code_says_whether_that_is_all() -> None:
    held = guard("check", "-", stdin=CARD)
    assert (held.exit_code, held.stdout) == (1, "My card is [card]. What a day!\n")
    assert held.stderr.startswith("soften: personal 8.0")
    passed = guard("check", "-", stdin="What a day!\n")
    assert (passed.exit_code, passed.stdout) == (0, "What a day!\n")


def test_audience_and_what_is_to_be_avoided_decide() -> None:
    assert guard("check", "-", stdin="What the fuck is this?").exit_code == 0
    assert guard("check", "-", "--audience", "child", stdin="What the fuck is this?").exit_code == 1
    assert guard("check", "-", "--avoid", "spiders", stdin="A spider sat there.").exit_code == 1


def test_policies_of_ones_own_decide(tmp_path: Path) -> None:
    policies = tmp_path / "policies.toml"
    policies.write_text('[desk]\npersonal = { block = 2 }\nblocked = "No."\n', encoding="utf-8")
    shown = guard("check", "-", "--policies", str(policies), "--audience", "desk", stdin=CARD)
    assert (shown.exit_code, shown.stdout) == (1, "No.\n")


def test_json_holds_the_verdict_with_places_and_none_of_what_was_masked() -> None:
    found = json.loads(guard("check", "-", "--json", stdin=CARD).stdout)
    assert found["action"] == "soften"
    (card,) = (one for one in found["findings"] if one["category"] == "personal")
    assert CARD[card["start"] : card["end"]] == "4111 1111 1111 1111"
    assert "4111" not in json.dumps(found)


@pytest.mark.parametrize("arguments", [("check", "no-such-file"), ("check", "-", "--audience", "cats")])
def test_what_cannot_be_read_or_is_no_audience_is_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert guard(*arguments, stdin="x").exit_code == 2


def test_accuracy_says_what_it_was_measured_on_with_interval_and_size() -> None:
    shown = guard("accuracy", "--audience", "child")
    assert shown.exit_code == 0, shown.output
    assert "planted texts, not of yours" in shown.stdout
    found = json.loads(guard("accuracy", "--audience", "child", "--json").stdout)
    assert found["whole"]
    assert found["filter"]["low"] < found["filter"]["value"] < found["filter"]["high"]
    judged = sum(found[part]["n"] for part in ("filter", "trigger_named", "trigger_meant"))
    assert judged + sum(unread["n"] for unread in found["not_covered"]) == found["tried"]
