"""Frozen dataclasses of switches, read from JSON: every field checked by its declared type."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from hubspot_sandbox.errors import InvalidControlCallError

T = TypeVar("T")


def switched(switches: T, changes: Mapping[str, object]) -> T:
    """Return switches with some of them changed, given by name as JSON has them.

    Raises:
        InvalidControlCallError: an unknown name or a value of another kind.
    """
    kept = {field.name: getattr(switches, field.name) for field in fields(switches)}  # type: ignore[arg-type]  # T is a dataclass, which a type variable can't say
    return _build(type(switches), changes, kept)


def read_switches(kind: type[T], given: Mapping[str, object]) -> T:
    """Return switches of a kind from JSON; what isn't given is as declared.

    Raises:
        InvalidControlCallError: an unknown name, a value of another kind, or one that must be.
    """
    return _build(kind, given, {})


def describe_switches(switches: object) -> dict[str, str]:
    """Return what each switch can be, by its name, parts of a switch joined to it by a dot."""
    described: dict[str, str] = {}
    hints = get_type_hints(type(switches))
    for field in fields(switches):  # type: ignore[arg-type]  # a dataclass, which object can't say
        value, hint = getattr(switches, field.name), hints[field.name]
        if is_dataclass(value):
            parts = describe_switches(value)
            described |= {f"{field.name}.{name}": text for name, text in parts.items()}
        else:
            described[field.name] = _describe_type(hint)
    return described


def _describe_type(hint: Any) -> str:  # noqa: ANN401  # a type at run time has no better type
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return ", ".join(parts)
    if origin in {Union, types.UnionType}:
        return " or ".join(_describe_type(part) for part in parts)
    if origin is tuple:
        return "names"
    return {bool: "true, false", int: "number", float: "share", str: "text"}.get(hint, "null")


def _build(kind: type[T], given: Mapping[str, object], kept: Mapping[str, object]) -> T:
    hints = get_type_hints(kind)
    if not set(given) <= set(hints):
        raise InvalidControlCallError(f"only {', '.join(sorted(hints))} can be given")
    read = {name: _read(name, value, hints[name]) for name, value in given.items()}
    try:
        return kind(**{**kept, **read})
    except (TypeError, ValueError) as error:
        raise InvalidControlCallError(f"refused: {error}") from None


def _read(name: str, value: object, hint: Any) -> object:  # noqa: ANN401  # a type at run time has no better type
    """Return a JSON value as a field's type wants it."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        if value is None and type(None) in parts:
            return None
        return _read(name, value, next(part for part in parts if part is not type(None)))
    if origin is Literal:
        if value not in parts:
            raise InvalidControlCallError(f"{name} must be one of {', '.join(parts)}")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise InvalidControlCallError(f"{name} must be a list")
        return tuple(_read(name, entry, parts[0]) for entry in value)
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(value, dict):
        return _build(hint, value, {})
    return _plain(name, value, hint)


def _plain(name: str, value: object, hint: type) -> object:
    """Return a flag, a number or a text."""
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint or (hint in {int, float} and value < 0):  # type: ignore[operator]  # a number by the first condition
        wanted = {int: "a whole number, zero or more", float: "a number, zero or more"}
        described = wanted.get(hint, "true or false" if hint is bool else "a string")
        raise InvalidControlCallError(f"{name} must be {described}")
    return value
