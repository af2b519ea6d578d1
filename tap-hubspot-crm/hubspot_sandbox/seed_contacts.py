"""Seeded contacts: people with addresses, telephone numbers, stages and sources."""

import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from hubspot_sandbox.chance import Chance
from hubspot_sandbox.clock import DAY_MS, iso
from hubspot_sandbox.contact_properties import (
    LEAD_STATUSES,
    LIFECYCLE_STAGES,
    PRODUCTS,
    SOURCES,
)
from hubspot_sandbox.pipelines import Owner
from hubspot_sandbox.words import (
    COMPANY_FORMS,
    COMPANY_TRADES,
    COMPANY_WORDS,
    COUNTRIES,
    DOMAINS,
    FAMILY_STEMS,
    FIRST_NAMES,
    JOB_TITLES,
    MESSAGES,
    NAME_MARK,
    Country,
)

#: Contacts were made over this long before the portal's last seeded day.
SPREAD_DAYS: Final = 600

_STAGES: Final = tuple(value for value, _ in LIFECYCLE_STAGES)
_STATUSES: Final = tuple(value for value, _ in LEAD_STATUSES)
_SOURCES: Final = tuple(value for value, _ in SOURCES)
_PRODUCTS: Final = tuple(value for value, _ in PRODUCTS)
#: How e-mail addresses differ; the rest is plain and lower case.
_EMAIL_KINDS: Final = {
    "accents": 0.05,
    "capitals": 0.07,
    "tag": 0.05,
    "several": 0.1,
    "none": 0.03,
}
#: What is known of a person's number; the rest has none. HubSpot works out the first kind only.
_PHONE_KINDS: Final = {"calculated": 0.62, "no country": 0.1, "odd": 0.06, "cleared": 0.06}
_PHONE_STYLES: Final = {"card": 0.2, "brackets": 0.1, "home": 0.3}
_ODD_PHONES: Final = ("call reception", "n/a", "ext. 12", "0800 REACH US")


def contact_moments(chance: Chance, until: int) -> tuple[int, int]:
    """Return when a contact was made and last modified, both before `until` (ms)."""
    created = until - 1 - int(chance.draw() ** 2 * SPREAD_DAYS * DAY_MS)
    return created, created + int(chance.draw() ** 2 * (until - created))


def contact_values(
    chance: Chance, number: int, created: int, modified: int, owners: Sequence[Owner]
) -> dict[str, str]:
    """Return the filled properties of the contact with this running number."""
    country = chance.early(COUNTRIES)
    values = _person(chance, number)
    _add_place(values, chance, country)
    _add_phones(values, chance, country)
    _add_business(values, chance, created, modified)
    if owners and chance.often(0.85):
        values["hubspot_owner_id"] = str(chance.one(owners).id)
        values["hubspot_owner_assigneddate"] = iso(created)
    _add_oddities(values, chance, number)
    return values


def company_name(chance: Chance) -> str:
    """Return the name of a made-up company."""
    words = (chance.one(COMPANY_WORDS), chance.one(COMPANY_TRADES), chance.one(COMPANY_FORMS))
    return " ".join(filter(None, words))


def _person(chance: Chance, number: int) -> dict[str, str]:
    first = chance.one(FIRST_NAMES)
    last = chance.one(FAMILY_STEMS) + NAME_MARK
    values = {
        "firstname": first,
        "lastname": last,
        "hs_full_name_or_email": f"{first} {last}",
        "company": company_name(chance),
        "jobtitle": chance.one(JOB_TITLES),
    }
    plain = _ascii(f"{first}.{last}{number}")
    kind = chance.kind(_EMAIL_KINDS)
    local = {
        "accents": f"{first}.{last}{number}",
        "capitals": plain,
        "tag": f"{plain.lower()}+news",
    }.get(kind, plain.lower())
    if kind != "none":
        domain = chance.one(DOMAINS)
        values["email"] = f"{local}@{domain}"
        values["hs_email_domain"] = domain.lower()
    if kind == "several":
        family = _ascii(last).lower()
        values["hs_additional_emails"] = ";".join(
            f"{family}{number}.{n}@{chance.one(DOMAINS)}" for n in range(1 + number % 3)
        )
        values["work_email"] = f"w.{family}{number}@example.org"
    return values


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ø", "o"))
    return plain.encode("ascii", "ignore").decode()


def _add_place(values: dict[str, str], chance: Chance, country: Country) -> None:
    values["country"] = country.name
    values["city"] = country.city
    if country.state:
        values["state"] = country.state
    values["zip"] = str(10 ** (country.zip_digits - 1) + chance.below(10**country.zip_digits // 2))
    values["hs_language"] = country.language
    if chance.often(0.4):
        values["address"] = f"{chance.below(200) + 1} {chance.one(COMPANY_WORDS)} Street"
        values["ip_country"] = country.name.lower()
        values["ip_city"] = country.city.lower()
        values["hs_analytics_first_url"] = f"https://www.example.com/{country.language}/start"


def _add_phones(values: dict[str, str], chance: Chance, country: Country) -> None:
    free = f"{chance.below(10**country.free_digits):0{country.free_digits}d}"
    subscriber = country.prefix + free
    international = f"+{country.calling_code}{subscriber}"
    kind = chance.kind(_PHONE_KINDS)
    if kind == "calculated":
        values["phone"] = _written(chance, country, subscriber)
        values["hs_calculated_phone_number"] = international
        values["hs_calculated_phone_number_country_code"] = country.region
        values["hs_calculated_phone_number_region_code"] = country.calling_code
        values["hs_searchable_calculated_phone_number"] = subscriber
    elif kind == "no country":
        values["phone"] = country.trunk + subscriber
        del values["country"]
    elif kind == "odd":
        values["phone"] = chance.one(_ODD_PHONES)
    elif kind == "cleared":
        values["phone"] = ""
    if chance.often(0.2):
        mobile = f"+{country.calling_code}{country.prefix}{free[::-1]}"
        values["mobilephone"] = values["hs_calculated_mobile_number"] = mobile
        if chance.often(0.25):
            values["hs_whatsapp_phone_number"] = mobile
            values["fax"] = international


def _written(chance: Chance, country: Country, subscriber: str) -> str:
    """Return a number as people write it: bare, as on a card, or as dialled at home."""
    head, tail = subscriber[:3], subscriber[3:]
    return {
        "card": f"+{country.calling_code} {head} {tail}",
        "brackets": f"({country.trunk}{head}) {tail}",
        "home": f"{country.trunk}{head}-{tail}",
    }.get(chance.kind(_PHONE_STYLES), f"+{country.calling_code}{subscriber}")


def _add_business(values: dict[str, str], chance: Chance, created: int, modified: int) -> None:
    values["lifecyclestage"] = chance.early(_STAGES)
    values["hs_analytics_source"] = values["hs_latest_source"] = chance.one(_SOURCES)
    values["hs_latest_source_timestamp"] = iso(modified)
    if chance.often(0.75):
        values["hs_lead_status"] = chance.one(_STATUSES)
        values["hs_lifecyclestage_lead_date"] = iso(created)
        values["num_notes"] = str(chance.below(30))
        values["num_contacted_notes"] = str(chance.below(12))
        values["notes_last_updated"] = iso(modified)
    values["hs_analytics_num_page_views"] = str(chance.below(90))
    values["hs_analytics_num_visits"] = str(chance.below(20))
    values["hs_email_optout"] = "true" if chance.often(0.05) else "false"


def _add_oddities(values: dict[str, str], chance: Chance, number: int) -> None:
    """Add what is rare and hard: exact decimals, cleared values, several choices, free text."""
    if chance.often(0.3):
        # A binary float's exact value: about 50 digits.
        values["hs_predictivecontactscore_v2"] = str(Decimal(chance.draw()))
    if chance.often(0.2):
        values["favourite_products"] = ";".join(_PRODUCTS[: 1 + number % len(_PRODUCTS)])
        values["loyalty_points"] = str(number * 7)
        values["customer_since"] = f"20{10 + number % 15}-{1 + number % 12:02d}-03"
    if chance.often(0.1):
        name = values["lastname"].lower()
        values["message"] = chance.one(MESSAGES)
        values["dietary_notes"] = "Allergic to nuts"
        values["date_of_birth"] = f"{1950 + number % 55}-07-0{1 + number % 9}"
        values["gender"] = "female" if number % 2 else "male"
        values["twitterhandle"] = f"@{name}{number}"
        values["hs_linkedin_url"] = f"https://social.example/in/{name}{number}"
    if chance.often(0.05):
        values["jobtitle"] = values["hs_lead_status"] = ""
        values["annualrevenue"] = "19999999999999.99"
        values["numemployees"] = str(number % 900 + 1)
