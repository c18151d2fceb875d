"""Digest version 1 written again from docs/digest.md alone, with another language and another XXH3 library.

Takes Python values, wherever they come from (pyarrow over the landed files, psycopg over the source), and the logical
types that the manifest's digest header lists.
"""
from __future__ import annotations

import datetime as dt
import struct
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import xxhash

MASK = (1 << 64) - 1
EPOCH = dt.datetime(1970, 1, 1)
EPOCH_UTC = EPOCH.replace(tzinfo=dt.timezone.utc)
MICROSECOND = dt.timedelta(microseconds=1)


@dataclass
class Digest:
    """What the manifest states: rows, the two summed halves, one sum per column."""

    columns: list[int]
    rows: int = 0
    low: int = 0
    high: int = 0
    names: list[str] = field(default_factory=list)

    @property
    def value(self) -> str:
        return f"{self.high:016x}{self.low:016x}"

    @property
    def column_checksums(self) -> list[dict[str, str]]:
        return [{"name": name, "checksum": str(total)} for name, total in zip(self.names, self.columns, strict=True)]


def parameters(type_name: str) -> list[str]:
    """`decimal(10,2)` -> ['10', '2']"""
    return type_name[type_name.index("(") + 1:-1].split(",")


def integer_bytes(value: int, signed: bool = True) -> bytes:
    return value.to_bytes(8, "little", signed=signed)


def float_bytes(value: float, code: str) -> bytes:
    return struct.pack(code, float("nan") if value != value else value)


def decimal_bytes(value: Decimal, type_name: str) -> bytes:
    precision, scale = map(int, parameters(type_name))
    sign, digits, exponent = value.as_tuple()
    unscaled = int("".join(map(str, digits)))
    shift = exponent + scale
    unscaled = unscaled * 10**shift if shift >= 0 else unscaled // 10**-shift
    return (-unscaled if sign else unscaled).to_bytes(16 if precision <= 38 else 32, "little", signed=True)


def time_micros(value: dt.time) -> int:
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond


def timestamp_ticks(value: dt.datetime, type_name: str) -> int:
    micros = (value - (EPOCH_UTC if value.tzinfo else EPOCH)) // MICROSECOND
    return micros * 1000 if type_name.endswith("(ns)") else micros


def list_bytes(values: Sequence, element: str) -> bytes:
    out = [integer_bytes(len(values))]
    for value in values:
        cell = b"" if value is None else canonical_bytes(value, element)
        out += [bytes([value is not None]), integer_bytes(len(cell)), cell]
    return b"".join(out)


def canonical_bytes(value, type_name: str) -> bytes:
    """The bytes that a present cell of this logical type hashes."""
    kind = type_name.split("(")[0].split("<")[0]
    if kind == "boolean":
        return bytes([value])
    if kind in ("int16", "int32", "int64", "uint64"):
        return integer_bytes(value, signed=kind != "uint64")
    if kind in ("float32", "float64"):
        return float_bytes(value, "<f" if kind == "float32" else "<d")
    if kind == "decimal":
        return decimal_bytes(value, type_name)
    if kind == "date":
        return integer_bytes((value - EPOCH.date()).days)
    if kind == "time":
        return integer_bytes(time_micros(value))
    if kind in ("timestamp", "timestamp_tz"):
        return integer_bytes(timestamp_ticks(value, type_name))
    if kind == "uuid":
        return value.bytes if isinstance(value, uuid.UUID) else bytes(value)
    if kind == "list":
        return list_bytes(value, type_name[len("list<"):-1])
    if kind in ("text", "json", "interval", "enum"):
        return value.encode()
    assert kind == "binary", f"docs/digest.md does not know {type_name}"
    return bytes(value)


def cell_hash(value, type_name: str, ordinal: int) -> int:
    if value is None:
        return xxhash.xxh3_64_intdigest(b"", seed=(1 << 63) + ordinal + 1)
    return xxhash.xxh3_64_intdigest(canonical_bytes(value, type_name), seed=ordinal + 1)


def digest_of(rows: Iterable[Sequence], types: Sequence[str], names: Sequence[str] = ()) -> Digest:
    """The digest of rows whose cells come in the order of `types`."""
    total = Digest(columns=[0] * len(types), names=list(names))
    for row in rows:
        hashes = [cell_hash(value, type_name, ordinal) for ordinal, (value, type_name) in enumerate(zip(row, types, strict=True))]
        row_hash = xxhash.xxh3_128_intdigest(b"".join(h.to_bytes(8, "little") for h in hashes))
        total.rows += 1
        total.low = (total.low + row_hash) & MASK
        total.high = (total.high + (row_hash >> 64)) & MASK
        total.columns = [(sum_ + h) & MASK for sum_, h in zip(total.columns, hashes)]
    return total
