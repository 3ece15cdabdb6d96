# Every command there is. Each one installs what it needs; nothing is put outside this folder
# (but for Debian's chromium package, where `make test` or `make screenshots` finds no browser and may use apt).
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .tools/uv/bin/uv)
PACKAGES := packages/hiveloop-core packages/hiveloop-langchain packages/hiveloop-crewai packages/hiveloop-autogen \
  packages/hiveloop-tenacity packages/hiveboard
EDITABLE := $(foreach package,$(PACKAGES),-e $(package))
MANIFESTS := pins.txt pyproject.toml $(foreach package,$(PACKAGES),$(package)/pyproject.toml)
WEB := packages/hiveboard/web
RUN := .venv/bin/python
# One more than there are cores: much of the time tests wait for a browser or another process.
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1)

# Where the system keeps a list of certificate authorities, use it: it knows a company's own proxy, uv's list does not.
CERTIFICATES := $(firstword $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem))
ifneq ($(CERTIFICATES),)
export UV_SYSTEM_CERTS := 1
export PIP_CERT := $(CERTIFICATES)
endif

.PHONY: help
help:  ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# -- environments -------------------------------------------------------------------------------

.tools/uv/bin/uv:
	@scripts/bootstrap_uv.sh $(PYTHON)

.venv/.demo: $(MANIFESTS) | $(filter .tools/%,$(UV))
	@echo "· preparing the environment in .venv (once)"
	@$(UV) venv --quiet --allow-existing --python '>=3.11' .venv
	@$(UV) pip install --quiet --python .venv --constraint pins.txt $(EDITABLE) --group pyproject.toml:demo
	@touch $@

.venv/.dev: .venv/.demo
	@echo "· adding the development tools"
	@$(UV) pip install --quiet --python .venv --constraint pins.txt --group pyproject.toml:dev
	@touch $@

# -- for people who want to see it --------------------------------------------------------------

# FRAMEWORKS=all adds CrewAI, which takes a gigabyte.
ALL := $(filter all,$(FRAMEWORKS))

.venv/.crewai: .venv/.demo
	@echo "· adding CrewAI (large)"
	@$(UV) pip install --quiet --python .venv --constraint pins.txt --group pyproject.toml:crewai
	@touch $@

.PHONY: demo
demo: $(if $(ALL),.venv/.crewai,.venv/.demo)  ## collector, dashboard and real agents at work; ONCE=1 runs them once and prints what the collector says; FRAMEWORKS=all: with CrewAI
	@$(RUN) -m examples.demo $(if $(ONCE),--once) $(if $(ALL),--frameworks all) $(DEMO_ARGS)

# -- for people who change it -------------------------------------------------------------------

.PHONY: test
test: .venv/.dev  ## all tests
	@scripts/ensure_browser.sh $(RUN)
	@$(RUN) -m pytest -n $(JOBS) --dist loadfile $(TEST_ARGS)

# Times the examples of a normal run.
FUZZ ?= 50

# ONLY='costs|pipeline-dark' for some of them.
.PHONY: screenshots
screenshots: .venv/.dev  ## a picture of every view in light and dark and three widths, in the folder screenshots
	@scripts/ensure_browser.sh $(RUN)
	@$(RUN) -m tests.browser.screenshots screenshots "$(ONLY)"

.PHONY: fuzz
fuzz: .venv/.dev  ## the collector's property tests for an hour or more; FUZZ=5 for less
	@HIVEBOARD_FUZZ=$(FUZZ) $(RUN) -m pytest --timeout 0 $(addprefix packages/hiveboard/tests/test_,hostile_input.py openapi.py order_independence.py)

# How often the collector is killed; a normal run does it three times.
KILLS ?= 20

.PHONY: kill
kill: .venv/.dev  ## kill -9 of the collector during ingest, 20 times, `verify` after each; KILLS=200 for more
	@HIVEBOARD_KILLS=$(KILLS) $(RUN) -m pytest --timeout 0 packages/hiveboard/tests/test_killed.py

.PHONY: check
check: .venv/.dev web-check  ## style, types, import directions, wheels, dashboard bundle
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy $(addsuffix /src,$(PACKAGES)) examples benchmarks
	.venv/bin/lint-imports
	$(RUN) scripts/check_wheels.py --uv $(UV) $(PACKAGES)

.PHONY: web
web: $(WEB)/node_modules/.stamp  ## build the dashboard into the package (needs Node)
	@cd $(WEB) && npm run --silent build

.PHONY: web-check
web-check:
	@scripts/check_web.sh $(WEB)

$(WEB)/node_modules/.stamp: $(WEB)/package-lock.json
	@cd $(WEB) && npm ci --no-fund --no-audit --silent
	@touch $@

.PHONY: cassettes
cassettes: .venv/.dev  ## record tests/cassettes again with the real clients against the scripted model server
	@$(RUN) -m tests.cassettes.record

.PHONY: bench
bench: .venv/.dev  ## SDK and collector beside their peers, in figures
	@$(RUN) -m benchmarks $(BENCH_ARGS)

# BENCH_ARGS="--events 10000000" for a store of ten million.
.PHONY: bench-server
bench-server: .venv/.dev  ## the collector: ingest, queries, memory, start; beside Arize Phoenix and MLflow
	@$(RUN) -m benchmarks collector collectors $(BENCH_ARGS)

.PHONY: format
format: .venv/.dev  ## format and fix what can be fixed by itself
	$(RUN) -m ruff format . && $(RUN) -m ruff check --fix .

.PHONY: pins
pins: | $(filter .tools/%,$(UV))  ## resolve pins.txt anew (names and versions only)
	@scripts/pin.sh $(UV)

.PHONY: clean
clean:  ## remove everything that was installed or built here
	rm -rf .venv .tools .demo dist screenshots $(WEB)/node_modules
