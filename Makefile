# `make help` lists the targets. Each does its own set-up: all it needs is Python 3.11 or newer
# (with venv) and make.

PORT ?= 8080
# Arguments for pytest: make test ARGS="tests/ingest -k spool"
ARGS ?=
# More than cores: who waits for a broker that is away needs none.
WORKERS ?= 3

SHELL := /bin/sh
export PYTHON
export TARGET := $(firstword $(MAKECMDGOALS))

.DEFAULT_GOAL := help
.PHONY: help run run-kafka test lint format bench campaign lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

run: ## install what is missing, then start the sample mission (PORT=8080)
	@sh deploy/setup/announce.sh
	@sh deploy/setup/python.sh run
	@sh deploy/setup/web.sh
	@exec .venv/bin/tocsin demo --port "$(PORT)"

run-kafka: ## the same through a real Apache Kafka and PostgreSQL (installs them where it may)
	@sh deploy/setup/announce.sh
	@sh deploy/setup/python.sh run
	@sh deploy/setup/web.sh
	@sh deploy/setup/kafka.sh
	@sh deploy/setup/postgis.sh
	@exec .venv/bin/tocsin demo --kafka --port "$(PORT)"

test: ## install what is missing, then run every test (ARGS= for pytest)
	@sh deploy/setup/python.sh dev
	@sh deploy/setup/web.sh
	@sh deploy/setup/chromium.sh
	@sh deploy/setup/kafka.sh
	@sh deploy/setup/postgis.sh
	@sh deploy/setup/promtool.sh
	@exec .venv/bin/python -m pytest -n $(WORKERS) --dist loadscope $(ARGS)

lint: ## formatting, lint, import contracts, types and the map client's checks
	@sh deploy/setup/python.sh dev
	.venv/bin/ruff format --check --quiet
	.venv/bin/ruff check --quiet
	.venv/bin/lint-imports --no-logo
	.venv/bin/mypy
	@sh deploy/setup/web.sh modules
	@PATH="$$PWD/.venv/bin:$$PATH" && cd api/web && npm run --silent check

format: ## rewrite Python files in the house format
	@sh deploy/setup/python.sh dev
	.venv/bin/ruff format
	.venv/bin/ruff check --fix

bench: ## measure, and print the figures of docs/performance.md
	@sh deploy/setup/python.sh dev
	@sh deploy/setup/kafka.sh
	@sh deploy/setup/postgis.sh
	@exec .venv/bin/python -m tests.bench $(ARGS)

campaign: ## what the tests do to the system, at full size (ARGS="--only house --seeds 1 2")
	@sh deploy/setup/python.sh dev
	@sh deploy/setup/kafka.sh
	@sh deploy/setup/postgis.sh
	@exec .venv/bin/python -m tests.system.campaign $(ARGS)

lock: ## write the lock files anew from the .in files
	@sh deploy/setup/python.sh dev
	@sh deploy/setup/lock.sh $(ARGS)

clean: ## remove what was installed and built, not what the demo stored
	rm -rf .venv api/web/node_modules api/web/dist .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis .coverage htmlcov test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
