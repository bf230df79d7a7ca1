"""What a record of the topic `trades` says, by its schema: an independent reader, slow and strict, with one fast path.

Money is int: prices and quantities times 10^8.
"""

import dataclasses
import json
import re
from decimal import Decimal, localcontext

MAX_BYTES = 16_384
# Arrays and objects inside one another.
MAX_DEPTH = 32
TIMES_US = range(0, 7_258_118_400_000_000)
ID_LIMIT = 1 << 62
PRICE_LIMIT = 1 << 63
QUANTITY_LIMIT = 1 << 127
INT64 = range(-(1 << 63), 1 << 63)

# What our producers write; anything else takes the long way.
FAST = re.compile(
    rb'\{"venue":"binance","symbol":"([A-Z0-9._/-]{1,32})","trade_id":(0|[1-9][0-9]{0,16}),'
    rb'"price":"([0-9]{1,9}\.[0-9]{8})","quantity":"([0-9]{1,9}\.[0-9]{8})","taker_side":"(buy|sell)",'
    rb'"event_time_us":(0|[1-9][0-9]{0,14}|[1-6][0-9]{15}),"received_time_us":(?:0|[1-9][0-9]{0,14}|[1-6][0-9]{15})\}'
).fullmatch

# The exact shape of version 1, whatever its numbers: what has it is version 1 whatever its header says
# (schemas/kafka/trade.schema.json).
VERSION_1 = re.compile(
    rb'\{"venue":"[^"]*","symbol":"[^"]*","trade_id":-?[0-9]+,"price":"-?[0-9.]+","quantity":"-?[0-9.]+",'
    rb'"taker_side":"(?:buy|sell)","event_time_us":-?[0-9]+,"received_time_us":-?[0-9]+'
    rb'(?:,"trade_count":-?[0-9]+)?(?:,"aggregate_id":-?[0-9]+)?\}'
).fullmatch

_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch


class Unusable(Exception):
    """The record is none that the schema describes."""

    def __init__(self, reason, detail=""):
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


@dataclasses.dataclass(slots=True)
class Trade:
    key: str
    first_id: int
    last_id: int
    price: int
    quantity: int
    is_buy: bool
    time_us: int


@dataclasses.dataclass(slots=True)
class Control:
    key: str
    # "unavailable", "reopen" or "new_generation"
    kind: str
    first_id: int = 0
    last_id: int = 0


class _Number(str):
    """A JSON number's literal."""


def decode(value):
    """The Trade or Control of a record's value; raises Unusable."""
    if value is None:
        raise Unusable("malformed", "no value")
    if len(value) > MAX_BYTES:
        raise Unusable("malformed", "too large")
    fields = _fields(value)
    venue, symbol = _text(fields, "venue"), _text(fields, "symbol")
    if not re.fullmatch(r"[a-z0-9_-]{1,16}", venue) or not re.fullmatch(r"[A-Z0-9._/-]{1,32}", symbol):
        raise Unusable("malformed", "no instrument")
    key = symbol if venue == "binance" else f"{venue}:{symbol}"
    kinds = [name for name in ("trade_id", "unavailable", "reopen", "new_generation") if name in fields]
    if len(kinds) > 1:
        raise Unusable("malformed", "more than one kind")
    # What is there must be of its type, whatever the kind.
    known = _typed(fields)
    if kinds and kinds[0] != "trade_id":
        return _control(key, kinds[0], known)
    for name in ("trade_id", "price", "quantity", "taker_side", "event_time_us", "received_time_us"):
        if name not in known:
            raise Unusable("malformed", f"{name} is missing")
    return _trade(key, known)


def _trade(key, known):
    last = known["trade_id"]
    count = known.get("trade_count", 1)
    price, quantity = known["price"], known["quantity"]
    if not 1 <= count <= 1_000_000 or not 0 <= last < ID_LIMIT or last - count + 1 < 0:
        raise Unusable("implausible", "ids")
    if known.get("aggregate_id", 0) < 0:
        raise Unusable("implausible", "aggregate id")
    if quantity < 0 or price < 0 or (price == 0 and quantity > 0):
        raise Unusable("implausible", "money")
    if known["event_time_us"] not in TIMES_US or known["received_time_us"] not in TIMES_US:
        raise Unusable("implausible", "times")
    return Trade(key, last - count + 1, last, price, quantity, known["taker_side"] == "buy", known["event_time_us"])


def _control(key, kind, known):
    if kind == "new_generation":
        if known[kind] is not True:
            raise Unusable("malformed", "new_generation: only true")
        return Control(key, kind)
    if kind == "unavailable" and "reason" not in known:
        raise Unusable("malformed", "reason is missing")
    first, last = known[kind]
    if first < 0 or last >= ID_LIMIT:
        raise Unusable("implausible", "ids")
    return Control(key, kind, first, last)


def _fields(value):
    """Names and values of the object, each known name once."""

    def pairs(found):
        names = [name for name, _ in found]
        for name in TYPES:
            if names.count(name) > 1:
                raise Unusable("malformed", f"{name} twice")
        return dict(found)

    def constant(_):
        raise ValueError("no number")

    try:
        fields = json.loads(
            value.decode("utf-8"), object_pairs_hook=pairs, parse_int=_Number, parse_float=_Number,
            parse_constant=constant,
        )  # fmt: skip
    except (ValueError, RecursionError) as error:
        raise Unusable("malformed", str(error)) from None
    if not isinstance(fields, dict):
        raise Unusable("malformed", "no object")
    if _depth(fields) > MAX_DEPTH:
        raise Unusable("malformed", "too deep")
    return fields


def _depth(value):
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _typed(fields):
    """The known fields as Python values; an optional one that is null is not there."""
    known = {}
    for name, kind in TYPES.items():
        if name not in fields or (fields[name] is None and name in ("trade_count", "aggregate_id")):
            continue
        known[name] = kind(fields, name)
    return known


def _text(fields, name):
    text = fields.get(name)
    if not isinstance(text, str) or isinstance(text, _Number):
        raise Unusable("malformed", f"{name} is no text")
    return text


def _integer(fields, name):
    return _whole(fields[name], name)


def _whole(text, name):
    if not isinstance(text, _Number) or not re.fullmatch(r"-?[0-9]+", text) or int(text) not in INT64:
        raise Unusable("malformed", f"{name} is no 64-bit integer")
    return int(text)


def _money(limit):
    def read(fields, name):
        text = fields[name]
        if not isinstance(text, str) or len(text) > 400 or not _DECIMAL(text):
            raise Unusable("malformed", f"{name} is no decimal")
        with localcontext(prec=1_000, Emin=-999_999, Emax=999_999) as context:
            try:
                scaled = Decimal(text).scaleb(8)
                whole = scaled.to_integral_value(context=context)
            except ArithmeticError:
                raise Unusable("malformed", f"{name} is out of range") from None
            if whole != scaled or not -limit <= whole < limit:
                raise Unusable("malformed", f"{name} cannot be held exactly")
        return int(whole)

    return read


def _side(fields, name):
    if (side := _text(fields, name)) not in ("buy", "sell"):
        raise Unusable("malformed", f"{name} is {side}")
    return side


def _range(fields, name):
    pair = fields[name]
    if not isinstance(pair, list) or len(pair) != 2:
        raise Unusable("malformed", f"{name} is no pair")
    first, last = _whole(pair[0], name), _whole(pair[1], name)
    if first > last:
        raise Unusable("malformed", f"{name} is reversed")
    return first, last


def _flag(fields, name):
    if not isinstance(fields[name], bool):
        raise Unusable("malformed", f"{name} is no flag")
    return fields[name]


TYPES = {
    "venue": _text,
    "symbol": _text,
    "trade_id": _integer,
    "price": _money(PRICE_LIMIT),
    "quantity": _money(QUANTITY_LIMIT),
    "taker_side": _side,
    "event_time_us": _integer,
    "received_time_us": _integer,
    "trade_count": _integer,
    "aggregate_id": _integer,
    "unavailable": _range,
    "reason": _text,
    "reopen": _range,
    "new_generation": _flag,
}
