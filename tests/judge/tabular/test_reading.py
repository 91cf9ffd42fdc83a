"""Anybody's numbers are read: every form, and every kind of trouble ends in a sentence."""

import gzip
import json
import math
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import InputError, NotAvailable
from homeostat.judge.tabular.read import Table, read_table
from homeostat.judge.tabular.readings import KEPT_MAX, Buffer, moments_of

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
VALUES = st.lists(st.floats(-1e9, 1e9, allow_nan=False).map(lambda v: round(v, 3)), min_size=3, max_size=60)


def ns(minutes: int) -> int:
    return int((START + timedelta(minutes=minutes)).timestamp()) * 10**9


def stamps(n: int, layout: str = "%Y-%m-%dT%H:%M:%SZ") -> list[str]:
    return [(START + timedelta(minutes=i)).strftime(layout) for i in range(n)]


def read(folder: Path, text: str, name: str = "numbers.csv", **options: object) -> Table:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_table(path, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@given(
    values=VALUES,
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    quoted=st.booleans(),
    header=st.booleans(),
)
def test_a_csv_file_comes_back_whatever_its_delimiter(
    folder: Path, values: list[float], delimiter: str, quoted: bool, header: bool
) -> None:
    def line(*cells: object) -> str:
        return delimiter.join(f'"{c}"' if quoted else str(c) for c in cells) + "\n"

    rows = [line(t, v) for t, v in zip(stamps(len(values)), values, strict=True)]
    table = read(folder, (line("time", "latency_ms") if header else "") + "".join(rows))
    (series,) = table.series
    assert series.values.tolist() == values
    assert series.times_ns.tolist() == [ns(i) for i in range(len(values))]
    assert (series.name, series.unit) == (("latency_ms", "ms") if header else ("column 2", ""))


@given(values=VALUES)
def test_decimal_commas_are_read(folder: Path, values: list[float]) -> None:
    rows = [
        f"{t};{v:.3f}".replace(".", ",")
        for t, v in zip(stamps(len(values), "%d/%m/%Y %H:%M"), values, strict=True)
    ]
    (series,) = read(folder, "when;amount\n" + "\n".join(rows)).series
    assert series.values.tolist() == pytest.approx(values)


@given(values=VALUES, form=st.sampled_from(["lines", "array", "columns"]))
def test_json_comes_back_in_each_of_its_forms(folder: Path, values: list[float], form: str) -> None:
    rows = [{"ts": t, "usage": {"cost": v}} for t, v in zip(stamps(len(values)), values, strict=True)]
    text = {
        "lines": "\n".join(map(json.dumps, rows)),
        "array": json.dumps(rows, indent=1),
        "columns": json.dumps({"ts": stamps(len(values)), "usage": {"cost": values}}),
    }[form]
    (series,) = read(folder, text, "numbers.json").series
    assert series.name == "usage.cost"
    assert series.values.tolist() == pytest.approx(values)
    assert series.times_ns[0] == ns(0)


@pytest.mark.parametrize(
    ("layout", "scale"),
    [("s", 1), ("ms", 1_000), ("us", 1_000_000), ("ns", 1_000_000_000)],
)
def test_times_since_1970_are_told_by_their_size(tmp_path: Path, layout: str, scale: int) -> None:
    first = int(START.timestamp())
    text = "timestamp,v\n" + "".join(f"{(first + 60 * i) * scale},{i}\n" for i in range(20))
    table = read(tmp_path, text)
    assert table.series[0].times_ns.tolist() == [ns(i) for i in range(20)], layout


@pytest.mark.parametrize(
    "layout",
    [
        "%Y-%m-%d %H:%M:%S.%f",
        "%Y/%m/%d %H:%M",
        "%d.%m.%Y %H:%M",
        "%m/%d/%Y %H:%M:%S",
        "%d/%b/%Y:%H:%M:%S +0000",
        "%a, %d %b %Y %H:%M:%S GMT",
    ],
)
def test_written_times_are_read(tmp_path: Path, layout: str) -> None:
    when = [START + timedelta(hours=9 * i) for i in range(40)]
    text = "when;v\n" + "".join(f"{t.strftime(layout)};{i}\n" for i, t in enumerate(when))
    (series,) = read(tmp_path, text).series
    assert series.times_ns.tolist() == [int(t.timestamp()) * 10**9 for t in when]


def test_the_long_form_has_a_series_for_each_metric_and_set_of_labels(tmp_path: Path) -> None:
    lines = ["time,metric,host,unit,value"]
    for i, t in enumerate(stamps(30)):
        lines += [f"{t},latency,a,ms,{i}", f"{t},latency,b,s,{i}", f"{t},errors,a,,{i % 2}"]
    table = read(tmp_path, "\n".join(lines))
    assert table.form == "long"
    found = {(s.name, s.labels, s.unit): s.values[-1] for s in table.series}
    assert found == {
        ("latency", (("host", "a"),), "ms"): 29.0,
        ("latency", (("host", "b"),), "ms"): 29_000.0,
        ("errors", (("host", "a"),), ""): 1.0,
    }


def test_the_wide_form_has_a_series_for_each_column_of_numbers(tmp_path: Path) -> None:
    text = "id,time,p95_ms,model,ok\n" + "".join(
        f"{i},{t},{i * 2},m,true\n" for i, t in enumerate(stamps(30))
    )
    table = read(tmp_path, text)
    assert table.form == "wide"
    assert {(s.name, s.unit) for s in table.series} == {("p95_ms", "ms"), ("ok", "ratio")}
    assert any("not read as values: id, model" in n for n in table.notes)


def test_units_within_the_cells_are_brought_to_one(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        "t,took\n"
        + "".join(f"{t},{c}\n" for t, c in zip(stamps(4), ["12 ms", "1.2 s", "800us", "3 MB"], strict=True)),
    )
    (series,) = table.series
    assert series.unit == "ms"
    assert series.values.tolist() == pytest.approx([12.0, 1200.0, 0.8])
    assert any("left out, being in bytes among values in ms: 1 value" in n for n in table.notes)


def test_gzip_is_unpacked_and_damage_is_told(tmp_path: Path) -> None:
    text = "time,v\n" + "".join(f"{t},{i}\n" for i, t in enumerate(stamps(500)))
    packed = gzip.compress(text.encode())
    (tmp_path / "v.csv.gz").write_bytes(packed)
    assert read_table(tmp_path / "v.csv.gz").rows == 500
    (tmp_path / "cut.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match="damaged gzip"):
        read_table(tmp_path / "cut.csv.gz")


def test_time_that_goes_backwards_is_sorted_and_told(tmp_path: Path) -> None:
    text = "time,v\n" + "".join(f"{t},{i}\n" for i, t in reversed(list(enumerate(stamps(40)))))
    table = read(tmp_path, text)
    assert table.series[0].values.tolist() == list(range(40))
    assert any("time goes backwards (39 times)" in n for n in table.notes)


def test_what_is_not_finite_is_left_out_and_counted(tmp_path: Path) -> None:
    cells = ["1", "nan", "", "inf", "2", "oops", "3"] + ["4"] * 20
    rows = [f"{t},{c}\n" for t, c in zip(stamps(27), cells, strict=True)]
    table = read(tmp_path, "time,v\n" + "".join(rows))
    assert table.series[0].moments.count == 23
    assert any("being no numbers: 1 cell;" in n and "'oops'" in n for n in table.notes)
    assert any("being empty or not finite: 3 cells" in n for n in table.notes)


@pytest.mark.parametrize("text", ["time,v\n2026-01-01,5\n", "v\n5\n", "5\n", '{"v": 5}', "[5]", '[{"v": 5}]'])
def test_one_point_is_a_series_of_one(tmp_path: Path, text: str) -> None:
    assert [s.values.tolist() for s in read(tmp_path, text).series] == [[5.0]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no rows"),
        (b"\n\n", "no rows"),
        (b"name,city\nada,rome\nbob,oslo\n", "no column holds numbers"),
        (b"time,v\n", "no rows"),
        (b'{"a": ', "no JSON"),
        (b"[1, 2", "no JSON"),
        (b"[]", "no rows"),
        (b"\x7fELF\0\0\0\1\2", "no text"),
        (b'a,b\n1,"2' + b"x" * 200_000, "cannot be read as CSV"),
        (b"PAR1 nonsense", "Parquet"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "odd.dat"
    path.write_bytes(content)
    with pytest.raises((InputError, NotAvailable), match=words):
        read_table(path)


def test_a_missing_file_a_folder_and_a_missing_column_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(InputError, match="folder"):
        read_table(tmp_path)
    with pytest.raises(InputError, match="no column 'when'; there are 'time', 'v'"):
        read(tmp_path, "time,v\n2026-01-01,5\n", time="when")
    with pytest.raises(InputError, match="holds no times"):
        read(tmp_path, "name,v\nada,5\n", time="name")


@given(st.binary(max_size=400))
def test_any_bytes_give_a_table_or_a_sentence(folder: Path, content: bytes) -> None:
    path = folder / "any.dat"
    path.write_bytes(content)
    try:
        table = read_table(path)
    except (InputError, NotAvailable):
        return
    assert all(np.isfinite(s.values).all() for s in table.series)


@given(st.text(alphabet='0123456789.,;"-:\n\t eEnNaA{}[]', max_size=300))
def test_any_text_gives_a_table_or_a_sentence(folder: Path, text: str) -> None:
    with suppress(InputError):
        read(folder, text, "any.txt")


def test_a_long_series_is_thinned_without_bias_in_bounded_memory() -> None:
    rng = np.random.default_rng(4)
    buffer = Buffer(0)
    every = []
    for block in range(12):
        values = rng.lognormal(3.0, 0.5, 50_001)
        times = np.arange(50_001, dtype=np.int64) + block * 50_001
        every.append(values)
        buffer.add(times, values, KEPT_MAX)
    whole = np.concatenate(every)
    found = buffer.readings("v", (), "ms", "epoch")
    assert found.values.size <= KEPT_MAX
    assert found.every == 8
    assert (np.diff(found.times_ns) > 0).all()
    assert found.moments.count == whole.size
    assert found.moments.mean == pytest.approx(whole.mean())
    assert found.means.mean() == pytest.approx(whole.mean(), rel=1e-3)
    assert np.quantile(found.values, 0.95) == pytest.approx(np.quantile(whole, 0.95), rel=0.02)


def test_moments_are_those_of_the_values() -> None:
    found = moments_of(np.array([1.0, 2.0, 6.0]))
    assert (found.mean, found.variance, found.last) == (3.0, 7.0, 6.0)
    assert math.isnan(moments_of(np.array([1.0])).variance)


def test_parquet_comes_back(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    when = [START + timedelta(minutes=i) for i in range(50)]
    columns = {
        "at": pyarrow.array(when, pyarrow.timestamp("ns", "UTC")),
        "cost_usd": [i / 4 for i in range(50)],
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "v.parquet")
    (series,) = read_table(tmp_path / "v.parquet").series
    assert series.times_ns.tolist() == [ns(i) for i in range(50)]
    assert series.values.tolist() == [i / 4 for i in range(50)]
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "v.parquet").read_bytes()[:100])
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        read_table(tmp_path / "cut.parquet")


def test_without_pyarrow_the_way_to_get_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "v.parquet").write_bytes(b"PAR1" + bytes(20))
    with pytest.raises(NotAvailable, match=r"pip install 'homeostat\[parquet\]'"):
        read_table(tmp_path / "v.parquet")


@pytest.mark.parametrize(
    ("times", "name", "step_s"),
    [
        ([i * 60 for i in range(50)], "time", 60.0),
        ([i * 3_000 for i in range(50)], "time", 3.0),
        ([i * 1_000_000 for i in range(50)], "timestamp", 1.0),
        ([i * 0.25 for i in range(50)], "time", 0.25),
        ([i * 300 for i in range(50)], "time_ms", 0.3),
        ([i * 3_600 for i in range(50)], "t", 3_600.0),
    ],
)
def test_relative_times_are_read_in_the_unit_that_makes_their_step_a_usual_one(
    folder: Path, times: list[float], name: str, step_s: float
) -> None:
    table = read(folder, f"{name},latency\n" + "".join(f"{t},{5 + i % 7}\n" for i, t in enumerate(times)))
    (series,) = table.series
    assert np.diff(series.times_ns).tolist() == [round(step_s * 1e9)] * 49
    guessed = name != "time_ms"
    assert any("a guess" in n and "--time-unit" in n for n in table.notes) == guessed


def test_irregular_whole_numbers_far_apart_are_milliseconds(folder: Path) -> None:
    times = np.cumsum(np.random.default_rng(3).integers(900, 9_000, 80)).tolist()
    table = read(folder, "time,latency\n" + "".join(f"{t},{5 + i % 7}\n" for i, t in enumerate(times)))
    assert table.series[0].times_ns.tolist() == [t * 10**6 for t in times]
    assert any("ms since the start (a guess, as their usual step is" in n for n in table.notes)


@pytest.mark.parametrize(("unit", "scale"), [("s", 10**9), ("ms", 10**6), ("us", 1_000), ("min", 60 * 10**9)])
def test_a_unit_that_is_said_goes_before_any_guess(folder: Path, unit: str, scale: int) -> None:
    text = "time,latency\n" + "".join(f"{3_000 * i},{5 + i % 7}\n" for i in range(50))
    (series,) = read(folder, text, time_unit=unit).series
    assert series.times_ns.tolist() == [3_000 * i * scale for i in range(50)]
    assert not any("a guess, as" in n for n in read(folder, text, time_unit=unit).notes)


def test_a_unit_that_is_said_of_large_numbers_is_since_1970(folder: Path) -> None:
    text = "time,latency\n" + "".join(f"{1_700_000_000_000 + i * 137},{i % 7}\n" for i in range(50))
    (series,) = read(folder, text, time_unit="ms").series
    assert (series.origin, int(series.times_ns[0])) == ("epoch", 1_700_000_000 * 10**9)


def test_a_unit_that_is_none_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="there is no unit of time 'fortnight'; use one of"):
        read(folder, "time,latency\n1,2\n2,3\n", time_unit="fortnight")


def test_the_times_of_a_mooncake_trace_are_milliseconds(folder: Path) -> None:
    lines = "".join(
        f'{{"timestamp": {i * 60}, "input_length": {7 + i}, "output_length": 5, "hash_ids": [1, 2]}}\n'
        for i in range(50)
    )
    table = read(folder, lines, "trace.jsonl")
    assert table.series[0].times_ns[1] == 60 * 10**6
    assert any("ms since the start" in n and "a guess" not in n for n in table.notes if n.startswith("times"))
