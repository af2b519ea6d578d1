# Two commands do everything a newcomer needs: `make demo` and `make test`.
.DEFAULT_GOAL := help
.PHONY: help install demo test test-logs test-long bench soak screenshots lint format schema lock audit

# Without bytecode every process starts three times slower.
unexport PYTHONDONTWRITEBYTECODE
export UV_COMPILE_BYTECODE = 1
# The environment of this clone comes first, so that Meltano finds our plugins.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Many tests wait for processes: more than two at a time have the two cores busy meanwhile.
PYTEST = .venv/bin/python -m pytest -n $(if $(filter test-long,$@),3,4) --dist worksteal

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

install:  ## make .venv from requirements.lock (fetches uv; writes in this clone and uv's cache only)
	@.ci/install

demo: install  ## two organisations, real syncs, a summary; ONCE=1 ends by itself
	@.venv/bin/crmhub demo $(if $(ONCE),--once)

test: install  ## every test once, some 5 minutes on 2 cores
	@$(PYTEST) -m "not long" $(ARGS)

test-logs: install  ## the same tests, and a look for secrets and people through all that they log
	@PYTHONPATH=tests $(PYTEST) -p security.log_scanner -m "not long" $(ARGS)

test-long: install  ## the tests with full counts, within 25 minutes on 2 cores
	@$(PYTEST) -m long $(ARGS)

bench: install  ## measure against limits and peers into tests/benchmarks/REPORT.md; ARGS=--quick for a look
	@cd tests && ../.venv/bin/python -m benchmarks $(ARGS)

soak: install  ## 200 connections, workers killed, the database restarted; HOURS=2: random histories for so long
	@cd tests && ../.venv/bin/python -m end_to_end$(if $(HOURS),.convergence --hours $(HOURS)) $(ARGS)

screenshots: install  ## renew the README's pictures of the Status Center (needs a Chromium)
	@CI=1 CRMHUB_SCREENSHOTS=$(CURDIR)/orchestrator/screenshots .venv/bin/python -m pytest -q \
		tests/browser/test_pictures.py

lint: install  ## ruff and strict types over code and tests
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

format: install  ## let ruff mend what it can
	@.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

schema: install  ## renew sql/schema.sql from the migrations
	@.venv/bin/python tests/sql/schema_dump.py

lock: install  ## renew requirements.lock from the pyproject files (ARGS=--upgrade for newer versions)
	@.uv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
		--python-version 3.11 --group dev --no-emit-package tap-hubspot-crm \
		--no-emit-package target-crmhub-postgres --no-emit-package crmhub \
		pyproject.toml --output-file requirements.lock $(ARGS)

audit: install  ## look for known vulnerabilities of what is locked (needs the advisories of the package index)
	@.uv/bin/uv tool run --quiet pip-audit==2.10.1 --strict --disable-pip --require-hashes -r requirements.lock
