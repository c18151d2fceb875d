"""Rows of a source, compared with landed files by pyarrow, cell by cell and quickly."""
from __future__ import annotations

import pyarrow as pa

from helpers import rows_of


class Cells:
    """All rows that a table must hold, in the order of its first column, whose values are unique."""

    def __init__(self, names: list[str], rows: list[tuple]):
        self.names = names
        self.rows = rows
        self._arrays: dict[str, list[pa.Array]] = {}

    def assert_equal(self, table: pa.Table) -> None:
        """Every row once, each cell exact; other columns than `names` are not looked at."""
        landed = table.select(self.names).sort_by(self.names[0])
        if not all(column.equals(pa.chunked_array([array])) for column, array in zip(landed.columns, self._as(landed.schema))):
            assert rows_of(landed, self.names[0]) == self.rows, "this shows where they differ"
            raise AssertionError("pyarrow tells columns apart that hold the same values")

    def _as(self, schema: pa.Schema) -> list[pa.Array]:
        """The rows as arrays of the landed types."""
        known = str(schema.types)
        if known not in self._arrays:
            columns = zip(*self.rows) if self.rows else [()] * len(self.names)
            self._arrays[known] = [pa.array(column, kind) for column, kind in zip(columns, schema.types)]
        return self._arrays[known]
