"""The properties of companies in every new portal: a few of HubSpot's own."""

from typing import Final

from hubspot_sandbox.properties import PropertyDefinition

_GROUP: Final = "companyinformation"

_TEXTS: Final = {"name": "Company name", "domain": "Company Domain Name", "city": "City"}
_NUMBERS: Final = {
    "annualrevenue": "Annual Revenue",
    "numberofemployees": "Number of Employees",
}
_MOMENTS: Final = {
    "createdate": "Create Date",
    "hs_createdate": "HubSpot Create Date",
    "hs_lastmodifieddate": "Last Modified Date",
}

COMPANY_PROPERTIES: Final[tuple[PropertyDefinition, ...]] = (
    *(PropertyDefinition(name=n, label=label, group=_GROUP) for n, label in _TEXTS.items()),
    *(
        PropertyDefinition(name=n, label=label, type="number", field_type="number", group=_GROUP)
        for n, label in _NUMBERS.items()
    ),
    *(
        PropertyDefinition(
            name=n, label=label, type="datetime", field_type="date", group=_GROUP, read_only=True
        )
        for n, label in _MOMENTS.items()
    ),
    PropertyDefinition(
        name="hs_object_id",
        label="Record ID",
        type="number",
        field_type="number",
        group=_GROUP,
        read_only=True,
        unique=True,
    ),
    PropertyDefinition(
        name="hs_merged_object_ids",
        label="Merged record IDs",
        type="enumeration",
        field_type="checkbox",
        group=_GROUP,
        external_options=True,
    ),
)
