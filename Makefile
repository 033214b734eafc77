# Needs python3 (3.10 or later), pip and make. Everything else is installed into .venv and .oracles.

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip
PYTEST := $(BIN)/python -m pytest
ORACLES := mmcv1 mmengine mmpretrain transformers training fvcore
NPM_ORACLES := yaml-language-server axe-core puppeteer-core typescript
TESTED := $(VENV)/.installed-test $(foreach o,$(ORACLES) $(NPM_ORACLES),.oracles/$(o)/.complete)
UNIT := $(addprefix tests/,checks checkpoints config constructors catalogue core diff files gate models names optimizers render \
    test_folds.py test_pipeline.py test_report.py test_text.py test_two_optimizers.py)
T ?=

.DEFAULT_GOAL := help
.PHONY: help demo test unit parity fuzz clusters bench lint format types check readme web clean
.SECONDARY:
.DELETE_ON_ERROR:

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

demo: $(VENV)/.installed  ## install and show a real table
	$(BIN)/pgaudit show resnet50 configs/resnet50_mmcv.yaml

test: $(TESTED)  ## every test, with a share of what parity and fuzz do; T="-k name" chooses
	$(BIN)/python -m compileall -q pgaudit tests  # once, not in each process that a test begins
	$(PYTEST) --numprocesses=$(JOBS) --dist=loadgroup --benchmark-disable $(T)

unit: $(VENV)/.installed-test  ## the tests that need no real library and are quick
	PGAUDIT_EXAMPLES=$${PGAUDIT_EXAMPLES:-0.1} $(PYTEST) --numprocesses=$(JOBS) --dist=loadgroup --benchmark-disable \
	    -m "not oracle and not slow and not parity_full" $(UNIT) $(T)

parity: $(TESTED)  ## all timm models against the real libraries (minutes)
	$(PYTEST) --numprocesses=$(JOBS) --benchmark-disable -m parity_full tests/parity tests/openmmlab tests/built $(T)

fuzz: $(TESTED)  ## the property tests with other examples in each run; PGAUDIT_EXAMPLES=7 tries twenty times as many
	PGAUDIT_EXAMPLES=$${PGAUDIT_EXAMPLES:-0.34} HYPOTHESIS_PROFILE=fuzz \
	    $(PYTEST) --numprocesses=$(JOBS) --benchmark-disable -k random $(T)

clusters: $(TESTED) $(VENV)/.installed-clusters  ## sweeps on real dask, ray and spark clusters; needs java, too
	$(PYTEST) tests/sweep/test_cluster.py $(T)

bench: $(TESTED)  ## measure the claims into benchmarks/RESULTS.md; T="-k startup" measures one
	$(BIN)/python -m benchmarks.run $(T)

lint: $(VENV)/.installed-lint  ## ruff and shellcheck
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/shellcheck .ci/run action/*.sh

format: $(VENV)/.installed-lint  ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.installed-lint $(VENV)/.installed-test  ## mypy --strict, and the import layers
	$(BIN)/python -m mypy --strict pgaudit tests $(wildcard benchmarks)
	$(BIN)/lint-imports

check: lint types test  ## all that a change has to pass

readme: $(VENV)/.installed-test  ## write the README's answers and its picture anew
	$(BIN)/python -m tests.test_readme

web:  ## bundle the libraries that the HTML report embeds anew; needs npm
	npm ci --prefix web --ignore-scripts --no-audit --no-fund
	npm run build --prefix web

clean:  ## remove what this file makes
	rm -rf $(VENV) .oracles web/node_modules .benchmarks .hypothesis .mypy_cache .ruff_cache .pytest_cache \
	    .import_linter_cache dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is written only when its step has succeeded, so an interrupted one is done again.
$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 10) else \
	    "pgaudit needs Python 3.10 or later: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: pyproject.toml constraints.txt $(VENV)/.created
	$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-%: pyproject.toml constraints.txt $(VENV)/.created
	$(PIP) install --quiet --constraint constraints.txt --editable '.[$*]'
	@touch $@

# The real libraries, for comparison only: a folder each, never in pgaudit's own environment.
# Built aside and renamed, so that a broken fetch is never taken for a whole one.
.oracles/%/.complete: tests/oracles/%.txt tests/oracles/build-constraints.txt | $(VENV)/.created
	rm -rf .oracles/$* .oracles/$*.part
	MMCV_WITH_OPS=0 PIP_CONSTRAINT=tests/oracles/build-constraints.txt \
	    $(PIP) install --quiet --no-deps --target .oracles/$*.part --requirement tests/oracles/$*.txt
	mv .oracles/$*.part .oracles/$*
	@touch $@

# An editor's own server, which reads our JSON Schema; what judges a page, what drives Firefox, and what checks the pages'
# scripts. Where there is no npm, their tests are skipped.
$(foreach o,$(NPM_ORACLES),.oracles/$(o)/.complete): .oracles/%/.complete: tests/oracles/%.txt
	rm -rf .oracles/$*
	mkdir -p .oracles/$*
	if command -v npm >/dev/null; then npm install --silent --no-audit --no-fund --no-save --no-package-lock \
	    --ignore-scripts --prefix .oracles/$* $$(cat $<); fi
	@touch $@
