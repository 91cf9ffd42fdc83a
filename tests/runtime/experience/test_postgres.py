"""Claims about experience in PostgreSQL: it is the store's, so the same."""

from homeostat.runtime.experience.declaration import Declaration
from homeostat.runtime.experience.experience import Experience
from homeostat.runtime.experience.pseudonyms import Pseudonyms
from homeostat.store.open import open_store
from homeostat.testing.bare_host import BareHost
from homeostat.testing.written_at_once import written_at_once


def test_postgresql_keeps_figures_forgets_and_honours_an_opt_out(
    postgres_url: str, names: Pseudonyms, host: BareHost
) -> None:
    store = open_store(postgres_url)
    kept = Experience(host, Declaration(service="shop"), written_at_once(store), store, names)
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
