"""The contract of records: one a key, found by kind, time and the beginning of the key."""

from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, HOUR_NS
from homeostat.core.query import RecordsQuery, Retention
from homeostat.core.record import Record
from homeostat.testing.store_contract.opening import Opening
from homeostat.testing.store_contract.samples import T0


class RecordsContract(Opening):
    """What every store must do with records."""

    def test_a_record_is_replaced_by_its_key_and_forgotten_by_an_empty_body(self) -> None:
        with self.open_empty(Retention()) as store:
            store.write(Batch(records=tuple(Record("state", f"k{i}", T0 + i, b"old") for i in range(4))))
            store.write(
                Batch(
                    records=(
                        Record("state", "k1", T0 + 9, b"new"),
                        Record("state", "k2", T0 + 9, b""),
                        Record("notice", "k1", T0, b"other"),
                    )
                )
            )
            found = store.read(RecordsQuery("state"))
            assert [(r.key, r.body) for r in found] == [("k1", b"new"), ("k3", b"old"), ("k0", b"old")]
            assert [r.key for r in store.read(RecordsQuery("state", T0, T0 + 9, limit=1))] == ["k3"]
            assert store.read(RecordsQuery("notice")) == (Record("notice", "k1", T0, b"other"),)

    def test_records_are_found_by_the_beginning_of_their_key(self) -> None:
        keys = ("a.1", "a.2", "ab", "A.1", "a%", "b", "a.é", "a")
        with self.open_empty(Retention()) as store:
            store.write(Batch(records=tuple(Record("state", k, T0 + i, b"x") for i, k in enumerate(keys))))
            store.write(Batch(records=(Record("notice", "a.1", T0, b"x"),)))
            found = store.read(RecordsQuery("state", prefix="a."))
            assert [r.key for r in found] == ["a.é", "a.2", "a.1"]
            assert [r.key for r in store.read(RecordsQuery("state", T0, T0 + 2, 1, "a."))] == ["a.2"]
            assert [r.key for r in store.read(RecordsQuery("state", prefix="a%"))] == ["a%"]

    def test_records_stay_until_they_expire(self) -> None:
        with self.open_empty(Retention()) as store:
            store.write(
                Batch(
                    records=(
                        Record("notice", "short", T0, b"x", T0 + HOUR_NS),
                        Record("notice", "ever", T0, b"x"),
                    )
                )
            )
            store.maintain(T0 + HOUR_NS - 1)
            assert len(store.read(RecordsQuery("notice"))) == 2
            store.maintain(T0 + HOUR_NS)
            assert [r.key for r in store.read(RecordsQuery("notice"))] == ["ever"]
            store.maintain(T0 + 400 * DAY_NS)
            assert [r.key for r in store.read(RecordsQuery("notice"))] == ["ever"]
