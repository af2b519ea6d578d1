"""What batch reads of records and of associations have in common: inputs, errors, silence."""

from collections.abc import Sequence

from hubspot_sandbox.calls import Answer, Call, JsonObject, objects
from hubspot_sandbox.clock import iso
from hubspot_sandbox.dialect import Lapse, Refusal, Silence
from hubspot_sandbox.errors import internal_error, invalid_request


def input_ids(call: Call, switch: str, limit: int) -> list[str]:
    """Return the ids of a batch's `inputs`; the switch is the one that says how many there may be.

    Raises:
        ApiError: none, more than `limit`, or one without an id.
    """
    inputs = objects(call.body, "inputs")
    if not inputs:
        raise invalid_request("inputs must hold at least one id", field=["inputs"])
    if len(inputs) > limit:
        call.quirks.count(switch)
        raise invalid_request(
            f"The maximum number of inputs supported in a batch request is {limit}",
            field=["inputs"],
        )
    ids = [entry.get("id") for entry in inputs]
    if not all(isinstance(value, (str, int)) for value in ids):
        raise invalid_request("every input must have an id", field=["inputs"])
    return [str(value) for value in ids]


class BatchAnswer:
    """Gathers what a batch read answers, and leaves out what the dialect is silent about.

    Args:
        call: The request.
        silence: Which of its ids it passes over.
        name: Of the area in the dialect's switches: `batch` or `associations`.
        key: What tells its ids from those of other requests, beside the portal.
    """

    def __init__(self, call: Call, silence: Silence, name: str, *key: str) -> None:
        self.results: list[JsonObject] = []
        self.has_silent_ids = False
        self._call = call
        self._silence = silence
        self._name = name
        self._key = (call.portal.portal_id, *key)
        self._errors: list[JsonObject] = []
        self._started = iso(call.portal.clock.now_ms())

    def is_silent(self, record_id: str, *, is_alone: bool) -> bool:
        """Return whether the answer passes an id over, and remember that it was asked."""
        if is_alone and self._silence.answers_alone:
            return False
        is_silent = self._lapses(self._silence, f"{self._name}_silence", record_id)
        self.has_silent_ids |= is_silent
        return is_silent

    def is_said_missing(self, record_id: str) -> bool:
        """Return whether a record that is there is said not to be."""
        dialect = self._call.dialect
        lapse = dialect.batch_missing if self._name == "batch" else dialect.associations_missing
        return self._lapses(lapse, f"{self._name}_missing", record_id)

    def add_error(
        self, category: str, message: str, context: dict[str, list[str]], **parts: object
    ) -> None:
        """Add one entry to the answer's `errors`."""
        named = {"context": context} if self._call.dialect.errors_name_ids else {}
        self._errors.append(
            {
                "status": "error",
                "category": category,
                **parts,
                "message": message,
                **named,
                "errors": [],
                "links": {},
            }
        )

    def refuse(self, refusal: Refusal, context: str, ids: Sequence[str]) -> None:
        """Say that HubSpot can't read these ids, named in the error's context by this word.

        Raises:
            ApiError: the dialect refuses the whole request.
        """
        if not ids:
            return
        self._call.quirks.count(f"{self._name}_refusal", len(ids))
        if refusal.answer == "500":
            raise internal_error()
        self.add_error("INTERNAL_ERROR", "internal error", {context: list(ids)})

    def answer(self) -> Answer:
        """Return the whole answer."""
        is_empty = self.has_silent_ids and self._silence.form == "empty"
        is_pending = self.has_silent_ids and self._silence.form == "pending"
        errors = [] if is_empty else self._errors
        body: JsonObject = {
            "status": "PENDING" if is_pending else "COMPLETE",
            "results": [] if is_empty else self.results,
        }
        if errors:
            body |= {"numErrors": len(errors), "errors": errors}
        body |= {"startedAt": self._started, "completedAt": iso(self._call.portal.clock.now_ms())}
        return Answer(body=body, status=self._call.dialect.partial_status if errors else 200)

    def _lapses(self, lapse: Lapse, switch: str, record_id: str) -> bool:
        if not lapse.share:
            return False
        key = (switch, *self._key, record_id)
        lapses = self._call.quirks.lapses(lapse, self._call.dialect.seed, *key)
        self._call.quirks.count(switch, lapses)
        return lapses
