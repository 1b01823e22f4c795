"""SPSS: labels of variables and values in the language asked for; nonresponse is declared missing where it can be.

That is in numeric variables, as a range. Of a text variable SPSS takes at most three missing values of at most 8 bytes,
and there are six kinds: there they are values like others, with labels. docs/exports.md says how to leave them out.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from readstat_arrow import Code, Measure, Metadata, MissingRange, ReadstatWarning, SavWriter

from storage.exports.job import Column, Job
from storage.exports.parquet import batches, longest
from storage.exports.text import Told

# What SPSS holds of a text, in bytes.
LONGEST_TEXT = 32_767
NOT_ASKED = -3
LOWEST = -6


def write(job: Job, source: Path, out: Path, total: int, told: Told) -> None:
    """Write the .sav file of `job.table` from its CSV; a coded cell that is empty becomes NOT_ASKED."""
    columns = job.columns(job.table)
    widths = longest(columns, source)
    schema = pa.schema([(one.name, _type(one)) for one in columns])
    metadata = _metadata(job, columns, widths)
    done = 0
    with warnings.catch_warnings():
        # Labels longer than SPSS holds are cut.
        warnings.simplefilter("ignore", ReadstatWarning)
        with SavWriter(out, schema, total, metadata, on_text_limits_exceeded="truncate", compression="rows") as file:
            for batch in batches(columns, source):
                cells = [_cells(batch.column(one.name), one, widths) for one in columns]
                file.write_batch(pa.RecordBatch.from_arrays(cells, schema=schema))
                done += batch.num_rows
                told(done, total)


def _type(column: Column) -> pa.DataType:
    return {"integer": pa.int32(), "datetime": pa.timestamp("s")}.get(column.type, pa.string())


def _coded(column: Column) -> bool:
    return "-1" in column.codes


def _cells(cells: pa.Array, column: Column, widths: dict[str, int]) -> pa.Array:
    if column.type == "datetime":
        return cells.cast(pa.timestamp("s"))
    if column.type == "integer":
        return pc.fill_null(cells, NOT_ASKED) if _coded(column) else cells
    texts = pc.fill_null(cells, str(NOT_ASKED) if _coded(column) else "")
    if widths[column.name] > LONGEST_TEXT:
        texts = pa.array([_cut(one.as_py()) for one in texts], pa.string())
    return texts


def _cut(text: str) -> str:
    """A text as it fits, marked as cut."""
    if len(text.encode()) <= LONGEST_TEXT:
        return text
    mark = " […]"
    return text.encode()[: LONGEST_TEXT - len(mark.encode())].decode("utf8", "ignore") + mark


def _metadata(job: Job, columns: tuple[Column, ...], widths: dict[str, int]) -> Metadata:
    labels = {one.name: _labels(one, job.words["sav.not_asked"]) for one in columns if one.codes}
    coded = [one.name for one in columns if _coded(one) and one.type == "integer"]
    return Metadata(
        variable_labels={one.name: one.question for one in columns},
        value_labels=labels,
        measures={one.name: _measure(one) for one in columns},
        missing_values={name: MissingRange(lo=LOWEST, hi=-1) for name in coded},
        storage_widths={one.name: _width(one, widths[one.name]) for one in columns if one.name in widths},
        file_label=f"stadsdialoog {job.table} {job.round}",
    )


def _width(column: Column, longest: int) -> int:
    """A text's place, in bytes: every code has to fit as well, also one that nobody chose."""
    codes = max((len(code.encode()) for code in column.codes), default=0)
    return min(max(longest, codes, len(str(NOT_ASKED))), LONGEST_TEXT)


def _measure(column: Column) -> Measure:
    measures: dict[str, Measure] = {"nominal": "nominal", "ordinal": "ordinal", "scale": "scale", "text": "nominal"}
    return measures[column.measure]


def _labels(column: Column, not_asked: str) -> list[Code]:
    labels = dict(column.codes)
    if _coded(column):
        labels[str(NOT_ASKED)] = not_asked
    whole = column.type == "integer"
    return [Code(value=int(code) if whole else code, label=label) for code, label in labels.items()]
