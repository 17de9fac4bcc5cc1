# Needs python3 >= 3.11 and make. Everything else is installed into .venv, from the hashed locks.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV ?= $(or $(shell command -v uv 2>/dev/null),$(BIN)/uv)
# Tests mostly wait for processes; each of these has engines of its own, which its files share.
IN_PARALLEL := --numprocesses=3 --dist=loadfile --no-loadscope-reorder
LOCAL := $(VENV)/.local-installed
DEV := $(VENV)/.dev-installed
# Where it is set, each process compiles all of the product at its start.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help up status demo reset test coverage mutation lint format lock
.DELETE_ON_ERROR:

help: ## what there is
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  Ports: API_PORT=8010 make up; likewise TEMPORAL_PORT, TEMPORAL_UI_PORT, WORKER_METRICS_PORT, PSP_PORT."
	@echo "  State: ITALIANO_HOME=/some/folder make up; by default in .italiano/."

up: $(LOCAL) ## run the whole product here: Postgres, Temporal, sandbox PSP, API, worker; Ctrl-C stops it
	@exec $(BIN)/italiano dev --with-parent

status: $(LOCAL) ## where the running stack is, and how to get in
	@$(BIN)/italiano status

demo: $(LOCAL) ## the year of one subscription, over HTTP, told as a story
	@exec $(BIN)/italiano demo

reset: $(LOCAL) ## forget everything that the local stack kept
	@$(BIN)/italiano reset

test: $(DEV) ## run the tests; ARGS="tests/cli -k ports" chooses some
	$(BIN)/python -m pytest $(or $(ARGS),$(IN_PARALLEL))

coverage: ## run the tests, and write what of the product they run into coverage.xml
	PYTEST_ADDOPTS="--cov --cov-report=term --cov-report=xml" $(MAKE) test

mutation: $(DEV) ## mutate domain/ and workflows/, and name the mutants that no test notices; takes an hour or two
	$(UV) pip install --quiet --python $(BIN)/python --editable '.[mutation]'
	$(BIN)/mutmut run --max-children 2
	$(BIN)/mutmut results
	$(BIN)/python -m tests.mutation.workflows $(ARGS)

lint: $(DEV) ## formatting, style, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV) ## format, and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: | $(BIN)/python $(UV) ## resolve the dependencies anew, into requirements/*.lock
	UV=$(abspath $(UV)) requirements/compile

$(LOCAL): requirements/local.lock requirements/build.lock pyproject.toml | $(BIN)/python $(UV)
	@echo "Installing what the product needs into $(VENV)"
	@$(call install,local)
	@touch $@

$(DEV): requirements/dev.lock requirements/build.lock pyproject.toml | $(BIN)/python $(UV)
	@echo "Installing what developing needs into $(VENV)"
	@$(call install,dev)
	@touch $@ $(LOCAL)

# What is locked, compiled since five processes load it at each start; then the product itself as it lies here.
define install
	$(UV) pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes --requirement requirements/$(1).lock && \
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --build-constraints requirements/build.lock --editable .
endef

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "FAIL $(PYTHON) is not installed: install Python 3.11 or newer"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "FAIL $(PYTHON) is $$($(PYTHON) --version 2>&1), and 3.11 or newer is needed; try PYTHON=python3.12 make up"; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { \
		echo "FAIL $(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(BIN)/uv: $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8'
