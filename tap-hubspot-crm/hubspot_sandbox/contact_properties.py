"""The properties of contacts in every new portal: HubSpot's own and some custom ones."""

from typing import Final

from hubspot_sandbox.properties import PropertyDefinition

_GROUP: Final = "contactinformation"

LIFECYCLE_STAGES: Final = (
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
)
LEAD_STATUSES: Final = (
    ("NEW", "New"),
    ("OPEN", "Open"),
    ("IN_PROGRESS", "In Progress"),
    ("OPEN_DEAL", "Open Deal"),
    ("UNQUALIFIED", "Unqualified"),
    ("ATTEMPTED_TO_CONTACT", "Attempted to Contact"),
    ("CONNECTED", "Connected"),
    ("BAD_TIMING", "Bad Timing"),
)
SOURCES: Final = (
    ("ORGANIC_SEARCH", "Organic Search"),
    ("PAID_SEARCH", "Paid Search"),
    ("EMAIL_MARKETING", "Email Marketing"),
    ("SOCIAL_MEDIA", "Organic Social"),
    ("REFERRALS", "Referrals"),
    ("DIRECT_TRAFFIC", "Direct Traffic"),
    ("OFFLINE", "Offline Sources"),
)
PRODUCTS: Final = (
    ("storage", "Storage"),
    ("analytics", "Analytics"),
    ("support_plus", "Support Plus"),
    ("training", "Training"),
    ("on_premises", "On-premises"),
)
_TRUTH: Final = (("true", "Yes"), ("false", "No"))

#: Plain text about a person: name and label.
_TEXTS: Final = {
    "email": "Email",
    "work_email": "Work email",
    "firstname": "First Name",
    "lastname": "Last Name",
    "salutation": "Salutation",
    "address": "Street Address",
    "city": "City",
    "state": "State/Region",
    "zip": "Postal Code",
    "country": "Country/Region",
    "date_of_birth": "Date of birth",
    "gender": "Gender",
    "marital_status": "Marital Status",
    "military_status": "Military status",
    "twitterhandle": "Twitter Username",
    "hs_linkedin_url": "LinkedIn URL",
    "company": "Company Name",
    "jobtitle": "Job Title",
    "industry": "Industry",
    "hs_language": "Preferred language",
    "hs_google_click_id": "Google ad click id",
    "hs_analytics_first_url": "First Page Seen",
    "ip_city": "IP City",
    "ip_country": "IP Country",
    "numemployees": "Number of Employees",
    "annualrevenue": "Annual Revenue",
    "hs_legacy_crm_code": "Legacy CRM code",
}
#: Text that HubSpot works out itself: name and label.
_CALCULATED_TEXTS: Final = {
    "hs_full_name_or_email": "Full name or email",
    "hs_email_domain": "Email Domain",
    "hs_calculated_phone_number": "Calculated Phone Number with country code",
    "hs_calculated_phone_number_country_code": "Calculated Phone Number Country Code",
    "hs_calculated_phone_number_region_code": "Calculated Phone Number Region",
    "hs_calculated_mobile_number": "Calculated Mobile Number with country code",
    "hs_searchable_calculated_phone_number": "Searchable phone number",
    "hs_calculated_merged_vids": "Merged vids with timestamps of a contact",
}
_PHONES: Final = {
    "phone": "Phone Number",
    "mobilephone": "Mobile Phone Number",
    "fax": "Fax Number",
    "hs_whatsapp_phone_number": "WhatsApp Phone Number",
}
_MOMENTS: Final = {
    "createdate": "Create Date",
    "lastmodifieddate": "Last Modified Date",
    "hubspot_owner_assigneddate": "Owner Assigned Date",
    "hs_latest_source_timestamp": "Latest Traffic Source Date",
    "notes_last_updated": "Last Activity Date",
    "first_deal_created_date": "First Deal Created Date",
    "hs_lifecyclestage_lead_date": "Became a Lead Date",
}
_COUNTS: Final = {
    "num_notes": "Number of Sales Activities",
    "num_contacted_notes": "Number of times contacted",
    "hs_analytics_num_page_views": "Number of Pageviews",
    "hs_analytics_num_visits": "Number of Sessions",
    "hs_predictivecontactscore_v2": "Likelihood to close",
}


def _choice(
    name: str,
    label: str,
    options: tuple[tuple[str, str], ...],
    field_type: str = "select",
) -> PropertyDefinition:
    return PropertyDefinition(
        name=name,
        label=label,
        type="enumeration",
        field_type=field_type,
        group=_GROUP,
        options=options,
    )


CONTACT_PROPERTIES: Final[tuple[PropertyDefinition, ...]] = (
    *(
        PropertyDefinition(name=name, label=label, group=_GROUP, unique=name == "email")
        for name, label in _TEXTS.items()
    ),
    *(
        PropertyDefinition(
            name=name,
            label=label,
            field_type="calculation_equation",
            group=_GROUP,
            calculated=True,
            read_only=True,
        )
        for name, label in _CALCULATED_TEXTS.items()
    ),
    *(
        PropertyDefinition(name=name, label=label, field_type="phonenumber", group=_GROUP)
        for name, label in _PHONES.items()
    ),
    *(
        PropertyDefinition(
            name=name,
            label=label,
            type="datetime",
            field_type="date",
            group=_GROUP,
            read_only=True,
        )
        for name, label in _MOMENTS.items()
    ),
    *(
        PropertyDefinition(
            name=name,
            label=label,
            type="number",
            field_type="number",
            group=_GROUP,
            read_only=True,
        )
        for name, label in _COUNTS.items()
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
    # A rollup calls itself not calculated, yet HubSpot computes it without a trace.
    PropertyDefinition(
        name="num_associated_deals",
        label="Number of Associated Deals",
        type="number",
        field_type="calculation_rollup",
        group=_GROUP,
        read_only=True,
    ),
    PropertyDefinition(name="message", label="Message", field_type="textarea", group=_GROUP),
    PropertyDefinition(
        name="hubspot_owner_id",
        label="Contact owner",
        type="enumeration",
        field_type="select",
        group=_GROUP,
        external_options=True,
    ),
    _choice("hs_additional_emails", "Additional email addresses", (), "checkbox"),
    _choice("hs_merged_object_ids", "Merged record IDs", (), "checkbox"),
    _choice("lifecyclestage", "Lifecycle Stage", LIFECYCLE_STAGES, "radio"),
    _choice("hs_lead_status", "Lead Status", LEAD_STATUSES, "radio"),
    _choice("hs_analytics_source", "Original Traffic Source", SOURCES),
    _choice("hs_latest_source", "Latest Traffic Source", SOURCES),
    PropertyDefinition(
        name="hs_email_optout",
        label="Unsubscribed from all email",
        type="bool",
        field_type="booleancheckbox",
        group=_GROUP,
        options=_TRUTH,
    ),
    PropertyDefinition(
        name="favourite_products",
        label="Favourite products",
        type="enumeration",
        field_type="checkbox",
        group=_GROUP,
        options=PRODUCTS,
        hubspot_defined=False,
    ),
    PropertyDefinition(
        name="loyalty_points",
        label="Loyalty points",
        type="number",
        field_type="number",
        group=_GROUP,
        hubspot_defined=False,
    ),
    PropertyDefinition(
        name="customer_since",
        label="Customer since",
        type="date",
        field_type="date",
        group=_GROUP,
        hubspot_defined=False,
    ),
    PropertyDefinition(
        name="dietary_notes",
        label="Dietary notes",
        field_type="textarea",
        group=_GROUP,
        hubspot_defined=False,
        description="Free text about a person's health",
        sensitivity="sensitive",
    ),
    PropertyDefinition(
        name="old_segment",
        label="Old segment",
        group=_GROUP,
        hubspot_defined=False,
        archived_at=1_735_689_600_000,
    ),
)
