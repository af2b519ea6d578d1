"""Many connections, several workers, kills and restarts: does every table equal its portal?

`python -m end_to_end --help` plays it at any size and prints what happened.
"""

from __future__ import annotations

import contextlib
import random
import signal
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from end_to_end.comparison import assert_equal_to_portal
from end_to_end.conftest import Scene
from end_to_end.fleet_report import FleetReport
from end_to_end.people import work_in
from end_to_end.remains import folders_of_runs, processes_of
from end_to_end.run_records import crossed_bookmarks, endings, longest_wait, overlaps, reasons
from end_to_end.workers import (
    WorkerProcess,
    running_worker,
    runs_of,
    worker_environment,
)
from target.own_server import own_server

from crmhub.connections import add_connection
from crmhub.database import connect
from crmhub.demo.stage import Organisation, Stage
from crmhub.engine.queue import request_sync
from crmhub.errors import CrmHubError
from crmhub.settings import DatabaseUrls
from crmhub.sync.launching import ColdLauncher
from crmhub.vault.keyring import SecretPlace, generate_key, read_keyring
from crmhub.vault.secret import Secret
from crmhub.vault.store import ACCESS_TOKEN, keep_secret
from hubspot_sandbox.server import running_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from end_to_end.fleet_report import FleetPlan
    from target.own_server import OwnServer

    from crmhub.vault.keyring import Keyring
    from hubspot_sandbox.sandbox import SandboxPortal

#: Short, so that what a killed worker held is soon taken over, seconds.
LEASE_SECONDS = 8
SALT = "a salt for a whole fleet of tests"


class Fleet:
    """The fleet while it lives."""

    def __init__(self, plan: FleetPlan, scene: Scene, server: OwnServer, folder: Path) -> None:
        self.plan = plan
        self.scene = scene
        self._server = server
        self._folder = folder
        self._chance = random.Random(plan.seed)
        self._environment = {
            **worker_environment(scene.stage),
            "TMPDIR": str(folder),
            "CRMHUB_LEASE_SECONDS": str(LEASE_SECONDS),
        }
        self._workers: list[tuple[contextlib.ExitStack, WorkerProcess]] = []
        self._edits = 0
        # Kills are spread over the time in which the fleet is loaded for the first time.
        self._longest_pause = max(2.0, plan.connections / 20)

    def start(self) -> None:
        """Start the workers."""
        for _ in range(self.plan.workers):
            self._start_worker()

    def close(self) -> None:
        """End what is left of the workers."""
        for running, _ in self._workers:
            running.close()

    def play(self, say: Callable[[str], None]) -> FleetReport:
        """Live through kills and restarts, come to rest, and compare."""
        began = time.monotonic()
        calm = threading.Event()
        living = threading.Thread(target=self._live, args=[calm])
        living.start()
        for number in range(1, self.plan.kills + 1):
            self._wait_for_a_run()
            time.sleep(self._chance.uniform(0.0, self._longest_pause))
            self._kill_one()
            if number in self._restarts():
                self._server.stop(immediate=number % 2 == 0)
                self._server.start()
            say(f"{number} of {self.plan.kills} workers killed")
        calm.set()
        living.join()
        say("coming to rest")
        self._come_to_rest(say)
        for _, worker in self._workers:
            worker.process.send_signal(signal.SIGTERM)
        for _, worker in self._workers:
            worker.process.wait()
        say("comparing")
        differing = sum(self._differs(each, say) for each in self.scene.stage.organisations)
        for reason in reasons(self.scene.database):
            say(f"runs that failed: {reason}")
        return FleetReport(
            runs=endings(self.scene.database),
            kills=self.plan.kills,
            restarts=len(self._restarts()),
            edits=self._edits,
            seconds=time.monotonic() - began,
            longest_wait=longest_wait(self.scene.database),
            overlaps=overlaps(self.scene.database),
            crossed=crossed_bookmarks(self.scene.database),
            compared=len(self.scene.stage.organisations),
            differing=differing,
            orphans=len(processes_of(self._folder)),
            left_over=len(folders_of_runs(self._folder)),
        )

    def _wait_for_a_run(self) -> None:
        """A worker that does nothing loses nothing."""
        until = time.monotonic() + 60.0
        while not self.scene.database.rows(
            "select id from crmhub.sync_runs where status = 'running'"
        ):
            assert time.monotonic() < until, "no run begins"
            time.sleep(0.1)

    def _restarts(self) -> set[int]:
        """After which kills the database is restarted: evenly spread."""
        return {
            round((each + 1) * self.plan.kills / (self.plan.restarts + 1))
            for each in range(self.plan.restarts)
        }

    def _start_worker(self) -> None:
        running = contextlib.ExitStack()
        worker = running.enter_context(
            running_worker(self._environment, f"--concurrency={self.plan.concurrency}")
        )
        self._workers.append((running, worker))

    def _kill_one(self) -> None:
        running, worker = self._workers.pop(self._chance.randrange(len(self._workers)))
        worker.end(signal.SIGKILL)
        running.close()
        self._start_worker()

    def _live(self, calm: threading.Event) -> None:
        """Work in the portals and press Sync Now, until it is calm."""
        chance = random.Random(self.plan.seed + 1)
        while not calm.wait(0.3):
            organisation = chance.choice(self.scene.stage.organisations)
            work_in(organisation.portal, chance)
            self._edits += 1
            # While the database restarts, nobody can press anything.
            with contextlib.suppress(CrmHubError):
                self._ask_for(organisation.connection_id)

    def _ask_for(self, connection_id: UUID) -> UUID:
        with connect(self.scene.stage.urls.orchestrator) as database:
            return request_sync(database, connection_id, trigger="manual").id

    def _come_to_rest(self, say: Callable[[str], None]) -> None:
        """Have every connection run with success once more after the last change."""
        open_ = {each.connection_id for each in self.scene.stage.organisations}
        until = time.monotonic() + 60.0 + 30.0 * len(open_)
        asked = dict.fromkeys(open_, 0.0)
        [now] = self.scene.database.rows("select clock_timestamp() as now")
        while open_:
            assert time.monotonic() < until, f"{len(open_)} connections did not come to rest"
            waiting = {row["connection_id"] for row in runs_of(self.scene, "pending")}
            for connection_id in open_ - waiting:
                if time.monotonic() - asked[connection_id] > 5 * LEASE_SECONDS:
                    self._ask_for(connection_id)
                    asked[connection_id] = time.monotonic()
            time.sleep(1.0)
            done = self.scene.database.rows(
                "select distinct connection_id from crmhub.sync_runs "
                "where status = 'succeeded' and started_at > %s",
                [now["now"]],
            )
            if open_ & {row["connection_id"] for row in done}:
                open_ -= {row["connection_id"] for row in done}
                say(f"{len(asked) - len(open_)} of {len(asked)} connections at rest")
        # A run that is still recorded as running belongs to a worker that was killed.
        while runs_of(self.scene, "running"):
            assert time.monotonic() < until, "a lost run was not ended"
            time.sleep(0.5)

    def _differs(self, organisation: Organisation, say: Callable[[str], None]) -> bool:
        try:
            assert_equal_to_portal(self.scene, organisation)
        except AssertionError as difference:
            said = "; ".join(str(difference).splitlines()[:3])
            say(f"connection {organisation.connection_id} differs from its portal: {said}")
            return True
        return False


@contextlib.contextmanager
def fleet(plan: FleetPlan) -> Iterator[Fleet]:
    """A fleet with its own server, sandbox and workers until the block ends."""
    with (
        own_server() as server,
        running_sandbox() as sandbox,
        tempfile.TemporaryDirectory(prefix="crmhub-fleet-") as folder,
    ):
        urls = DatabaseUrls(
            **{role.removeprefix("crmhub_"): url for role, url in server.database.logins.items()}
        )
        key = generate_key().reveal()
        orgs = [UUID(int=number + 1, version=4) for number in range(plan.orgs)]
        organisations = tuple(
            _connected(
                urls,
                sandbox.sandbox.add_portal(contacts=20, deals=8, seed=plan.seed + number),
                orgs[number % plan.orgs],
                read_keyring(key),
            )
            for number in range(plan.connections)
        )
        stage = Stage(
            admin_url=server.relayed_url,
            urls=urls,
            api_url=sandbox.url,
            salt=SALT,
            encryption_key=key,
            organisations=organisations,
            launcher=ColdLauncher(),
        )
        database = replace(server.database, url=server.relayed_url)
        scene = Scene(stage=stage, database=database, sandbox=sandbox)
        living = Fleet(plan, scene, server, Path(folder))
        try:
            living.start()
            yield living
        finally:
            living.close()


def _connected(
    urls: DatabaseUrls, portal: SandboxPortal, org_id: UUID, keyring: Keyring
) -> Organisation:
    with connect(urls.orchestrator) as database:
        connection = add_connection(
            database,
            org_id=org_id,
            external_account_id=str(portal.portal_id),
            # What was archived, and links of archived contacts, otherwise wait for their intervals.
            config={"archived_interval_minutes": 0, "associations_interval_minutes": 0},
        )
        place = SecretPlace(org_id=org_id, connection_id=connection.id, name=ACCESS_TOKEN)
        keep_secret(database, keyring, place, Secret(portal.access_token))
    return Organisation(
        name=str(portal.portal_id),
        org_id=org_id,
        connection_id=connection.id,
        portal=portal,
        shared_contact="",
    )
