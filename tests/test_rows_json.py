"""Rows of JSON Lines: what is a number, what is a row, and which of them are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exprgrad.rows import jsonl
from rowjob import Done, job, made, refused, table


def run(text: str | bytes, *options: str, formula: str = "x*2") -> Done:
    """The job over these lines."""
    return job(formula, "-", "--from", "jsonl", *options, data=text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{}", "there is no 'x'"), ('{"X": 1}', "there is no 'x'"), ('{"x": null}', "field 'x': the cell is empty"),
        ('{"x": "1_0"}', "field 'x': '1_0' is not a number"), ('{"x": true}', "field 'x': true is not a number"),
        ('{"x": {"a": 1}}', "field 'x': an object is not a number"), ('{"x": 1e400}', "field 'x': the number is too large for a float64"),
        ('{"x": -1%s}' % ("0" * 400), "field 'x': the number is too large"), ('{"x": 1%s}' % ("0" * 6000), "field 'x': the number is too large"),
        ('{"x": NaN}', "NaN is no JSON"), ('{"x": 1, "t": -Infinity}', "-Infinity is no JSON"), ('{"x":1,"x":2}', "the key 'x' stands twice"),
        ('{"x":1,"x" :2}', "the key 'x' stands twice"), ('{"x":1,"\\u0078":2}', "the key 'x' stands twice"),
        ("[1]", "it is no JSON object"), ("1", "it is no JSON object"), ('{"x": 1', "it is no JSON: expecting ',' delimiter"),
        ('{"x": 1} {"x": 2}', "it is no JSON: extra data"), ('{"x": 1},', "it is no JSON: extra data"), ("{'x': 1}", "it is no JSON"),
        ('{"x": 01}', "it is no JSON"), ('{"x": .5}', "it is no JSON"), ('{"x": 1.}', "it is no JSON"), ('{"x": +1}', "it is no JSON"),
        ('{"x": 0x1}', "it is no JSON"), ('{"x": 1, "t": "\0"}', "it is no JSON: invalid control character"),
        ('{"x": 1, "t": %s}' % ("[" * 100_000), "the row is nested more than 32 levels deep, the limit"), ('{"x": [[1, 2], [3]]}', "field 'x': the lists in it differ in length"),
        ('{"x": [1, "two"]}', "field 'x': 'two' is not a number"), ('{"x": [1, null]}', "field 'x': the cell is empty"),
    ],
)  # fmt: skip
@pytest.mark.rule(14)
def test_a_row_without_a_number_stops_is_skipped_or_is_kept(line: str, why: str) -> None:
    """With its line and what is wrong; first or later, the policy is the same, and no row is lost."""
    text = f'{{"x": 5, "t": "x"}}\n\n{line}\n{{"x": 6}}\n'
    done = run(text, "--bad", "stop")
    assert (done.status, [row["value"] for row in done.objects]) == (4, [10])
    assert done.err.startswith(f"error: standard input, line 3: {why}")
    assert [row["value"] for row in run(text, "--bad", "skip").objects] == [10, 12]
    done = run(f"{text}{line}\n", "--bad", "keep")
    kept = [json.loads(text, parse_int=float) for text in done.out.splitlines()]
    assert [row["value"] for row in kept] == [10, None, 12, None]
    assert kept[1]["note"].startswith(why)
    assert kept[1]["grad"] == {"x": None}
    assert done.err.startswith(f"note: 2 of 4 rows without a result\n  = the first: standard input, line 3: {why}")
    if not line.startswith('{"x"') or "stands twice" in why:
        return
    first = run(f'{line}\n{{"x": 6}}\n', "--bad", "skip")
    assert (first.status, [row["value"] for row in first.objects]) in (
        (0, [12]),
        (2, []),
    )  # 2: a list, and no sum of it


def test_a_kept_row_keeps_what_it_holds() -> None:
    done = run('{"x": 1}\n{"x": "no JSON", "t": 1}\n{"t": 1%s}\n' % ("0" * 6000), "--bad", "keep")
    assert [row.get("t") is not None for row in map(json.loads, done.out.decode().replace("0" * 6000, "").splitlines())] == [False, True, True]  # fmt: skip


@pytest.mark.parametrize(
    "number", ["-0", "-0.0", "5e-324", "1E5", "1e-400", "9007199254740993", "1" + "0" * 308, "0.1"]
)
def test_a_number_is_read_as_python_reads_it(number: str) -> None:
    for text in (f'{{"x":{number}}}\n', f'{{"x": {number} }}\n'):
        assert repr(made("x", "-", "--from", "jsonl", data=text.encode()).objects[0]["value"]) == repr(float(number))


def test_what_stands_in_other_fields_does_not_matter() -> None:
    rows = [
        '{"t": 1e400, "x": 1, "n": 1%s}' % ("0" * 6000), '{"t": {"x": 7, "value": [3]}, "x": 1}', '{"x": 1, "t": "\\"x\\":2"}',
        '{"\\u0078": 1, "value ": 0}', '{"x": 1, "t": "\\ud800"}', '{"x": 1, "t": "a\u2028b\x7f"}', ' {"x": 1} ', '{"x": 1}\r',
        '{"x":1,"Value":"value","gr\\u0061d.x":"grad"}',
    ]  # fmt: skip
    done = made("x*2", "-", "--from", "jsonl", data="\ufeff{}\n".format("\n".join(rows)).encode())
    assert [line.rpartition(b', "value":')[2] for line in done.out.splitlines()] == [b'2.0,"grad":{"x":2.0}}'] * len(
        rows
    )
    for row, line in zip(rows, done.out.decode().split("\n"), strict=False):
        assert line.startswith(row.strip()[:-1])


@pytest.mark.parametrize("field", ['"value"', '"grad"', '"\\u0076alue"', '"value" '])
def test_a_field_with_the_name_of_a_result_is_refused_in_every_row(field: str) -> None:
    for text, status in ((f'{{{field}:3,"x":1}}\n', 2), (f'{{"x":1}}\n{{"x":1,{field}:3}}\n', 4)):
        done = run(text)
        assert (done.status, done.out) == (status, b"")
        assert (
            "is there already, and would hold the result too\n  = --prefix TEXT puts TEXT before the results' names; --only leaves out"
            in done.err
        )
        assert len(run(text, "--prefix", "my.").objects[-1]) == 4
        assert list(run(text, "--only").objects[-1]) == ["value", "grad"]
    assert run('{"x":1}\n{"x":1,"évalue":3}\n', "--prefix", "é").status == 4
    done = run(f'{{"x":1}}\n{{"x":1,"t":{"1" * 5000},{field}:3}}\n')  # more digits than Python reads
    assert (done.status, "is there already" in done.err) == (4, True)


def test_no_value_is_invented_for_a_variable() -> None:
    """Neither where the first row is an empty object, nor where the first of several files is empty."""
    assert "no column 'x'" in run("{}\n").err
    assert "no column 'x'" in run('{}\n{"x": 3}\n').err


def test_an_empty_file_before_another_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("")
    (tmp_path / "b.jsonl").write_text('{"x": 3}\n')
    assert made("x*2", tmp_path / "a.jsonl").out == b""
    for order in ("ab", "ba", "aba"):
        done = made("x*2", *[tmp_path / f"{name}.jsonl" for name in order])
        assert [row["value"] for row in done.objects] == [6]
    assert made("x*2", tmp_path / "a.jsonl", "--to", "csv").out == b"value,grad.x\n"


def test_defaults_of_the_formula_stand_in_for_missing_fields() -> None:
    done = made("k = 3; x*k", "-", "--from", "jsonl", data=b'{"x": 2}\n{"x": 2, "k": 5}\n{"x": 1}\n')
    assert [(row["value"], row["grad"]) for row in done.objects] == [
        (6, {"k": 2, "x": 3}), (10, {"k": 2, "x": 5}), (3, {"k": 1, "x": 3}),
    ]  # fmt: skip


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    assert "line 3 is not UTF-8: byte 0xff" in refused(
        "x", "-", "--from", "jsonl", data=b'{"x":1}\n\n{"x":2,"t":"\xff"}'
    )
    assert "is UTF-16" in refused("x", "-", "--from", "jsonl", data='{"x":1}'.encode("utf-16"))


NUMBERS = st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.integers().map(str) | st.sampled_from(
    ["-0", "1e400", "null", '"1"', "true", "[1]", "[]", "{}", "1E+2", "0.10", "01", "NaN", "", "1 1"]
)  # fmt: skip
SPACE = st.sampled_from(["", "", "", " ", "\t", " \r "])
KEYS = st.sampled_from(['"x"', '"y"', '"t"', '"\\u0078"', '"xx"'])


@st.composite
def lines(draw: st.DrawFn) -> str:
    """A line that is, or nearly is, an object with x and y."""
    pairs = [('"x"', draw(NUMBERS)), ('"y"', draw(NUMBERS))]
    if draw(st.booleans()):
        pairs.append((draw(KEYS), draw(NUMBERS | st.sampled_from(['"x\\":"', '{"x":1}', '"\\u00e9"']))))
    fields = [
        draw(SPACE) + key + draw(SPACE) + ":" + draw(SPACE) + number for key, number in draw(st.permutations(pairs))
    ]
    return draw(st.sampled_from(["{%s}", "{%s}", "{%s}", " {%s} ", "{%s},", "{%s}x"])) % ",".join(fields)


@settings(deadline=None, derandomize=True)
@given(st.lists(lines(), min_size=1, max_size=4))
def test_reading_at_once_agrees_with_reading_line_by_line(found: list[str]) -> None:
    def never(*_: Any) -> Any:
        return None

    text = '{"x":1,"y":1}\n' + "\n".join(found)
    fast = run(text, "--bad", "keep", formula="x*2 + y")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonl, "_at_once", never)
        assert run(text, "--bad", "keep", formula="x*2 + y") == fast
    assert fast.status == 0
    assert fast.out.count(b"\n") == len(found) + 1


def test_other_formats_get_the_fields_as_columns_or_a_word_why_not(tmp_path: Path) -> None:
    lines = [
        '{"x":1,"t":"a"}',
        "junk",
        '{"x":NaN}',
        "[1]",
        '{"x":"b","t":"c"}',
        '{"x":2,"u":[1]}',
        '{"x":3,"t":"\\ud83d\\ude00\\\\ud800"}',
    ]
    done = run("\n".join(lines), "--bad", "keep", "--to", "csv")
    assert [row[:4] for row in done.rows] == [
        ["x", "t", "u", "value"], ["1.0", "a", "", "2.0"], *[["", "", "", ""]] * 3, ["", "c", "", ""], ["2.0", "", "[1]", "4.0"], ["3.0", "😀\\ud800", "", "6.0"],
    ]  # fmt: skip
    assert (
        job(
            "x*2",
            "-",
            "--from",
            "jsonl",
            "--bad",
            "keep",
            "--out",
            tmp_path / "o.parquet",
            data="\n".join(lines).encode(),
        ).status
        == 0
    )
    assert [row["value"] for row in table(tmp_path / "o.parquet").to_pylist()] == [2, None, None, None, None, 4, 6]
    for field, to, why in (
        (r'"\ud800","n":1%s' % ("0" * 5000), "csv", "half a character"), (r'"\u0000"', "csv", "line 2: it has a NUL, \\u0000\n  = --to jsonl keeps it"),
        (r'"\ud800"', "csv", r"line 2: half a character, \ud800 to \udfff"), ("1%s" % ("0" * 30), "parquet", "line 1 or one behind it holds a whole number that is too large for Parquet and Arrow\n  = --to jsonl keeps it"), ('"a"', "csv", ""),
        ("1e400", "csv", "make no columns\n  = --to jsonl keeps them as they are"), (r'"\udc00\ud800"', "parquet", "half a character"),
    ):  # fmt: skip
        done = run(f'{{"x":1}}\n{{"x":1,"t":{field}}}', "--to", to)
        assert why in done.err
        assert done.status == (4 if why else 0)
        assert run(f'{{"x":1}}\n{{"x":1,"t":{field}}}').status == 0


def test_cells_of_csv_become_numbers_of_json_where_they_are_written_as_such() -> None:
    """With their digits as they are, so that nothing is lost and every row can be read again."""
    text = 'x,a,b\n1,007,1.50\n2,7,"q""q"\n3,-0.10,\n4,1e400,nan\n5,12345678901234567890,+1\n'
    done = job("x^2", "-", "--from", "csv", "--to", "jsonl", data=text.encode())
    assert [line.partition(', "value"')[0] for line in done.out.decode().splitlines()] == [
        '{"x":1.0,"a":"007","b":1.50', '{"x":2.0,"a":7,"b":"q\\"q"', '{"x":3.0,"a":-0.10,"b":null', '{"x":4.0,"a":"1e400","b":"nan"',
        '{"x":5.0,"a":12345678901234567890,"b":"+1"',
    ]  # fmt: skip
