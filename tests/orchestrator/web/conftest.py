"""The application that the tests of this folder ask."""

from orchestrator.web.fixtures import org, row_maker, web, web_database, web_sandbox

__all__ = ["org", "row_maker", "web", "web_database", "web_sandbox"]
