"""Parquet, and the table in batches of Arrow, from CSV: read by Arrow itself, many rows at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from storage.exports.job import Column, Job
from storage.exports.text import Told

BLOCK = 4 << 20
TYPES = {"string": pa.string(), "integer": pa.int32(), "datetime": pa.timestamp("s", "UTC")}


def batches(columns: tuple[Column, ...], source: Path) -> Iterator[pa.RecordBatch]:
    """The rows of a CSV file of ours. An empty cell is null, of a text that people wrote an empty text."""
    convert = pyarrow.csv.ConvertOptions(
        column_types={one.name: TYPES[one.type] for one in columns},
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    read = pyarrow.csv.ReadOptions(block_size=BLOCK, use_threads=False)
    with pyarrow.csv.open_csv(source, read_options=read, parse_options=parse, convert_options=convert) as reader:
        yield from reader


def write(job: Job, source: Path, out: Path, total: int, told: Told) -> None:
    """Write the Parquet file of `job.table` from its CSV; columns with few codes are kept as dictionaries."""
    columns = job.columns(job.table)
    schema = pa.schema([_field(one) for one in columns], {"round": job.round, "table": job.table})
    done = 0
    with pyarrow.parquet.ParquetWriter(out, schema, compression="zstd") as file:
        for batch in batches(columns, source):
            file.write_batch(batch.cast(schema))
            done += batch.num_rows
            told(done, total)


def _field(column: Column) -> pa.Field:
    """Its question and codes beside it; where it holds several questions, each label with the question it answers."""
    questions = dict.fromkeys(question for question, _ in column.meanings)
    about = {"question": " | ".join(questions)}
    for (question, code), label in column.meanings.items():
        if code:
            told = f"{label} ({question})" if len(questions) > 1 else label
            about[f"code {code}"] = " | ".join(filter(None, (about.get(f"code {code}"), told)))
    return pa.field(column.name, TYPES[column.type], metadata={name: text for name, text in about.items() if text})


def longest(columns: tuple[Column, ...], source: Path) -> dict[str, int]:
    """The most bytes a cell of each column of text has."""
    found = {one.name: 1 for one in columns if one.type == "string"}
    for batch in batches(columns, source):
        for name, most in found.items():
            here = pc.max(pc.binary_length(batch.column(name))).as_py()
            found[name] = max(most, here or 0)
    return found
