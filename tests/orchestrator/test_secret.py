"""A secret stays where it is."""

from __future__ import annotations

import copy
import json
import pickle
import traceback

import pytest

from crmhub.vault.secret import Secret

TOKEN = "na1-made-up-and-marked"


def test_every_way_to_print_a_secret_prints_stars() -> None:
    secret = Secret(TOKEN)
    said = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{secret!r}", f"{[secret]}"]
    said.append("%s %r" % (secret, secret))  # noqa: UP031 - one of the ways
    assert not [each for each in said if TOKEN in each]
    assert all("*****" in each for each in said)
    assert secret.reveal() == TOKEN


def test_a_secret_is_neither_pickled_nor_copied_nor_serialised() -> None:
    secret = Secret(TOKEN)
    for way in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps, hash, vars):
        with pytest.raises(TypeError):
            way(secret)
    with pytest.raises(TypeError):
        secret.__getstate__()


def test_a_secret_equals_the_same_secret_and_no_text() -> None:
    assert Secret(TOKEN) == Secret(TOKEN)
    assert Secret(TOKEN) != Secret(TOKEN + "!")
    assert Secret(TOKEN) != TOKEN
    assert Secret("ü") != Secret("u")


def test_a_traceback_with_local_variables_holds_no_secret() -> None:
    def fail() -> None:
        secret = Secret(TOKEN)
        raise ValueError(f"refused {secret}")

    with pytest.raises(ValueError, match="refused") as failed:
        fail()
    told = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
    assert "secret = Secret(********)" in "".join(told.format())
    assert TOKEN not in "".join(told.format())
