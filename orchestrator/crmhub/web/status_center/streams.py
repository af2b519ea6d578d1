"""What people call the streams, from the mapping that says what is stored of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_crmhub_postgres.mapping import load_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_crmhub_postgres.mapping import Mapping as StoredMapping
    from target_crmhub_postgres.mapping import Stream


def stream_words(mapping: StoredMapping) -> dict[str, str]:
    """Stream → what people call many of its records, in the mapping's order."""
    return {name: _words(stream) for name, stream in mapping.streams.items()}


def _words(stream: Stream) -> str:
    """The stream's own name, or, where its records are but sets of links, what they link."""
    if stream.table is None and len(stream.sets) == 1:
        [links] = stream.sets
        return f"links of {links.owner.stream} to {links.member.stream}"
    return stream.name.replace("_", " ")


#: What people call HubSpot's streams, in the order in which they are shown.
STREAM_WORDS: Final[Mapping[str, str]] = stream_words(load_mapping("hubspot"))
