"""Made-up names, places and phrases for the seeded portals."""

from dataclasses import dataclass
from typing import Final

#: In every contact's family name, and in an e-mail address made from it; found nowhere else.
NAME_MARK: Final = "zqmark"

#: In every owner's family name.
OWNER_MARK: Final = "zqkeeper"

_FIRST_NAMES: Final = (
    "Ada Ágnes Ali Amélie Anneke Anton Åsa Beatriz Björn Bruno Carla Chloë Conor Daria Dieter "
    "Éloïse Emeka Esra Fatima Finn Françoise Giulia Grzegorz Hana Henrik Ines Ismail Jörg "
    "Jürgen Kateřina Kenji Léa Liam Łukasz Maëlle Magnus María Mehmet Mina Nadia Noor Ólafur "
    "Orla Paolo Petra Quentin Rania René Rosa Saoirse Selma Søren Tamsin Tomás Ulrike Viktor "
    "Wanjiru Xenia Yusuf Zoë"
)
FIRST_NAMES: Final = tuple(_FIRST_NAMES.split())
_FAMILY_STEMS: Final = (
    "Acker Albr Bauer Berg Blau Bosch Brandt Calder Castro Dahl Dietz Eck Falk Fjord Garcí "
    "Graf Haas Hart Holm Ibsen Jans Kahl Kowal Krüg Lund Lindq Mård Merc Moral Müll Nuñ Öster "
    "Oliv Petr Quint Rein Ros Sant Schä Sõber Stein Strand Svend Thor Tüb Ulm Vas Velt Weiß "
    "Wolk Yild Zeller"
)
FAMILY_STEMS: Final = tuple(_FAMILY_STEMS.split())
_COMPANY_WORDS: Final = (
    "Alder Amber Basalt Beacon Birch Brass Cedar Cinder Cobalt Copper Coral Delta Ember "
    "Falcon Fern Flint Granite Harbour Hazel Heron Indigo Juniper Kestrel Lantern Linden "
    "Lumen Maple Meridian Nimbus Onyx Orchard Osprey Pebble Pine Quarry Raven River Sable "
    "Slate Sparrow Summit Tern Thistle Timber Umber Vale Willow Zephyr"
)
COMPANY_WORDS: Final = tuple(_COMPANY_WORDS.split())
_COMPANY_TRADES: Final = (
    "Analytics Bakery Clinics Dynamics Energy Farms Foods Freight Glass Homes Labs Logistics "
    "Mills Motors Optics Paper Partners Print Robotics Schools Software Steel Systems "
    "Textiles Tools Travel Works"
)
COMPANY_TRADES: Final = tuple(_COMPANY_TRADES.split())
COMPANY_FORMS: Final = ("GmbH", "Ltd", "Inc.", "AG", "SARL", "AB", "& Co.", "")
JOB_TITLES: Final = (
    "Head of Operations",
    "Chief Executive",
    "Buyer",
    "Software Engineer",
    "Marketing Manager",
    "Office Manager",
    "Chief Financial Officer",
    "Sales Director",
    "Consultant",
    "Plant Manager",
)
MESSAGES: Final = (
    "Please call me back about the offer, best in the afternoon.",
    "Met at the fair in spring; wants a trial for twelve people.\nAsks for a discount.",
    "Prefers e-mail. Decision after the holidays.",
    'Said: "too expensive", yet asked for the price list twice.',
    "Wechselt im Herbst die Stelle, Nachfolge noch offen.",
)
LOST_REASONS: Final = (
    "Price",
    "Chose another supplier",
    "No budget this year",
    "Project stopped",
    "No answer any more",
)
WON_REASONS: Final = ("Best support", "Price", "Knew us from before", "Fast delivery")
NEXT_STEPS: Final = (
    "Send the offer",
    "Call on Monday",
    "Wait for legal",
    "Visit with a sample",
    "Agree on the date",
)
PRODUCT_NAMES: Final = ("Storage", "Analytics", "Support Plus", "Training", "On-premises")

#: Domains for e-mail addresses: plain, with capitals, with accents, an encoded one.
DOMAINS: Final = (
    "example.com",
    "example.org",
    "example.net",
    "mail.example",
    "post.example",
    "alder-works.example",
    "Example.COM",
    "müller-söhne.example",
    "café-zürich.example",
    "xn--bcher-kva.example",
)


@dataclass(frozen=True, kw_only=True)
class Country:
    """A country with how its phone numbers are written."""

    name: str
    region: str
    city: str
    state: str
    zip_digits: int
    language: str
    calling_code: str
    #: What a national number puts in front of the national digits.
    trunk: str
    #: The first digits of a subscriber's number, the rest is free.
    prefix: str
    free_digits: int


COUNTRIES: Final = (
    Country(
        name="Germany",
        region="DE",
        city="Köln",
        state="NRW",
        zip_digits=5,
        language="de",
        calling_code="49",
        trunk="0",
        prefix="1512",
        free_digits=7,
    ),
    Country(
        name="United States",
        region="US",
        city="Portland",
        state="OR",
        zip_digits=5,
        language="en",
        calling_code="1",
        trunk="",
        prefix="503234",
        free_digits=4,
    ),
    Country(
        name="United Kingdom",
        region="GB",
        city="Leeds",
        state="West Yorkshire",
        zip_digits=4,
        language="en",
        calling_code="44",
        trunk="0",
        prefix="7400",
        free_digits=6,
    ),
    Country(
        name="France",
        region="FR",
        city="Besançon",
        state="",
        zip_digits=5,
        language="fr",
        calling_code="33",
        trunk="0",
        prefix="612",
        free_digits=6,
    ),
    Country(
        name="Switzerland",
        region="CH",
        city="Zürich",
        state="ZH",
        zip_digits=4,
        language="de",
        calling_code="41",
        trunk="0",
        prefix="7920",
        free_digits=5,
    ),
    Country(
        name="Sweden",
        region="SE",
        city="Malmö",
        state="Skåne",
        zip_digits=5,
        language="sv",
        calling_code="46",
        trunk="0",
        prefix="7012",
        free_digits=5,
    ),
)
