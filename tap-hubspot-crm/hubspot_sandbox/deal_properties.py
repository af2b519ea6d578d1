"""The properties of deals in every new portal: HubSpot's own and some custom ones."""

from typing import Final

from hubspot_sandbox.contact_properties import PRODUCTS, SOURCES
from hubspot_sandbox.properties import PropertyDefinition

_GROUP: Final = "dealinformation"

DEAL_TYPES: Final = (("newbusiness", "New Business"), ("existingbusiness", "Existing Business"))
PRIORITIES: Final = (("low", "Low"), ("medium", "Medium"), ("high", "High"))
FORECASTS: Final = (
    ("OMIT", "Not forecasted"),
    ("PIPELINE", "Pipeline"),
    ("BEST_CASE", "Best case"),
    ("COMMIT", "Commit"),
    ("CLOSED", "Closed won"),
)
CURRENCIES: Final = (("EUR", "EUR"), ("USD", "USD"), ("GBP", "GBP"), ("CHF", "CHF"))
_TRUTH: Final = (("true", "True"), ("false", "False"))

_TEXTS: Final = {
    "dealname": "Deal Name",
    "hs_next_step": "Next step",
    "hs_next_meeting_name": "Next Meeting Name",
    "hs_legacy_deal_code": "Legacy deal code",
}
_NOTES: Final = {
    "description": "Deal Description",
    "closed_lost_reason": "Closed Lost Reason",
    "closed_won_reason": "Closed Won Reason",
}
_AMOUNTS: Final = {
    "amount": "Amount",
    "hs_arr": "Annual recurring revenue",
    "hs_mrr": "Monthly recurring revenue",
    "hs_tcv": "Total contract value",
}
_CALCULATED_AMOUNTS: Final = {
    "amount_in_home_currency": "Amount in company currency",
    "hs_closed_amount": "Closed Deal Amount",
    "hs_projected_amount": "Weighted amount",
}
_CALCULATED_NUMBERS: Final = {
    "days_to_close": "Days to close",
    "hs_deal_stage_probability": "Deal probability",
}
_COUNTS: Final = {
    "hs_object_id": "Record ID",
    "num_notes": "Number of Sales Activities",
    "num_contacted_notes": "Number of times contacted",
    "hs_deal_score": "Deal score",
}
_MOMENTS: Final = {
    "createdate": "Create Date",
    "hs_createdate": "HubSpot Create Date",
    "hs_lastmodifieddate": "Last Modified Date",
    "hubspot_owner_assigneddate": "Owner assigned date",
    "notes_last_updated": "Last Activity Date",
    "hs_v2_date_entered_current_stage": "Date entered current stage",
}
_CALCULATED_TRUTHS: Final = {
    "hs_is_closed": "Is Deal Closed?",
    "hs_is_closed_won": "Is Closed Won",
    "hs_is_closed_lost": "Is Closed Lost",
}
_CHOICES: Final = {
    "dealtype": ("Deal Type", DEAL_TYPES),
    "hs_priority": ("Priority", PRIORITIES),
    "hs_forecast_category": ("Forecast category", FORECASTS),
    "deal_currency_code": ("Currency", CURRENCIES),
    "hs_analytics_source": ("Original Traffic Source", SOURCES),
}

DEAL_PROPERTIES: Final[tuple[PropertyDefinition, ...]] = (
    *(PropertyDefinition(name=n, label=label, group=_GROUP) for n, label in _TEXTS.items()),
    *(
        PropertyDefinition(name=n, label=label, field_type="textarea", group=_GROUP)
        for n, label in _NOTES.items()
    ),
    *(
        PropertyDefinition(
            name=n, label=label, type="number", field_type="number", group=_GROUP, currency=True
        )
        for n, label in _AMOUNTS.items()
    ),
    *(
        PropertyDefinition(
            name=n,
            label=label,
            type="number",
            field_type="calculation_equation",
            group=_GROUP,
            calculated=True,
            read_only=True,
            currency=n in _CALCULATED_AMOUNTS,
        )
        for n, label in (_CALCULATED_AMOUNTS | _CALCULATED_NUMBERS).items()
    ),
    *(
        PropertyDefinition(
            name=n,
            label=label,
            type="number",
            field_type="number",
            group=_GROUP,
            read_only=True,
            unique=n == "hs_object_id",
        )
        for n, label in _COUNTS.items()
    ),
    *(
        PropertyDefinition(
            name=n, label=label, type="datetime", field_type="date", group=_GROUP, read_only=True
        )
        for n, label in _MOMENTS.items()
    ),
    *(
        PropertyDefinition(
            name=n,
            label=label,
            type="bool",
            field_type="calculation_equation",
            group=_GROUP,
            options=_TRUTH,
            calculated=True,
            read_only=True,
        )
        for n, label in _CALCULATED_TRUTHS.items()
    ),
    *(
        PropertyDefinition(
            name=n,
            label=label,
            type="enumeration",
            field_type="select",
            group=_GROUP,
            options=options,
        )
        for n, (label, options) in _CHOICES.items()
    ),
    *(
        PropertyDefinition(
            name=n,
            label=label,
            type="enumeration",
            field_type=field_type,
            group=_GROUP,
            external_options=True,
        )
        for n, label, field_type in (
            ("pipeline", "Pipeline", "select"),
            ("dealstage", "Deal Stage", "radio"),
            ("hubspot_owner_id", "Deal owner", "select"),
            ("hs_merged_object_ids", "Merged record IDs", "checkbox"),
        )
    ),
    PropertyDefinition(
        name="closedate", label="Close Date", type="datetime", field_type="date", group=_GROUP
    ),
    PropertyDefinition(
        name="num_associated_contacts",
        label="Number of Associated Contacts",
        type="number",
        field_type="calculation_rollup",
        group=_GROUP,
        read_only=True,
    ),
    PropertyDefinition(
        name="products_of_interest",
        label="Products of interest",
        type="enumeration",
        field_type="checkbox",
        group=_GROUP,
        options=PRODUCTS,
        hubspot_defined=False,
    ),
    PropertyDefinition(
        name="contract_months",
        label="Contract months",
        type="number",
        field_type="number",
        group=_GROUP,
        hubspot_defined=False,
    ),
    PropertyDefinition(
        name="renewal_date",
        label="Renewal date",
        type="date",
        field_type="date",
        group=_GROUP,
        hubspot_defined=False,
    ),
    PropertyDefinition(
        name="internal_margin",
        label="Internal margin",
        type="number",
        field_type="number",
        group=_GROUP,
        hubspot_defined=False,
        sensitivity="sensitive",
    ),
)
