"""What inputs are made of: the words of the language and of the command line, and changes that keep them whole."""

from __future__ import annotations

import random
import re

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
_VALUES = """points.csv points.tsv weights.jsonl cases.jsonl cases.csv formula.txt array.csv @array.csv out.svg out.json
    out.parquet out.csv.gz - -- x=1 x=1,y=0 x,y 3 0.1 1000 reference numpy full -x -y -2 -W [[1,2],[3,4]] --x -x= -q"""


def formula() -> list[bytes]:
    """The words of formulas and values."""
    functions = [f"{name}(" if name.isidentifier() else name for name in GATES]
    return _bytes([*functions, *_NUMBERS.split(), *_SIGNS.split(), *_CHARACTERS.split(",")])


def line() -> list[bytes]:
    """The arguments of command lines, each behind a zero byte."""
    found = [*_VALUES.split(), *_NUMBERS.split()]
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            choices = parameter.type.choices if isinstance(parameter.type, click.Choice) else []
            found += [*parameter.opts, *[f"{parameter.opts[0]}\0{choice}" for choice in choices]]
    return _bytes(["\0" + word for word in found])


def file() -> list[bytes]:
    """What stands in files and, behind a blank, their options."""
    options = [word.replace(b"\0", b" ") for word in line() if word.startswith(b"\0--")]
    words = [*_FILES.split(), *_NUMBERS.split(), *_CHARACTERS.split(","), ",", ",,", '"', "\0", " +gz", " +zst"]
    return _bytes(words) + options


def _bytes(words: list[str]) -> list[bytes]:
    return [word.encode("utf-8", "surrogatepass") for word in dict.fromkeys(words)]


WORDS = {
    "reading": formula(), "values": formula(), "commands": formula() + 3 * line(), "files": file() + formula()[-80:],
    "engines": [],
}  # fmt: skip


def changed(data: bytes, rng: random.Random, words: list[bytes], most: int) -> bytes:
    """The input with a few of its pieces changed: taken out, doubled, moved, put into brackets, or other words for them."""
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
    return b"".join(pieces)[:most]
