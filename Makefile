# Bare `make` lists what there is. The words behind ## are the list.
.DEFAULT_GOAL := help
.PHONY: help setup run check fix test audit soak bench demo e2e docs migration lock clean

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PY := .venv/bin/python
INSTALLED := .venv/installed
# one pytest process for each core
PYTEST := $(PY) -m pytest -n auto
LOCK := .venv/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --custom-compile-command 'make lock' $(with)

help:
	@sed -n 's/^\([a-z0-9]*\):.*## /  make \1\t/p' Makefile | expand -t 20

setup: $(INSTALLED)  ## .venv from the hashed requirement files, when they have changed

$(INSTALLED): requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing:" \
		"apt-get install python$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv" >&2; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

run: setup .env  ## the bot with .env: all roles in one process
	set -a; . ./.env; exec $(PY) -m bot run

.env:
	@cp .env.example .env; chmod 600 .env
	@echo "make run: .env is new; fill it in and run again" >&2; exit 1

check: setup  ## everything CI checks; changes nothing
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	$(PYTEST)

fix: setup  ## format, mend what can be mended, write the generated pages anew
	.venv/bin/ruff format
	.venv/bin/ruff check --fix
	$(PY) -m tests.reference

test: setup  ## the tests, or some: make test k=ending
	$(PYTEST) $(if $(k),-k '$(k)')

audit: setup  ## whether what we build on is known to be vulnerable; asks OSV: "Error 1" is a finding, 3 no answer
	$(PY) -m tests.audit

soak: setup  ## every proof, far beyond CI: make soak seeds=100000 lives=2000 races=200 fuzz=200
	$(PY) -m tests.simulation --from 500 --seeds $(or $(seeds),100000)
	$(PY) -m tests.simulation --mutants --seeds 4000
	TEST_LIVES=$(or $(lives),2000) $(PY) -m pytest -n0 tests/test_lifecycle_machine.py
	TEST_RACES=$(or $(races),200) $(PY) -m pytest -n0 -v tests/test_races_*.py
	TEST_MATRICES=whole TEST_FUZZ=$(or $(fuzz),200) $(PY) -m pytest -n0 tests/test_fuzz.py
	$(PY) -m tests.kills
	TEST_MATRICES=whole $(PYTEST)

bench: setup  ## how fast, beside a yardstick: make bench short=1, or piece=forms size=100x20x500 database=sqlite
	$(PY) -m tests.bench $(if $(short),--short) $(foreach each,$(piece),--piece $(each)) \
		$(foreach each,$(size),--size $(each)) $(foreach each,$(database),--database $(each)) \
		$(if $(counts),--counts) $(if $(draw),--draw)

demo: setup  ## the bot beside a local Slack and a stand-in for AWS, to click in
	$(PY) -m tests.demo

e2e: setup  ## the tests in a browser
	$(PY) -m pytest tests/e2e -m e2e

docs: setup  ## write docs/reference anew
	$(PY) -m tests.reference

migration: setup  ## a new migration from the tables: make migration m='what changes'
	@test -n "$(m)" || { echo "make migration: say what changes: m='…'" >&2; exit 2; }
	rm -f build/migration.db; mkdir -p build
	DATABASE_URL=sqlite:///build/migration.db $(PY) -m bot migrate
	DATABASE_URL=sqlite:///build/migration.db .venv/bin/alembic revision --autogenerate -m '$(m)' \
		--rev-id $$(printf %04d $$(($$(ls storage/migrations/versions/[0-9]*.py | wc -l) + 1)))

lock: setup  ## the requirement files from pyproject.toml; newer versions: make lock with=--upgrade
	$(LOCK) -o requirements.txt
	$(LOCK) --group dev -c requirements.txt -o requirements-dev.txt

clean:  ## away with what the tools left; .venv and databases stay
	rm -rf build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
