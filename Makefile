# Everything a contributor runs. Needs make and a Python 3.11 or newer that has pip; nothing else.
PYTHON ?= python3
RECIPE ?= dropbox
PORT ?= 8080
WORKERS ?= 2
BENCH ?=
ARGS ?=

UV := .tools/bin/uv
VENV_PYTHON := .venv/bin/python

# Compiled once at set-up instead of at every start.
export UV_COMPILE_BYTECODE := 1
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test browser stress cluster bench lint format reference lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: .venv/.stamp ## make .venv with the locked dependencies and this project

run: setup ## run the demo of any recipe: RECIPE=dropbox PORT=8080; ARGS=--empty plays nothing
	@exec $(VENV_PYTHON) -m demo.run --recipe $(RECIPE) --port $(PORT) $(ARGS)

test: setup browser ## run the tests; more for pytest in ARGS
	@$(VENV_PYTHON) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

# Debian's own, with the Noto fonts that our pages name. Where it cannot be installed, GOODWORD_CHROMIUM names another one,
# and GOODWORD_WITHOUT_BROWSER=1 leaves the tests of pages out.
browser: ## install Chromium for the tests of pages, where it is missing and may be installed
	@command -v chromium chromium-browser >/dev/null 2>&1 || test -n "$$GOODWORD_CHROMIUM$$GOODWORD_WITHOUT_BROWSER" || \
		{ test "$$(id -u)" = 0 && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-core >/dev/null; } || \
		{ echo "no Chromium: install it (apt-get install chromium fonts-noto-core) or name one in GOODWORD_CHROMIUM" >&2; exit 1; }

stress: setup browser ## run the long tests: of faults (GOODWORD_STRESS_KILLS=50 and the like set their size), of all pages
	@$(VENV_PYTHON) -m pytest tests/faults tests/browser -m stress -n0 --durations=0 -v $(ARGS)

# Spark itself, half a gigabyte, stands in a folder of its own. GOODWORD_SPARK_HOME names another one.
export GOODWORD_SPARK_HOME ?= $(CURDIR)/.spark/pyspark

cluster: setup .spark/.stamp ## compare figures on a real Spark cluster, a master and two workers: takes minutes
	@command -v java >/dev/null 2>&1 || { test "$$(id -u)" = 0 && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless >/dev/null; } || \
		{ echo "no Java: install it (apt-get install openjdk-17-jre-headless)" >&2; exit 1; }
	@$(VENV_PYTHON) -m pytest tests/warehouse/test_cluster.py -m cluster -n0 -s -v --durations=5 $(ARGS)

bench: setup ## measure: all, or those in BENCH="decide events flat memory redirect start"; by name alone: beside draw figures harrys pages recipes rehearsal warehouse
	@$(VENV_PYTHON) -m bench $(BENCH) $(ARGS)

lint: setup ## check style, types, layers and dependencies
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/deptry .
	$(VENV_PYTHON) -m tools.reference --check

format: setup ## rewrite the code in the project's style
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

reference: setup ## write docs/reference and docs/recipes from the code
	$(VENV_PYTHON) -m tools.reference

COMPILE = $(UV) pip compile --quiet --no-config --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header $(ARGS)

lock: .tools/.stamp ## pin the dependencies again; newer versions with ARGS=--upgrade
	$(COMPILE) --extra dev --output-file requirements/dev.txt pyproject.toml
	$(COMPILE) --constraint requirements/dev.txt --output-file requirements/run.txt pyproject.toml
	echo hatchling | $(COMPILE) --no-annotate --constraint requirements/dev.txt --output-file requirements/build.txt -
	sed -n 's/^pyspark-client==\([^ ]*\).*/pyspark==\1/p' requirements/dev.txt | $(COMPILE) --no-annotate --no-deps --output-file requirements/cluster.txt -
	echo uv | $(COMPILE) --no-annotate --output-file requirements/uv.txt -

clean: ## remove what was made here: .venv, .tools, builds and caches
	rm -rf .venv .tools .spark build dist htmlcov .coverage .coverage.* \
		.hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv alone comes through pip, into a folder of its own: Debian's Python has no venv module unless asked.
.tools/.stamp: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is missing or older than 3.11: name another with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || { \
		echo "$(PYTHON) has no pip: install it (on Debian and Ubuntu: apt-get install python3-pip)" >&2; exit 1; }
	@rm -rf .tools
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
		--require-hashes --no-deps --only-binary :all: --target .tools -r requirements/uv.txt
	@touch $@

.venv/.stamp: .tools/.stamp requirements/dev.txt pyproject.toml
	@test -x $(VENV_PYTHON) || $(UV) venv --quiet --clear --python $(PYTHON) .venv
	$(UV) pip sync --quiet --python $(VENV_PYTHON) --require-hashes requirements/dev.txt
	$(UV) pip install --quiet --python $(VENV_PYTHON) --no-deps --no-build-isolation -e .
	@touch $@

.spark/.stamp: .tools/.stamp requirements/cluster.txt
	@rm -rf .spark
	$(UV) pip install --quiet --python $(VENV_PYTHON) --no-deps --require-hashes --target .spark -r requirements/cluster.txt
	@touch $@
