"""A library serves prompts that are ready to send, and says what is wrong."""

import asyncio
import json
import logging
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from homeostat.core.clock import SECOND_NS, SystemClock
from homeostat.core.errors import ConfigError, InputError
from homeostat.core.plant import Split, Steering
from homeostat.observe.catalogue import load_catalogue
from homeostat.prompts.graph.styles import load_styles
from homeostat.prompts.graph.understanding import understand
from homeostat.prompts.library.library import load_library
from homeostat.prompts.planning.loading_plan import loading_plan
from homeostat.prompts.planning.plan_file import NAME as PLAN
from homeostat.prompts.planning.plan_file import write_plan
from homeostat.prompts.planning.usage import usage_of
from homeostat.prompts.serving.catalogue import ORDERS_FILE
from homeostat.prompts.serving.prompt_library import PromptLibrary
from homeostat.prompts.serving.serving_settings import ServingSettings
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.threads import eager_switching

FILES = {
    "commands/review.md": "Review $ARGUMENTS with @rules.md\nSee [more](more.md).\n",
    "commands/fix.md": "Fix it, {{ who }}: @rules.md and @style.md\n",
    "commands/loop.md": "@a.md",
    "rules.md": "NEVER approve without tests.",
    "style.md": "Be brief; `{{example}}`.\n",
    "more.md": "More: @rules.md",
    "a.md": "a @b.md",
    "b.md": "b @a.md @commands/loop.md",
    "CLAUDE.md": "Always.\n",
    "skills/pdf/SKILL.md": "---\nname: pdf-forms\n---\nFill forms.\n",
}


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, text in FILES.items():
        write(tmp_path / "lib", path, text)
    return tmp_path / "lib"


@pytest.fixture
def host() -> BareHost:
    return BareHost(ManualClock(now_ns=time.time_ns() + 3_600 * SECOND_NS))


@pytest.fixture
def library(host: BareHost, root: Path) -> Iterator[PromptLibrary]:
    with PromptLibrary(host, root, rng=Random(1)) as opened:
        yield opened


def advance(host: BareHost, seconds: float) -> None:
    assert isinstance(host.clock, ManualClock)
    host.clock.advance(seconds)


def plan(root: Path) -> None:
    found = load_library(root)
    understood = understand(found, load_styles())
    letters = {path: len(module.text) for path, module in found.modules.items()}
    write_plan(root / PLAN, loading_plan(found, understood, letters, "letters"))


def test_a_prompt_has_what_it_includes_first_each_once_and_itself_last(library: PromptLibrary) -> None:
    prompt = library.prompt("/review", "main.py")
    assert prompt.modules == ("rules.md", "commands/review.md")
    assert prompt.text == (
        '<module path="rules.md">\nNEVER approve without tests.\n</module>\n\n'
        "Review main.py with @rules.md\nSee [more](more.md).\n"
    )
    assert library.prompt("review", "main.py").text == prompt.text
    assert library.prompt("commands/review.md", "main.py").text == prompt.text


def test_modules_that_include_each_other_are_served_once_each(library: PromptLibrary) -> None:
    assert sorted(library.prompt("/loop").modules) == ["a.md", "b.md", "commands/loop.md"]


def test_gaps_of_the_prompt_itself_must_be_filled_those_of_what_it_includes_may(
    library: PromptLibrary,
) -> None:
    with pytest.raises(InputError, match=r"/fix needs \{\{ who \}\}"):
        library.prompt("/fix")
    prompt = library.prompt("/fix", values={"who": "Ann"})
    assert "Fix it, Ann:" in prompt.text
    assert prompt.left == ("{{example}}",)
    assert "`{{example}}`" in prompt.text
    with pytest.raises(InputError, match=r"/review needs \$ARGUMENTS"):
        library.prompt("/review")


def test_arguments_without_a_place_go_to_the_end(library: PromptLibrary) -> None:
    assert library.prompt("/loop", "fast").text.endswith("@a.md\n\nARGUMENTS: fast\n")
    assert library.prompt("/loop", "").text.endswith("@a.md")


def test_an_unknown_name_is_an_error_with_names_near_it(library: PromptLibrary) -> None:
    with pytest.raises(InputError, match=r"no prompt is named '/reviw' in .*; there are /review"):
        library.prompt("/reviw")
    with pytest.raises(InputError, match="no prompt"):
        library.module("../outside.md")


def test_a_new_command_is_found_by_its_name(library: PromptLibrary, host: BareHost, root: Path) -> None:
    with pytest.raises(InputError):
        library.prompt("/new")
    write(root, "commands/new.md", "New.")
    with pytest.raises(InputError):  # the folder is walked at most once a second
        library.prompt("/new")
    advance(host, 1.0)
    assert library.prompt("/new").text == "New."


def test_skills_have_the_names_that_they_give_themselves(library: PromptLibrary) -> None:
    assert library.prompt("pdf-forms").modules == ("skills/pdf/SKILL.md",)
    assert "pdf-forms" in library.names


def test_the_core_is_what_stands_before_every_prompt(library: PromptLibrary) -> None:
    assert library.core().text == "Always.\n"


def test_a_change_is_served_after_the_bound_and_one_of_references_too(
    library: PromptLibrary, host: BareHost, root: Path
) -> None:
    library.prompt("/review", "x")
    write(root, "rules.md", "ALWAYS test. @style.md")
    assert "NEVER" in library.prompt("/review", "x").text
    advance(host, 1.0)
    prompt = library.prompt("/review", "x")
    assert "ALWAYS test." in prompt.text
    assert "style.md" in prompt.modules
    assert library.figures.changes == 1


def test_the_last_good_content_is_served_when_a_file_vanishes_and_that_is_said(
    library: PromptLibrary, host: BareHost, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = library.prompt("/review", "x")
    (root / "rules.md").unlink()
    advance(host, 1.0)
    with caplog.at_level(logging.WARNING, "homeostat"):
        after = library.prompt("/review", "x")
        advance(host, 1.0)
        library.prompt("/review", "x")
    assert after.text == before.text
    assert (before.last_good, after.last_good) == ((), ("rules.md",))
    assert [r.message for r in caplog.records if "last_good" in r.message] == [
        "prompts.last_good module='rules.md' reason='FileNotFoundError'"
    ]
    assert library.figures.last_good == 2
    write(root, "rules.md", "Back.")
    advance(host, 1.0)
    again = library.prompt("/review", "x")
    assert "Back." in again.text
    assert again.last_good == ()


def test_the_last_good_content_is_that_of_the_hot_tier_where_no_other_has_it(
    host: BareHost, root: Path
) -> None:
    sizes = ServingSettings(warm_kb=16, cold_kb=16)
    noise = Random(1)
    with PromptLibrary(host, root, settings=sizes, rng=Random(1)) as library:
        before = library.prompt("/review", "x")
        for i in range(40):
            write(root, f"noise{i}.md", "".join(noise.choices("abcdefghijklmnop", k=4_000)))
            library.refresh()
            for _ in range(3):
                library.module(f"noise{i}.md")
        assert not library._modules.holds(("original", "rules.md"))
        (root / "rules.md").unlink()
        advance(host, 1.0)
        after = library.prompt("/review", "x")
    assert after.text == before.text
    assert after.last_good == ("rules.md",)


def test_a_module_that_was_never_read_and_is_gone_is_an_error(library: PromptLibrary, root: Path) -> None:
    (root / "rules.md").unlink()
    with pytest.raises(InputError, match=r"rules\.md cannot be read"):
        library.prompt("/review", "x")


def test_a_module_alone_stands_as_in_its_file(library: PromptLibrary) -> None:
    for path, text in FILES.items():
        assert library.module(path).text == text


def test_a_plan_says_what_is_loaded_and_shared_modules_come_first(host: BareHost, root: Path) -> None:
    plan(root)
    with PromptLibrary(host, root) as library:
        assert set(library.names) == {"/review", "/fix", "/loop", "pdf-forms"}
        assert library.prompt("/fix", values={"who": "x"}).modules == (
            "rules.md",
            "style.md",
            "commands/fix.md",
        )
        host.knob_set.pin("prompts_layers", "on_demand")
        assert library.prompt("/review", "x").modules == ("rules.md", "more.md", "commands/review.md")
        assert library.core().text == "Always.\n"


def test_another_plan_is_taken_up(host: BareHost, root: Path) -> None:
    plan(root)
    with PromptLibrary(host, root) as library:
        library.prompt("/loop")
        write(root, "commands/loop.md", "alone")
        plan(root)
        advance(host, 1.0)
        assert library.prompt("/loop").modules == ("commands/loop.md",)


def test_a_plan_that_is_just_being_written_disturbs_nobody(host: BareHost, root: Path) -> None:
    plan(root)
    whole = (root / PLAN).read_bytes()
    with PromptLibrary(host, root) as library:
        before = library.prompt("/review", "x")
        (root / PLAN).write_bytes(whole[:100])
        advance(host, 1.0)
        assert library.prompt("/review", "x").text == before.text
        with pytest.raises(ConfigError, match="no loading plan"):
            library.refresh()
        write(root, "commands/loop.md", "alone")
        plan(root)
        advance(host, 1.0)
        assert library.prompt("/loop").modules == ("commands/loop.md",)


def test_the_order_of_the_optimiser_is_kept(host: BareHost, root: Path) -> None:
    orders = {"commands/fix.md": ["style.md", "commands/fix.md", "rules.md"]}
    write(root, ORDERS_FILE, json.dumps(orders))
    with PromptLibrary(host, root) as library:
        prompt = library.prompt("/fix", values={"who": "Ann"})
        assert prompt.modules == ("style.md", "commands/fix.md", "rules.md")
        assert '<module path="commands/fix.md">\nFix it, Ann:' in prompt.text
        with pytest.raises(InputError, match="who"):
            library.prompt("/fix")
        write(root, ORDERS_FILE, json.dumps({}))
        advance(host, 1.0)
        assert library.prompt("/fix", values={"who": "Ann"}).modules[-1] == "commands/fix.md"
    write(root, ORDERS_FILE, "{broken")
    with pytest.raises(ConfigError, match=r"orders\.json cannot be read"):
        PromptLibrary(host, root)


def test_a_plan_that_leads_outside_is_refused(host: BareHost, root: Path) -> None:
    plan(root)
    text = (root / PLAN).read_text().replace("style.md", "../../secret.md")
    (root / PLAN).write_text(text)
    with pytest.raises(ConfigError, match="not in the library"):
        PromptLibrary(host, root)


def test_the_knob_of_compaction_chooses_the_edition(host: BareHost, root: Path, tmp_path: Path) -> None:
    write(tmp_path / "lean", "commands/review.md", "Review $ARGUMENTS.\n")
    with PromptLibrary(host, {"original": root, "lossless": tmp_path / "lean"}) as library:
        assert library.prompt("/review", "x").edition == "original"
        host.knob_set.pin("prompts_compaction", "lossless")
        prompt = library.prompt("/review", "x")
        assert (prompt.edition, prompt.text) == ("lossless", "Review x.\n")
    assert set(host.knob_set.knobs) == {
        "prompts_layers",
        "prompts_hot_kb",
        "prompts_warm_kb",
        "prompts_cold_kb",
    }


def test_a_trial_serves_some_requests_the_lean_edition(host: BareHost, root: Path, tmp_path: Path) -> None:
    write(tmp_path / "lean", "commands/review.md", "Review $ARGUMENTS.\n")
    served = set()
    with PromptLibrary(host, {"original": root, "lossless": tmp_path / "lean"}) as library:
        split = Split("leaner", {"prompts_compaction": "lossless"}, share=0.5)
        host.tracer.requests.govern()
        host.knob_set.steer(Steering({}, (split,)))
        for user in range(64):
            with host.tracer.request("answer", user=user) as request:
                editions = {library.prompt("/review", "x").edition for _ in range(3)}
                request.outcome(quality=1.0)
            assert len(editions) == 1
            served |= editions
        alone = {library.prompt("/review", "x").edition for _ in range(64)}  # each is a request of its own
        assert alone == {"original", "lossless"}
    assert served == {"original", "lossless"}


def test_the_knobs_of_size_hold_at_once(host: BareHost, root: Path) -> None:
    for name in "cdefgh":
        write(root, f"{name}.md", f"{name}\n" * 8_000)
    with PromptLibrary(host, root) as library:
        for name in "cdefgh":
            library.prompt(f"{name}.md")
        assert library.used_bytes["warm"] > 16 * 1024
        for tier in ("hot", "warm", "cold"):
            host.knob_set.pin(f"prompts_{tier}_kb", 16)
        library.prompt("/loop")
        assert max(library.used_bytes.values()) <= 16 * 1024


def test_what_follows_is_loaded_ahead_where_files_are_slow(host: BareHost, root: Path) -> None:
    class SlowFiles(ManualClock):
        """Each look at the time takes 5 ms of it, and no processor time at all."""

        def monotonic_ns(self) -> int:
            self.advance(0.005)
            return super().monotonic_ns()

    host.clock = SlowFiles()
    sizes = ServingSettings(hot_kb=16, warm_kb=16, cold_kb=16, check_every_s=1e6)
    big = "".join(Random(1).choices("abcdefghijklmnop", k=15_000))
    for name in ("x", "y", "z"):
        write(root, f"{name}.md", name + big)
    with PromptLibrary(host, root, settings=sizes) as library:
        for _ in range(4):
            for name in ("x", "y", "z"):
                library.module(f"{name}.md", session="s")
                assert library.settle()
        figures = library.figures
    assert 0 < figures.loaded_ahead_used <= figures.loaded_ahead


def test_asking_from_a_loop_touches_no_file_in_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = BareHost(SystemClock())
    library = PromptLibrary(host, root, settings=ServingSettings(check_every_s=0.0))
    loop_thread = threading.get_ident()
    touched: list[int] = []

    def noting(method: Callable[..., object]) -> Callable[..., object]:
        def noted(*args: object, **kwargs: object) -> object:
            touched.append(threading.get_ident())
            return method(*args, **kwargs)

        return noted

    for method in ("open", "stat"):
        monkeypatch.setattr(Path, method, noting(getattr(Path, method)))

    async def ask() -> list[str]:
        prompts = await asyncio.gather(*(library.aprompt("/review", str(i)) for i in range(20)))
        prompts += [await library.amodule("more.md"), await library.aprompt("/loop")]
        streamed = b"".join([piece async for piece in library.astream("rules.md")])
        with pytest.raises(InputError):
            await library.aprompt("/unknown")
        return [p.text for p in prompts] + [streamed.decode()]

    texts = asyncio.run(ask())
    library.close()
    assert [f"Review {i} with" in texts[i] for i in range(20)] == [True] * 20
    assert texts[-1] == FILES["rules.md"]
    assert touched
    assert loop_thread not in touched


def test_threads_get_whole_texts_while_files_change(root: Path) -> None:
    host = BareHost(SystemClock())
    settings = ServingSettings(hot_kb=16, warm_kb=16, cold_kb=16, check_every_s=0.0)
    versions = [f"{letter * 4_000}\n" for letter in "pqrstu"]
    write(root, "rules.md", versions[0])
    wrong: list[str] = []
    done = threading.Event()

    def change() -> None:
        for i in range(150):
            write(root, "rules.new", versions[i % 6])
            (root / "rules.new").replace(root / "rules.md")
        done.set()

    def ask() -> None:
        while not done.is_set():
            text = served.prompt("/review", "x").text
            inside = text.partition(">\n")[2].partition("</module>")[0]
            if inside not in versions or max(served.used_bytes.values()) > 16 * 1024:
                wrong.append(inside[:40])

    with PromptLibrary(host, root, settings=settings) as served, eager_switching():
        threads = [threading.Thread(target=target) for target in (change, ask, ask, ask)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_those_who_miss_the_same_module_at_once_read_it_once(host: BareHost, root: Path) -> None:
    library = PromptLibrary(host, root)
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        library.module("rules.md")

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    library.close()
    assert host.total("prompts.served", library="prompts", source="file") == 1


def test_a_forked_child_serves_though_the_parents_locks_were_held(root: Path) -> None:
    program = """
        import os, sys
        from homeostat.prompts.serving.prompt_library import PromptLibrary
        from homeostat.testing.bare_host import BareHost
        library = PromptLibrary(BareHost(), sys.argv[1])
        library.prompt("/review", "x")
        with library._lock, library._modules._lock, library._modules._reading, library._ready._lock:
            child = os.fork()
            if child == 0:
                os._exit(0 if "Review y" in library.prompt("/review", "y").text else 1)
        assert os.waitpid(child, 0)[1] == 0
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(root)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr


def test_each_asking_is_an_operation_with_the_module(host: BareHost, library: PromptLibrary) -> None:
    library.prompt("/review", "secret words")
    library.module("more.md")
    with pytest.raises(InputError):
        library.prompt("/review")
    assert host.snapshot("operation.duration", operation="prompts.load").count == 3
    spans = host.tracer.drain()
    assert {str(s.attributes["module"]) for s in spans} <= {"commands/review.md", "more.md"}
    assert not any("secret" in str(s.attributes) for s in spans)


def test_usage_is_learned_from_what_was_asked_for(host: BareHost, library: PromptLibrary) -> None:
    for reads in (True, True, False):
        with host.tracer.operation("answer") as answering:
            answering.context()  # so that its spans are kept
            library.core()
            library.prompt("/review", "x")
            if reads:
                library.module("more.md")
    usage = usage_of(host.tracer.drain(), {"commands/review.md", "commands/fix.md"})
    assert usage.runs == {"commands/review.md": 3}
    assert usage.reads == {"commands/review.md": {"more.md": 2}}


def test_everything_in_the_catalogue_is_recorded(host: BareHost, root: Path) -> None:
    with PromptLibrary(host, root) as library:
        for _ in range(70):
            library.prompt("/review", "x")
    found = {p.series.metric for p in host.registry.fold(0, 1)}
    promised = {m.name for m in load_catalogue().values() if m.collector == "prompts"}
    rare = {"prompts.changes", "prompts.last_good", "prompts.loaded_ahead"}
    assert promised - rare <= found
    assert not {m for m in found if m.startswith("prompts.")} - promised


def test_a_folder_that_is_none_and_a_name_that_is_none_are_errors(host: BareHost, root: Path) -> None:
    with pytest.raises(InputError, match="not a folder"):
        PromptLibrary(host, root / "nothing")
    with pytest.raises(ConfigError, match="needs a folder"):
        PromptLibrary(host, {})
    with pytest.raises(ConfigError, match="needs a folder, not ''"):  # a variable that is not set
        PromptLibrary(BareHost(), "")
    with pytest.raises(ConfigError, match="letters, digits"):
        PromptLibrary(host, root, name="my prompts")
