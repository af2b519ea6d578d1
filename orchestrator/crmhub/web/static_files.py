"""Style sheet, scripts and icon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.staticfiles import StaticFiles
from typing_extensions import override

if TYPE_CHECKING:
    import os

    from starlette.responses import Response
    from starlette.types import Scope


class CheckedFiles(StaticFiles):
    """Files that a browser keeps and asks about each time: a page never has an older style."""

    @override
    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """The file, or that it has not changed."""
        answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers["Cache-Control"] = "no-cache"
        return answer
