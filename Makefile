# Everything a developer does here. `make run` is the first five minutes; `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help run serve test coverage check build bench picture family format clean
SHELL := /bin/bash

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
SAM_READY := .venv/sam/.ready
NODE_READY := .venv/node/.ready
LITELLM_READY := .venv/litellm/.ready
PORTKEY_READY := .venv/portkey/.ready
export SAM_CLI_TELEMETRY := 0
# sam asks for these even where it talks to nobody
SAM_ENV := AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-eu-west-1}

help: ## what there is
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  \033[1mmake %-8s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(READY) ## the main job on this machine: tasks, a table, files in out/
	@$(BIN)/python -m local run

serve: $(READY) ## keep it up: PORT=8000 STATE=folder FRESH=1 READY_FILE=path
	@exec $(BIN)/python -m local serve

test: $(READY) $(SAM_READY) $(NODE_READY) $(LITELLM_READY) ## all tests
	@$(BIN)/pytest

# Not part of `make test`: tracing lines nearly doubles the CPU of a unit test on Python 3.11.
coverage: $(READY) $(SAM_READY) $(NODE_READY) $(LITELLM_READY) ## all tests, and how much of the package they run
	@$(BIN)/pytest --cov --cov-report=json:.coverage.json
	@$(BIN)/python -m tests.covered .coverage.json

check: $(READY) $(SAM_READY) $(NODE_READY) $(LITELLM_READY) ## format, lint, types, template and all tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/cfn-lint template.yaml
	$(SAM_ENV) .venv/sam/bin/sam validate --lint
	$(BIN)/pytest

build: $(READY) $(SAM_READY) ## sam build, into .aws-sam/
	@$(SAM_ENV) .venv/sam/bin/sam build > .build.log 2>&1 || { cat .build.log; exit 1; }
	@rm .build.log
	@echo "built into .aws-sam/; deploy it with: .venv/sam/bin/sam deploy"

bench: $(READY) $(LITELLM_READY) $(PORTKEY_READY) ## measure, and rewrite docs/numbers.md
	@$(BIN)/python -m benchmarks

picture: $(READY) ## draw docs/run.svg: what make run prints and makes
	@$(BIN)/python -m benchmarks.picture

family: $(READY) ## the files of a new family, with every method to write: NAME=x
	@$(BIN)/python -m tests.contract.skeleton "$(NAME)"

format: $(READY) ## put the code in its one form
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format -q .

clean: ## forget what was built and kept; the .venv stays
	rm -rf .aws-sam .local out

# The package lies in a layer; it is installed editable, from pyproject.toml.
$(READY): requirements/dev.txt pyproject.toml
	@echo "setting up .venv (once, about half a minute) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "genrelay needs Python 3.11 or newer: make PYTHON=…")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/pip install -q --disable-pip-version-check "$$(grep ^uv== requirements/dev.txt)"
	@$(BIN)/uv pip sync -q --python $(BIN)/python requirements/dev.txt
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --editable .
	@touch $@

# The SAM CLI pins its own boto3, so it has an environment of its own.
$(SAM_READY): requirements/sam.txt $(READY)
	@echo "setting up the SAM CLI (once) …"
	@test -x .venv/sam/bin/python || $(PYTHON) -m venv --without-pip .venv/sam
	@$(BIN)/uv pip sync -q --python .venv/sam/bin/python requirements/sam.txt
	@touch $@

# Published Node clients for the tests, outside tests/ so that no rule reads them. Where they cannot be had, their tests
# are skipped and say so.
$(NODE_READY): tests/node/package-lock.json $(READY)
	@mkdir -p .venv/node
	@cp tests/node/package.json tests/node/package-lock.json .venv/node/
	@if command -v npm > /dev/null && npm ci --silent --no-audit --no-fund --prefix .venv/node; then touch $@; \
	else echo "no Node client here: its tests are skipped"; fi

# LiteLLM, which a test runs as a client and `make bench` as a gateway to compare with: it pins other versions than .venv. Where
# it cannot be had, the test is skipped and its row says so.
$(LITELLM_READY): requirements/litellm.txt $(READY)
	@echo "setting up LiteLLM (once, 20 s) …"
	@test -x .venv/litellm/bin/python || $(PYTHON) -m venv --without-pip .venv/litellm
	@if $(BIN)/uv pip sync -q --python .venv/litellm/bin/python requirements/litellm.txt; then touch $@; \
	else echo "no LiteLLM here: its test is skipped, and it is not measured"; fi

# The other gateway that open lines are compared with; nothing but `make bench` needs it.
$(PORTKEY_READY): benchmarks/node/package-lock.json $(READY)
	@mkdir -p .venv/portkey
	@cp benchmarks/node/package.json benchmarks/node/package-lock.json .venv/portkey/
	@if command -v npm > /dev/null && npm ci --silent --no-audit --no-fund --prefix .venv/portkey; then touch $@; \
	else echo "no gateway of Portkey here: it is not measured"; fi
