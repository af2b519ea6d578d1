"""The SDK's own tests of targets, with files of our streams.

The SDK's files name streams of their own, which this target refuses by design. Left out are the
tests of what it does not do: columns made from a schema (`camelcase`, `camelcase_complex_schema`,
`special_chars_in_attributes`), streams without a key or with another one (`no_primary_keys`,
`pk_updates`), and a schema without properties, which it refuses (`schema_no_properties`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from singer_sdk.testing import get_target_test_class, target_tests
from singer_sdk.testing.runners import TargetTestRunner
from singer_sdk.testing.suites import SingerTestSuite
from singer_sdk.testing.templates import TargetFileTestTemplate
from target.loading import FIXTURES
from typing_extensions import override

from target_crmhub_postgres.target import TargetCrmHubPostgres

if TYPE_CHECKING:
    from pathlib import Path

    from target.loading import Hub


class OnOurStreams(TargetFileTestTemplate):
    """An SDK test with a file of ours, and the rows that it leaves."""

    #: Table → columns, and the rows of them that the file leaves.
    leaves: ClassVar[dict[tuple[str, ...], list[tuple[object, ...]]]]
    resource: Hub

    @property
    @override
    def singer_filepath(self) -> Path:
        return FIXTURES / "sdk" / f"{self.name}.singer"

    @override
    def validate(self) -> None:
        for (table, *columns), rows in self.leaves.items():
            assert [tuple(row.values()) for row in self.resource.rows(table, *columns)] == rows


class TargetDuplicateRecords(OnOurStreams, target_tests.TargetDuplicateRecords):
    leaves: ClassVar[dict[tuple[str, ...], list[tuple[object, ...]]]] = {
        ("crm_contacts", "external_id", "lifecycle_stage"): [("1", "customer"), ("2", "customer")]
    }


class TargetEncodedStringData(OnOurStreams, target_tests.TargetEncodedStringData):
    leaves: ClassVar[dict[tuple[str, ...], list[tuple[object, ...]]]] = {
        ("crm_deals", "external_id", "name"): [
            ("1", "simple"),
            ("2", "çé©Ωñ 漢字 🎉"),
            ("3", 'my 🎉 "quoted" \\ tab\t line\n'),
        ]
    }


class TargetArrayData(OnOurStreams, target_tests.TargetArrayData):
    leaves: ClassVar[dict[tuple[str, ...], list[tuple[object, ...]]]] = {
        ("crm_deal_contacts", "deal_external_id", "contact_external_id", "labels"): [
            ("1", "10", []),
            ("1", "11", ["Buyer"]),
        ]
    }


class TargetInvalidSchema(OnOurStreams, target_tests.TargetInvalidSchemaTest):
    leaves: ClassVar[dict[tuple[str, ...], list[tuple[object, ...]]]] = {("crm_contacts",): []}


class TargetOptionalAttributes(OnOurStreams, target_tests.TargetOptionalAttributes):
    leaves: ClassVar[dict[tuple[str, ...], list[tuple[object, ...]]]] = {
        ("crm_contacts", "external_id", "lifecycle_stage"): [
            ("1", "lead"),
            ("2", None),
            ("3", None),
        ]
    }


class TargetRecordBeforeSchema(OnOurStreams, target_tests.TargetRecordBeforeSchemaTest):
    leaves: ClassVar[dict[tuple[str, ...], list[tuple[object, ...]]]] = {("crm_contacts",): []}


class TargetRecordMissingKey(OnOurStreams, target_tests.TargetRecordMissingKeyProperty):
    leaves: ClassVar[dict[tuple[str, ...], list[tuple[object, ...]]]] = {("crm_contacts",): []}


class TargetRecordMissingFields(OnOurStreams, target_tests.TargetRecordMissingOptionalFields):
    leaves: ClassVar[dict[tuple[str, ...], list[tuple[object, ...]]]] = {
        ("crm_deals", "external_id", "name"): [("1", "whole"), ("2", None)]
    }


class TargetSchemaUpdates(OnOurStreams, target_tests.TargetSchemaUpdates):
    leaves: ClassVar[dict[tuple[str, ...], list[tuple[object, ...]]]] = {
        ("crm_contacts", "external_id", "lifecycle_stage"): [("1", None), ("2", "lead")]
    }


SUITE = SingerTestSuite(
    kind="target",
    tests=[
        target_tests.TargetCliPrintsTest,
        TargetArrayData,
        TargetDuplicateRecords,
        TargetEncodedStringData,
        TargetInvalidSchema,
        TargetOptionalAttributes,
        TargetRecordBeforeSchema,
        TargetRecordMissingFields,
        TargetRecordMissingKey,
        TargetSchemaUpdates,
    ],
)

SdkTests: Any = get_target_test_class(
    TargetCrmHubPostgres, custom_suites=[SUITE], include_target_tests=False
)


class TestTarget(SdkTests):  # type: ignore[misc]  # a class made at run time
    """Each test into a database of its own."""

    @pytest.fixture
    def resource(self, hub: Hub) -> Hub:
        return hub

    @pytest.fixture
    def runner(self, hub: Hub) -> TargetTestRunner:
        return TargetTestRunner(target_class=TargetCrmHubPostgres, config=hub.config)
