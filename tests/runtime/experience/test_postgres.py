"""Claims about experience in PostgreSQL: it is the store's, so the same."""

from homeostat.runtime.experience.declaration import Declaration
from homeostat.runtime.experience.experience import Experience
from homeostat.runtime.experience.pseudonyms import Pseudonyms
from homeostat.store.open import open_store
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock


def test_postgresql_keeps_figures_forgets_and_honours_an_opt_out(postgres_url: str) -> None:
    store = open_store(postgres_url)
    host = BareHost(ManualClock(1_800_000_000 * 10**9))

    def offer(batch: object) -> bool:
        store.write(batch)  # type: ignore[arg-type]
        return True

    kept = Experience(host, Declaration(service="shop"), offer, store, Pseudonyms(bytes(32), "shop"))
    for i in range(6):
        kept.feedback(str(i), rating=8)
        with kept.task("export", str(i)):
            kept.interaction(str(i), "search")
    found = kept.figures()
    assert found.feedback["rating"].value == 8.0
    assert found.completion.value == 1.0
    kept.opt_out("0")
    assert kept.held("0") == 0
    assert kept.figures().feedback["rating"].people == 5
    store.close()
