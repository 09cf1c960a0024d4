# Two commands matter: `make demo` and `make test`. Both install what they need first.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
EXTRAS_DEMO := cpu,agent,mail,hub,train,yolo,pretrained,llm
EXTRAS_TEST := $(EXTRAS_DEMO),machines,postgres,openvino,trt-check,mlflow,dev
# twenty thousand modules are not compiled in advance: the few that are used are at their first import
PIP_ARGS := -q --no-compile
SYSTEM_DEMO := libgl1 libglib2.0-0
SYSTEM_TEST := $(SYSTEM_DEMO) mosquitto dovecot-imapd dovecot-submissiond chromium-headless-shell/chromium git iproute2 postgresql
# a clock that leaps, for the slow trials
SYSTEM_ALL := $(SYSTEM_TEST) faketime
# tests wait for real programs more than they compute: four on two cores, of which each takes 2.5 GB of memory
WORKERS ?= $(shell awk '/^MemTotal/ { n = int($$2 / 2500000); print (n < 2 ? 2 : (n > 4 ? 4 : n)) }' /proc/meminfo 2>/dev/null || echo 3)
PARALLEL := -n $(WORKERS) --dist worksteal --timeout 300
export YOLO_AUTOINSTALL := 0
export YOLO_OFFLINE := 1
# many programs are started by tests: compiled once and not at each start, whatever the shell is set to
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test test-all test-device test-unsteady test-seldom coverage lint types docs benchmark reliability clean prepared-test system-demo system-test system-all

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: system-demo $(VENV)/.demo ## the whole circle on this machine, on generated images
	$(BIN)/kit demo visual-inspection $(DEMO_ARGS)

# workers share the cores: threads of one would spin while they wait for those of another
test test-all test-unsteady test-seldom coverage: export OMP_NUM_THREADS := 1
# types are checked beside the tests, which leave a processor idle for a third of the time; collected once before, no module is
# compiled by four workers at once; what tests write is kept where some failed
test: prepared-test ## what every change must pass
	$(MAKE) --no-print-directory lint
	$(BIN)/mypy & types=$$!; tests=0; export TMPDIR="$$(tests/temporary_folder.sh)"; \
	  $(BIN)/pytest -q --collect-only $(PYTEST_ARGS) > $(VENV)/collected.txt || tail -n 40 $(VENV)/collected.txt; \
	  $(BIN)/pytest $(PARALLEL) $(PYTEST_ARGS) || tests=$$?; \
	  if [ $$tests = 0 ]; then rm -rf "$$TMPDIR"; else echo "what tests wrote: $$TMPDIR" >&2; fi; \
	  wait $$types || { echo "mypy found errors, above" >&2; exit 1; }; exit $$tests

# following each branch doubles the time of a test: not at every change
coverage: system-test $(VENV)/.test ## which branches of core, agent and hub their tests go through, and the gate
	$(BIN)/pytest $(PARALLEL) --cov --cov-report=term:skip-covered tests/core tests/edge_agent tests/cloud_sync $(PYTEST_ARGS)

test-all: system-all $(VENV)/.test lint types coverage ## also the slow suites
	$(BIN)/pytest -m 'not gpu and not hardware'

test-device: ## the device side's tests on Python 3.10, where that interpreter is present
	tests/device_python.sh

test-unsteady: system-test $(VENV)/.test ## hub and agent, their threads delayed by chance: finds races, takes two hours
	for who in others first; do PYTHONPATH=$(CURDIR)/tests/unsteady KITWRIGHT_UNSTEADY=$$who \
	  $(BIN)/pytest -n 3 --dist worksteal --timeout 1200 -v tests/failure tests/integration tests/cloud_sync tests/edge_agent tests/browser $(PYTEST_ARGS); done

test-seldom: system-test $(VENV)/.test ## hub and agent, waited for by looking once in 0.8 s: finds tests that need a moment, half an hour
	KITWRIGHT_LOOKS_EVERY_S=0.8 $(BIN)/pytest $(PARALLEL) tests/failure tests/integration tests/cloud_sync tests/edge_agent tests/browser tests/toolchain $(PYTEST_ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo

types: $(VENV)/.test
	$(BIN)/mypy

docs: $(VENV)/.test ## write docs/reference from the code
	$(BIN)/python -m kits.toolchain.reference
	$(BIN)/python -m kits.predictive_maintenance._signals.reference docs/reference/features.md

reliability: system-all $(VENV)/.test ## the failure tests in full, one after another, and their page
	$(BIN)/python -m benchmarks.reliability $(RELIABILITY_ARGS)

benchmark: $(VENV)/.test ## figures of speed, side by side in one run
	$(BIN)/python -m benchmarks.speed

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache demo-run

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Kitwright needs Python 3.11 or newer on PATH" >&2; exit 4; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --upgrade pip

$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install $(PIP_ARGS) -e '.[$(EXTRAS_DEMO)]'
	@touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install $(PIP_ARGS) -e '.[$(EXTRAS_TEST)]'
	@touch $@ $(VENV)/.demo

# packages of the system and of Python come at the same time; a Python that cannot make an environment gets what it lacks first
prepared-test:
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || PYTHON=$(PYTHON) tests/system_packages.sh
	@$(MAKE) --no-print-directory -j 2 system-test $(VENV)/.test

system-demo:
	@PYTHON=$(PYTHON) tests/system_packages.sh $(SYSTEM_DEMO)

system-test:
	@PYTHON=$(PYTHON) tests/system_packages.sh $(SYSTEM_TEST)

system-all:
	@PYTHON=$(PYTHON) tests/system_packages.sh $(SYSTEM_ALL)
