# `make demo` and `make test` work as the first command on a fresh clone: whatever needs .venv makes it.
.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
READY := .venv/ready
READY_REAL := .venv/ready-real
# Passed on: make test ARGS="-k approval", make demo ARGS="--headless --lang en".
ARGS ?=

.PHONY: help setup setup-real demo test test-real lint check prove pictures lock format clean

help: ## List every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv and install what the lock names; instant when nothing changed

$(READY): requirements/dev.lock requirements/setup pyproject.toml
	@requirements/setup dev
	@touch $@

setup-real: $(READY_REAL) ## The same, and what drives Chromium in the browser tests

$(READY_REAL): requirements/real.lock $(READY)
	@requirements/setup real
	@touch $@

demo: $(READY) ## Break a small payment system and watch the incident in the browser
	@$(BIN)/tocsin demo $(ARGS)

test: $(READY) ## Run the tests that need nothing but Python
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not prove and not real" $(ARGS)

test-real: $(READY_REAL) ## Run the tests with real Prometheus, Alertmanager, VictoriaMetrics and Chromium
	$(BIN)/python -m pytest -m "real and not prove" $(ARGS)

lint: $(READY) ## Check format, rules, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint ## What CI runs, short of real components: lint, then test
	@$(MAKE) --no-print-directory test

prove: $(READY) ## Run the full-size proofs (load, chaos, fuzz) and the measurements, and print their figures
	$(BIN)/python -m pytest -m prove -s -o faulthandler_timeout=1800 $(ARGS)
	$(BIN)/python -m bench

pictures: $(READY_REAL) ## Draw the pictures in the documentation again, from a real run
	$(BIN)/python -m docs.pictures

format: $(READY) ## Write the code in the one form that lint accepts
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## Choose dependency versions again and write the locks (UPGRADE=1: the newest)
	requirements/lock

clean: ## Remove .venv and everything that was built or cached
	rm -rf .venv dist build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
