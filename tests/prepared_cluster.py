"""The files of a PostgreSQL server with our schema and logins: made once a test run, then copied.

To initialise and migrate a server costs two to three seconds of a core, to copy one a tenth of one.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crmhub.embedded_postgres import embedded_postgres
from crmhub.migrate import migrate
from crmhub.roles import create_logins

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Where the controller of a test run says in which folder the files belong.
FOLDER: Final = "CRMHUB_TEST_CLUSTER"
#: A test's server need not outlive the machine, and its passwords protect nothing: to check one of
#: the usual 4096 rounds takes longer than most statements of a test.
CHEAP: Final[Mapping[str, str]] = {"fsync": "off", "scram_iterations": "1"}


def copy_prepared_cluster(directory: Path) -> Mapping[str, str] | None:
    """Put the files of a server into a directory that is not there yet.

    Returns the addresses of its logins, by role, with a port that is no longer right; None where
    nobody said in which folder such files are kept.
    """
    if (folder := os.environ.get(FOLDER)) is None:
        return None
    prepared = Path(folder)
    with (prepared / "lock").open("w") as lock:
        # Several processes may want it first; one makes it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        logins = prepared / "logins.json"
        if not logins.exists():
            with embedded_postgres(prepared / "server", settings=CHEAP) as server:
                migrate(server.url)
                logins.write_text(json.dumps(create_logins(server.url)))
    subprocess.run(["cp", "-a", prepared / "server", directory], check=True)
    told: dict[str, str] = json.loads(logins.read_text())
    return told
