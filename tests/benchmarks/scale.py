"""How much is measured: in full, or just enough to see that all of it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The counts of one run of the benchmarks."""

    latency_ms: int
    #: Contacts of the full passes, and of the reading one after another.
    full_pass: int
    sequential: int
    #: Contacts changed before the incremental pass.
    changed: int
    #: Contacts and deals of the portal in which nothing changes, and how many change once.
    quiet: tuple[int, int]
    quiet_changed: int
    #: Rows that share one millisecond.
    same_millisecond: tuple[int, ...]
    #: Records of the emission, of the SDK's default path, and how often each is measured: the
    #: machine's other users can only slow it down.
    emission: tuple[int, ...]
    emission_sdk: int
    repeats: int


FULL = Scale(
    latency_ms=200,
    full_pass=50_000,
    sequential=50_000,
    changed=20_000,
    quiet=(5_000, 1_000),
    quiet_changed=1_000,
    same_millisecond=(15_000, 100_000),
    emission=(10_000, 100_000, 1_000_000),
    emission_sdk=100_000,
    repeats=5,
)
QUICK = Scale(
    latency_ms=20,
    full_pass=1_500,
    sequential=500,
    changed=800,
    quiet=(300, 60),
    quiet_changed=50,
    same_millisecond=(600, 1_200),
    emission=(1_000, 5_000),
    emission_sdk=1_000,
    repeats=1,
)
