"""Reads the value of a column from a record that is decoded in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from target_crmhub_postgres.values import READERS, UnfitError, as_kept_text, as_text

if TYPE_CHECKING:
    from target_crmhub_postgres.hashing import Hashing
    from target_crmhub_postgres.mapping import Column

Record: TypeAlias = dict[str, Any]
#: Takes the path of a value that does not fit, and why; the value is null then.
OnMisfit: TypeAlias = Callable[[str, UnfitError], None]
#: Returns a column's value in a record, None where there is none.
ColumnReader: TypeAlias = Callable[[Record, OnMisfit], Any]
_Read: TypeAlias = Callable[[object], Any]


def column_reader(column: Column, hashing: Hashing) -> ColumnReader:
    """Return what reads a column.

    Args:
        column: Of the mapping.
        hashing: Makes the pseudonyms.
    """
    match column.kind:
        case "joined_text":
            return _joined(column)
        case "texts":
            return _texts(column)
        case kind:
            hashed = hashing.reader(column)
            return _first(column, READERS[kind] if hashed is None else _of_text(hashed))


def read_value(read: _Read, value: object, path: str, on_misfit: OnMisfit) -> Any:  # noqa: ANN401 - as it is read
    """Return what is read of a value; None if it does not fit, which is reported."""
    try:
        return read(value)
    except UnfitError as error:
        on_misfit(path, error)
        return None


def _of_text(read: Callable[[str], object]) -> _Read:
    def read_text(value: object) -> object:
        text = as_text(value)
        return None if text is None else read(text)

    return read_text


def _first(column: Column, read: _Read) -> ColumnReader:
    if len(column.sources) == 1 and "." not in column.sources[0]:
        [source] = column.sources

        def only(record: Record, on_misfit: OnMisfit) -> object:
            value = record.get(source)
            return None if value is None else read_value(read, value, source, on_misfit)

        return only

    paths = _paths(column)

    def first(record: Record, on_misfit: OnMisfit) -> object:
        for source, steps in paths:
            for value in _values(record, steps, source, on_misfit):
                if (found := read_value(read, value, source, on_misfit)) is not None:
                    return found
        return None

    return first


def _joined(column: Column) -> ColumnReader:
    def joined(record: Record, on_misfit: OnMisfit) -> str | None:
        texts = [
            read_value(as_kept_text, value, source, on_misfit)
            for source in column.sources
            if (value := record.get(source)) is not None
        ]
        return " ".join(text for text in texts if text) or None

    return joined


def _texts(column: Column) -> ColumnReader:
    paths = _paths(column)

    def texts(record: Record, on_misfit: OnMisfit) -> list[str]:
        found = {
            read_value(as_kept_text, value, source, on_misfit)
            for source, steps in paths
            for value in _values(record, steps, source, on_misfit)
        }
        return sorted(text for text in found if text)

    return texts


def _paths(column: Column) -> list[tuple[str, list[str]]]:
    return [(source, source.split(".")) for source in column.sources]


def _values(holder: object, steps: list[str], path: str, on_misfit: OnMisfit) -> list[object]:
    """Return what stands at the end of the steps, one value for each object of an array."""
    if not steps:
        return [] if holder is None else [holder]
    if isinstance(holder, list):
        return [value for each in holder for value in _values(each, steps, path, on_misfit)]
    if isinstance(holder, dict):
        return _values(holder.get(steps[0]), steps[1:], path, on_misfit)
    if holder is not None:
        on_misfit(path, UnfitError("leads through something that is no object"))
    return []
