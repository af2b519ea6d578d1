"""The application with the OpenAPI document of what programs may ask."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from typing_extensions import override

from crmhub.web.problems import Problem

DOCUMENT_PATH: Final = "/internal/openapi.json"


class DocumentedApp(FastAPI):
    """Its document names the problems, which FastAPI cannot see in the routes."""

    @override
    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            document["components"]["schemas"]["Problem"] = schema
            self.openapi_schema = document
        return self.openapi_schema
