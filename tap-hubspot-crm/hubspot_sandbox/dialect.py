"""What HubSpot's documents and recordings disagree on: each a switch, the likeliest the default.

README.md beside this file says where each behaviour was seen.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

#: What the list takes for `after`: any id; or only what it gave out, and anything else begins from
#: the start, is rounded down, is refused, or is a 500; or only text that tells nothing.
CursorStyle: TypeAlias = Literal["id", "restart", "rounded", "refused", "error", "opaque"]

#: Only the silent ids are missing; the same with `status: PENDING`; or nothing is there.
SilenceForm: TypeAlias = Literal["left_out", "pending", "empty"]


def _check_share(share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError("a share must be from 0 to 1")


@dataclass(frozen=True, kw_only=True)
class Lapse:
    """A wrong answer for some ids: so many times in a row, then three right ones, and so on."""

    #: Share of the ids that this can happen to.
    share: float = 0.0
    #: Wrong answers in a row; None: always.
    times: int | None = 1

    def __post_init__(self) -> None:
        """Refuse a share that can't be."""
        _check_share(self.share)


@dataclass(frozen=True, kw_only=True)
class Silence(Lapse):
    """An answer that holds neither a result nor an error for some of the ids asked."""

    form: SilenceForm = "left_out"
    #: Whether an id that is asked alone is always answered.
    answers_alone: bool = False


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Records that HubSpot can't read, whoever asks and however often."""

    share: float = 0.0
    #: These too, such as `deals/51`.
    records: tuple[str, ...] = ()
    #: A 500 for the whole request, or an entry of the answer's `errors` (not OBJECT_NOT_FOUND).
    answer: Literal["500", "error"] = "500"

    def __post_init__(self) -> None:
        """Refuse a share that can't be."""
        _check_share(self.share)


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How HubSpot speaks where its documents leave it open."""

    #: Which ids, rows and pages the shares below fall on.
    seed: int = 0
    #: Longest request address in characters.
    uri_limit: int = 16_200
    #: Status of a batch answer with errors in it.
    partial_status: int = 207
    #: Whether the errors of a batch answer name the ids they are about.
    errors_name_ids: bool = True

    #: Status of the listing of sensitive properties for a token without the scope.
    sensitive_listing: Literal["200", "400", "403", "404"] = "200"
    #: What naming a property does that the token may not read: a 403 for the whole request, or
    #: nothing.
    sensitive_naming: Literal["refused", "ignored"] = "refused"
    #: Properties that need the sensitive scope in one kind of request only.
    list_sensitive: tuple[str, ...] = ()
    batch_sensitive: tuple[str, ...] = ()
    search_sensitive: tuple[str, ...] = ()

    #: Where a 403 for a missing scope names the scope.
    scopes_in: Literal["errors", "context", "nowhere"] = "errors"
    #: What it names: the scope, several that would each do, markup, or a megabyte of text.
    scopes_named: Literal["one", "alternatives", "markup", "megabyte"] = "one"
    #: Whether such a 403 has the category MISSING_SCOPES.
    scopes_category: bool = True

    #: Most records a page of the list; a 400 above.
    list_limit: int = 100
    #: Whether the list begins where a made-up `after` says.
    list_cursor: CursorStyle = "id"
    #: The cursors of the list lead round after so many pages; 0: to its end.
    list_cursor_cycle: int = 0
    #: Whether a page with a record of `batch_refusal` is a 500, unless no property is named.
    list_refuses: bool = False
    #: Whether the rows of a list page come in no order; the pages still follow each other.
    shuffles_list_pages: bool = False

    #: Most ids in a batch read; a 400 above.
    batch_inputs: int = 100
    #: Most properties in a batch read, a 500 above; None: no bound.
    batch_properties: int | None = None
    #: Ids that a batch read passes over.
    batch_silence: Silence = field(default_factory=Silence)
    #: Records that are there and are said not to be.
    batch_missing: Lapse = field(default_factory=Lapse)
    #: Records that no batch read answers.
    batch_refusal: Refusal = field(default_factory=Refusal)
    #: What comes where none of the ids exists: the usual errors, or one 404.
    batch_all_missing: Literal["errors", "404"] = "errors"
    #: Whether `archived=true` finds archived records.
    batch_reads_archived: bool = True

    #: Most ids in a batch read of associations; a 400 above.
    associations_inputs: int = 1_000
    #: Linked records a page of an associations batch read.
    associations_page: int = 500
    #: The cursors of one record's associations lead round after so many pages; 0: to their end.
    associations_cursor_cycle: int = 0
    #: Ids that a batch read of associations passes over.
    associations_silence: Silence = field(default_factory=Silence)
    #: Records with associations that are said to have none.
    associations_missing: Lapse = field(default_factory=Lapse)
    #: Records whose associations can't be read.
    associations_refusal: Refusal = field(default_factory=Refusal)

    #: Longest body of a search in characters; None: the documented 3,000 hold for `query` only.
    search_body_limit: int | None = None
    #: How a sort by id compares ids; none: the search sorts nothing.
    search_sort: Literal["number", "text", "none"] = "number"
    #: How a filter on ids compares them.
    search_filter: Literal["number", "text"] = "number"
    #: Share of the pages whose last row changes places with the first of the next page.
    search_swapped_ends: float = 0.0
    #: Share of the rows that come too early or too late.
    search_displaced: float = 0.0
    #: By how many places they do.
    search_displaced_by: int = 300
    #: What `total` says: how many there are; nothing; a negative number; more with every answer;
    #: half; one more than any search shows.
    search_total: Literal["exact", "missing", "negative", "growing", "low", "high"] = "exact"

    def __post_init__(self) -> None:
        """Refuse a share that can't be."""
        _check_share(self.search_swapped_ends)
        _check_share(self.search_displaced)
