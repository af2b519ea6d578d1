"""Seeded contacts: people with addresses, telephone numbers, stages and sources."""

import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from random import Random
from typing import Final

from hubspot_sandbox.clock import DAY_MS, iso
from hubspot_sandbox.contact_properties import (
    LEAD_STATUSES,
    LIFECYCLE_STAGES,
    PRODUCTS,
    SOURCES,
)
from hubspot_sandbox.pipelines import Owner
from hubspot_sandbox.records import Record
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
_ODD_PHONES: Final = ("call reception", "n/a", "ext. 12", "0800 REACH US")


def make_contact(
    rng: Random, number: int, record_id: int, until: int, owners: Sequence[Owner]
) -> Record:
    """Return the contact with this running number, made and last modified before `until` (ms)."""
    age = rng.random()
    created = until - 1 - int(age * age * SPREAD_DAYS * DAY_MS)
    modified = created + int(rng.random() ** 2 * (until - created))
    country = COUNTRIES[int(rng.random() * rng.random() * len(COUNTRIES))]
    values = _person(rng, number)
    _add_place(values, rng, country)
    _add_phones(values, rng, country)
    _add_business(values, rng, created, modified, owners)
    _add_oddities(values, rng, number)
    return Record(id=record_id, created_at=created, modified_at=modified, properties=values)


def company_name(rng: Random) -> str:
    """Return the name of a made-up company."""
    words = (_one(rng, COMPANY_WORDS), _one(rng, COMPANY_TRADES), _one(rng, COMPANY_FORMS))
    return " ".join(word for word in words if word)


def _one(rng: Random, words: Sequence[str]) -> str:
    return words[int(rng.random() * len(words))]


def _person(rng: Random, number: int) -> dict[str, str]:
    first = _one(rng, FIRST_NAMES)
    last = _one(rng, FAMILY_STEMS) + NAME_MARK
    domain = _one(rng, DOMAINS)
    style = rng.random()
    local = f"{_ascii(first)}.{_ascii(last)}{number}".lower()
    if style < 0.05:  # noqa: PLR2004  # one in twenty keeps accents
        local = f"{first}.{last}{number}"
    elif style < 0.12:  # noqa: PLR2004  # some write capitals
        local = f"{_ascii(first)}.{_ascii(last)}{number}"
    elif style < 0.17:  # noqa: PLR2004  # and some a tag
        local += "+news"
    values = {
        "firstname": first,
        "lastname": last,
        "email": f"{local}@{domain}",
        "hs_full_name_or_email": f"{first} {last}",
        "hs_email_domain": domain.lower(),
        "company": company_name(rng),
        "jobtitle": _one(rng, JOB_TITLES),
    }
    if style > 0.9:  # noqa: PLR2004  # a tenth has more than one address
        values["hs_additional_emails"] = ";".join(
            f"{_ascii(last).lower()}{number}.{n}@{_one(rng, DOMAINS)}"
            for n in range(1 + number % 3)
        )
        values["work_email"] = f"w.{_ascii(last).lower()}{number}@example.org"
    if style > 0.97:  # noqa: PLR2004  # a few gave only a name
        del values["email"], values["hs_email_domain"]
    return values


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ø", "o"))
    return plain.encode("ascii", "ignore").decode()


def _add_place(values: dict[str, str], rng: Random, country: Country) -> None:
    values["country"] = country.name
    values["city"] = country.city
    if country.state:
        values["state"] = country.state
    draw = rng.random()
    values["zip"] = str(int((1 + draw * 8.9) * 10 ** (country.zip_digits - 1)))
    values["hs_language"] = country.language
    if draw < 0.4:  # noqa: PLR2004  # the share with a street
        values["address"] = f"{int(draw * 500) + 1} {_one(rng, COMPANY_WORDS)} Street"
        values["ip_country"] = country.name.lower()
        values["ip_city"] = country.city.lower()
        values["hs_analytics_first_url"] = f"https://www.example.com/{values['hs_language']}/start"


def _add_phones(values: dict[str, str], rng: Random, country: Country) -> None:
    draw = rng.random()
    subscriber = (
        country.prefix + f"{int(rng.random() * 10**country.free_digits):0{country.free_digits}d}"
    )
    international = f"+{country.calling_code}{subscriber}"
    if draw < 0.62:  # noqa: PLR2004  # the share HubSpot can work out
        values["phone"] = _written(rng, country, subscriber, international)
        values["hs_calculated_phone_number"] = international
        values["hs_calculated_phone_number_country_code"] = country.region
        values["hs_calculated_phone_number_region_code"] = country.calling_code
        values["hs_searchable_calculated_phone_number"] = subscriber
    elif draw < 0.72:  # noqa: PLR2004  # national and no country given: HubSpot can't
        values["phone"] = country.trunk + subscriber
        del values["country"]
    elif draw < 0.78:  # noqa: PLR2004  # typed into the wrong box
        values["phone"] = _one(rng, _ODD_PHONES)
    elif draw < 0.84:  # noqa: PLR2004  # had one once
        values["phone"] = ""
    if draw < 0.2:  # noqa: PLR2004  # the share with a mobile number too
        mobile = (
            f"+{country.calling_code}{country.prefix}" + subscriber[-country.free_digits :][::-1]
        )
        values["mobilephone"] = mobile
        values["hs_calculated_mobile_number"] = mobile
        if draw < 0.05:  # noqa: PLR2004  # and with more
            values["hs_whatsapp_phone_number"] = mobile
            values["fax"] = international


def _written(rng: Random, country: Country, subscriber: str, international: str) -> str:
    """Return a number as people write it: bare, spaced, or as dialled at home."""
    style = rng.random()
    if style < 0.4:  # noqa: PLR2004  # as a form stores it
        return international
    head, tail = subscriber[:3], subscriber[3:]
    if style < 0.6:  # noqa: PLR2004  # as on a card
        return f"+{country.calling_code} {head} {tail}"
    return f"({country.trunk}{head}) {tail}" if style < 0.7 else f"{country.trunk}{head}-{tail}"  # noqa: PLR2004


def _add_business(
    values: dict[str, str], rng: Random, created: int, modified: int, owners: Sequence[Owner]
) -> None:
    draw = rng.random()
    values["lifecyclestage"] = _STAGES[int(draw * len(_STAGES))]
    values["hs_analytics_source"] = values["hs_latest_source"] = _one(rng, _SOURCES)
    values["hs_latest_source_timestamp"] = iso(modified)
    if draw < 0.75:  # noqa: PLR2004  # the rest was never worked on
        values["hs_lead_status"] = _one(rng, _STATUSES)
        values["hs_lifecyclestage_lead_date"] = iso(created)
        values["num_notes"] = str(int(draw * 30))
        values["num_contacted_notes"] = str(int(draw * 12))
        values["notes_last_updated"] = iso(modified)
    if owners and draw < 0.85:  # noqa: PLR2004  # the share that has an owner
        owner = owners[int(rng.random() * len(owners))]
        values["hubspot_owner_id"] = str(owner.id)
        values["hubspot_owner_assigneddate"] = iso(created)
    values["hs_analytics_num_page_views"] = str(int(draw * 90))
    values["hs_analytics_num_visits"] = str(int(draw * 20))
    values["hs_email_optout"] = "true" if draw > 0.95 else "false"  # noqa: PLR2004  # few opt out


def _add_oddities(values: dict[str, str], rng: Random, number: int) -> None:
    """Add what is rare and hard: exact decimals, cleared values, several choices, free text."""
    draw = rng.random()
    if draw < 0.3:  # noqa: PLR2004  # a float's exact decimals: about 50 digits
        values["hs_predictivecontactscore_v2"] = str(Decimal(draw))
    if draw < 0.2:  # noqa: PLR2004
        values["favourite_products"] = ";".join(_PRODUCTS[: 1 + number % len(_PRODUCTS)])
        values["loyalty_points"] = str(number * 7)
        values["customer_since"] = (
            f"20{10 + number % 15}-{1 + number % 12:02d}-{1 + number % 28:02d}"
        )
    if draw < 0.1:  # noqa: PLR2004
        values["message"] = _one(rng, MESSAGES)
        values["dietary_notes"] = "Allergic to nuts"
        values["date_of_birth"] = f"{1950 + number % 55}-07-0{1 + number % 9}"
        values["gender"] = "female" if number % 2 else "male"
        values["twitterhandle"] = f"@{values['lastname'].lower()}{number}"
        values["hs_linkedin_url"] = (
            f"https://social.example/in/{values['lastname'].lower()}{number}"
        )
    if draw > 0.95:  # noqa: PLR2004
        values["jobtitle"] = values["hs_lead_status"] = ""
        values["annualrevenue"] = "19999999999999.99"
        values["numemployees"] = str(number % 900 + 1)
