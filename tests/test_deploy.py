"""The examples of how to run CRM Hub start what exists, with options that exist."""

from __future__ import annotations

import configparser
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from crmhub.cli.main import crmhub
from crmhub.sync.exit_status import EXIT_STATUSES

if TYPE_CHECKING:
    import click

DEPLOY = Path(__file__).parents[1] / "orchestrator" / "deploy"
#: The longest a run may still take once it is told to end, seconds.
GRACE_SECONDS = 10


def check_command(words: list[str]) -> dict[str, Any]:
    """The options of a command line of ours, as click reads them; fails if it refuses them."""
    assert Path(words[0]).name == "crmhub"
    command = crmhub.commands[words[1]]
    context: click.Context = command.make_context(words[1], words[2:])
    return dict(context.params)


def test_kubernetes_starts_commands_that_exist_and_waits_for_them_to_drain() -> None:
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
    for document in documents:
        pod = document["spec"]["template"]["spec"]
        for container in pod["containers"]:
            options = check_command(container["command"])
            if "drain_seconds" in options:
                longest = options["drain_seconds"] + GRACE_SECONDS
                assert pod["terminationGracePeriodSeconds"] > longest
                ports = [port["containerPort"] for port in container["ports"]]
                assert options["metrics_port"] in ports


def test_systemd_starts_a_command_that_exists_and_waits_for_it_to_drain() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(DEPLOY / "systemd" / "crmhub-worker.service")
    options = check_command(unit["Service"]["ExecStart"].split())
    assert int(unit["Service"]["TimeoutStopSec"]) > options["drain_seconds"] + GRACE_SECONDS


def test_systemd_starts_the_web_process() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(DEPLOY / "systemd" / "crmhub-web.service")
    assert check_command(unit["Service"]["ExecStart"].split())["web_port"] == 8080


def test_every_exit_status_is_explained() -> None:
    table = (DEPLOY / "README.md").read_text()
    explained = {int(status) for status in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    # 1 is of every command of ours: what it was to do did not begin.
    assert explained == {0, 1, *EXIT_STATUSES.values()}
