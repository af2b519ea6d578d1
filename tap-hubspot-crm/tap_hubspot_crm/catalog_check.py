"""Whether a catalog promises only what every record of an object stream keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_hubspot_crm.errors import InvalidSettingsError
from tap_hubspot_crm.properties import FIELD_KINDS, REQUIRED_FIELDS
from tap_hubspot_crm.value_types import admits_kind, invalid_schemas

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_hubspot_crm.value_types import Schema


def check_catalog(
    stream: str, schemas: Mapping[str, Schema], record_schema: Mapping[str, Any]
) -> None:
    """Check what a catalog says about the records of an object stream.

    Args:
        stream: Name of the stream.
        schemas: JSON Schema of each selected field, by name.
        record_schema: JSON Schema of a record.

    Raises:
        InvalidSettingsError: A schema is not valid, a field of the record has another type than
            the tap sends, or the catalog requires a field that a record may lack.
    """
    kept = REQUIRED_FIELDS & schemas.keys()
    deselected = record_schema["properties"].keys() - schemas.keys()
    broken = {
        "is not a valid JSON Schema": invalid_schemas(schemas),
        "has another type than the tap sends": [
            name
            for name, kind in FIELD_KINDS.items()
            if name in schemas and not admits_kind(schemas[name], kind)
        ],
        "is required, but not every record has it": [
            name for name in record_schema.get("required", ()) if name not in kept | deselected
        ],
    }
    for what, names in broken.items():
        if names:
            raise InvalidSettingsError(
                f"the catalog's schema of {stream} cannot be kept: {names[0]} {what}; "
                "take the schema from --discover"
            )
