"""What inputs are made of: the words of the language and of the command line, and changes that keep them whole."""

from __future__ import annotations

import random
import re
from typing import NamedTuple

import click

from exprgrad.cli import command
from exprgrad.gates import GATES

_PIECE = re.compile(rb"\0?--?[a-z]+|[A-Za-z_]\w*|[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?|[^\x00-\x7f]+|\s+|.", re.DOTALL)
_NUMBERS = """0 -0.0 1 2 -1 0.5 1e308 5e-324 1e400 1e-400 nan inf -inf pi e 9007199254740993 1_000 0x1F .5 5. 1e 1e+ 00
    99999999999999999999 1000000000 100000000 -3 3 1/3"""
_SIGNS = """+ - * / // % @ ^ ** ( ) [ ] , ; = == != < <= > >= : ... . ² ³ √( ÷ × · − π σ( .T .mT .sum( .dot( [0] [-1] [1:]
    [::2] [None] [...,0] (x) x y z q w W s(t)=t*t; # ' " axis=0 axis=-1 keepdims=True 'ij,jk->ik' and or not where( @ \\ { } $"""
_CHARACTERS = "\n,\r\n,\r,\t, ,\ufeff,\u202e,\x1b[31m,\x9b,é,日,\u2028,[/],:smile:,\ud800,\u212a"
_FILES = """x,y,z id,x null true {"x": "x" "w":[1,2] ,"y":1} } {"formula":"x^2","x":3,"value":9} [[1,2],[3,4]] "a""b" n/a
    'descr': 'fortran_order': 'shape': x[0] w[1] grad.x value note formula PAR1 ARROW1 \x93NUMPY +inf -Infinity"""
_ARGUMENTS = """points.csv points.tsv weights.jsonl cases.jsonl cases.csv formula.txt - -- x=1 -x -y -x=2 -W=@array.csv
    -W=[[1,2],[3,4]] --x -q"""
_BEHIND = """--file formula.txt --out out.svg out.json out.parquet out.csv.gz --of q f --wrt x x,y --upstream 1 [1,2]
    --symbolic=full --hessian=x,y --why x --order 1 3 --tangent x=1 x=1,y=0 --ascend 0.1 --descend 0.1 1e300 --steps 3 0
    --fix y --digits 4 17 --colors value=blue --rows points.csv --prefix p. --engine reference numpy"""


class Words(NamedTuple):
    """What inputs of a target are made of.

    ``inside`` are words, ``options`` what may stand behind each piece that ``ends`` finds.
    """

    inside: list[bytes]
    options: list[bytes]
    ends: re.Pattern[bytes]


def formula() -> list[bytes]:
    """The words of formulas and values."""
    functions = [f"{name}(" if name.isidentifier() else name for name in GATES]
    return _bytes([*functions, *_NUMBERS.split(), *_SIGNS.split(), *_CHARACTERS.split(",")])


def file() -> list[bytes]:
    """What stands in files."""
    return _bytes([*_FILES.split(), *_NUMBERS.split(), *_CHARACTERS.split(","), ",", ",,", '"', "\0"])


def options(separator: str) -> list[bytes]:
    """The arguments of command lines, options with a value that they take, each behind a separator."""
    found, name = _ARGUMENTS.split(), ""
    for word in _BEHIND.split():
        name = word if word.startswith("--") else name
        found.append(word if word.startswith("--") else f"{name}{separator}{word}")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            choices = parameter.type.choices if isinstance(parameter.type, click.Choice) else []
            found += [*parameter.opts, *[f"{parameter.opts[0]}{separator}{choice}" for choice in choices]]
    return _bytes([separator + word for word in found])


def _bytes(words: list[str]) -> list[bytes]:
    return [word.encode("utf-8", "surrogatepass") for word in dict.fromkeys(words)]


WORDS = {
    "reading": Words(formula(), [], re.compile(b"$")),
    "values": Words(formula(), [], re.compile(b"$")),
    "commands": Words(formula(), options("\0"), re.compile(b"[^\0]+")),
    "files": Words(file(), [*options(" "), b" +gz", b" +zst"], re.compile(rb"\A[^\n]*")),
}


def changed(data: bytes, rng: random.Random, words: Words, most: int) -> bytes:
    """The input with an option more, or with a few pieces changed, mostly of one argument or line of it."""
    ends = [match.end() for match in words.ends.finditer(data)]
    if words.options and ends and rng.random() < 0.3:
        place = rng.choice(ends)
        return (data[:place] + rng.choice(words.options) + data[place:])[:most]
    start, stop = 0, len(data)
    if rng.random() < 0.7:
        start, stop = rng.choice([match.span() for match in re.finditer(rb"[^\0\n]+", data)] or [(start, stop)])
    return (data[:start] + _altered(data[start:stop], rng, words.inside) + data[stop:])[:most]


def _altered(data: bytes, rng: random.Random, words: list[bytes]) -> bytes:
    """A few pieces taken out, doubled, moved, put into brackets, or other words for them."""
    pieces = _PIECE.findall(data)
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        start = rng.randrange(len(pieces) + 1)
        stop = min(len(pieces), start + rng.choice((0, 1, 1, 2, 3, 8)))
        kind = rng.randrange(7)
        if kind == 0:
            pieces[start:stop] = [rng.choice(words)]
        elif kind == 1:
            pieces.insert(start, rng.choice(words))
        elif kind == 2:
            del pieces[start:stop]
        elif kind == 3:
            pieces[start:start] = pieces[start:stop] * rng.choice((1, 1, 2, 3, 50))
        elif kind == 4:
            other = rng.randrange(len(pieces) + 1)
            pieces[other:other] = pieces[start:stop]
        elif kind == 5:
            opening, closing = rng.choice([(b"(", b")"), (b"[", b"]"), (rng.choice(words), b")"), (b'"', b'"')])
            pieces[start:stop] = [opening, *pieces[start:stop], closing]
        else:
            pieces[start:stop] = reversed(pieces[start:stop])
    return b"".join(pieces)
