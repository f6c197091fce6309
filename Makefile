# Every target sets up what it needs; `make venv` alone needs the package index, and only when a lock file changed.
PY := .venv/bin/python

# What runs in Azure, on its Python and its packages; and what runs here.
IN_AZURE := $(wildcard runbooks/*.py modules/backupkit/*.py)
TOOLS := $(wildcard deploy_runbooks.py modules/deployer/*.py simulator/*.py simulator/*/*.py)

# Tests start hundreds of Pythons; without bytecode each of them, and pytest itself, compiles what it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help venv demo test faults azurite readers bench check lock clean pages
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile | while IFS='	' read -r name text; do printf '%-8s%s\n' "$$name" "$$text"; done

venv: ## set up .venv (tools) and .venv-sandbox (what Azure has)
	@$(MAKE) --no-print-directory --jobs 2 .venv/installed .venv-sandbox/installed

.venv/installed: requirements/tools.lock
	@python=$$(requirements/find_python.sh 3.11+) || { \
		echo "no Python 3.11 or later with venv found; install one, or put it on PATH" >&2; exit 1; }; \
	requirements/make_venv.sh .venv $< "$$python"

.venv-sandbox/installed: modules/sandbox.lock
	@python=$$(requirements/find_python.sh 3.10) || { python=$$(requirements/find_python.sh 3.11+) && \
		echo "warning: no Python 3.10, which Azure runs; the runbooks run on $$python here" >&2; }; \
	requirements/make_venv.sh .venv-sandbox $< "$$python"

demo: venv ## retry failed backups on the simulator, and say what to look at
	@$(PY) -m simulator.demo

test: venv ## run the tests
	@$(PY) -m pytest -n 6 --dist worksteal -q tests

azurite: venv build/azurite/installed ## the storage tests on Azurite as well
	@$(PY) -m tests.simulator.on_azurite build/azurite/node_modules/azurite

build/azurite/installed: requirements/azurite/package-lock.json
	@command -v npm >/dev/null || { echo "no npm found; install Node.js 18 or later, or put it on PATH" >&2; exit 1; }
	@mkdir -p build/azurite && cp requirements/azurite/package.json requirements/azurite/package-lock.json build/azurite
	@npm --prefix build/azurite ci --ignore-scripts --no-audit --no-fund --loglevel=error && touch $@

readers: venv build/readers/installed ## the documented readers that are too large for the tests: Spark, and Kusto's parser
	@KUSTO=build/readers/node_modules/@kusto/language-service-next SPARK_PYTHON=build/readers/spark/bin/python \
		$(PY) -m pytest -q tests/readers

build/readers/installed: requirements/readers/package-lock.json requirements/readers/spark.lock
	@command -v npm >/dev/null || { echo "no npm found; install Node.js 18 or later, or put it on PATH" >&2; exit 1; }
	@command -v java >/dev/null || { echo "no java found; install a JDK 17 or later, or put it on PATH" >&2; exit 1; }
	@mkdir -p build/readers && cp requirements/readers/package.json requirements/readers/package-lock.json build/readers
	@npm --prefix build/readers ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@rm -rf build/readers/spark && $(PY) -m venv build/readers/spark
	@build/readers/spark/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
		--no-deps --require-hashes --requirement requirements/readers/spark.lock && touch $@

faults: venv ## every fault, and a kill, at every request of a run; hundreds of alerts, thousands of items
	@$(PY) -m pytest -n 4 --dist worksteal -q tests/faults

pages: venv ## look at the report's pages in a Chromium, where there is one
	@$(PY) -m tests.pages

bench: venv ## measure, and compare with the numbers to reach
	@$(PY) -m tests.benchmarks

check: venv ## lint, format, types, and the shape of the project
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@test -z "$(IN_AZURE)" || $(PY) -m mypy --python-version 3.10 --python-executable .venv-sandbox/bin/python $(IN_AZURE)
	@test -z "$(TOOLS)" || $(PY) -m mypy --python-version 3.11 $(TOOLS)
	@$(PY) -m pytest -q tests/test_shape.py

lock: ## write the lock files anew (UPGRADE=1: with the newest versions)
	@requirements/make_locks.sh $(if $(UPGRADE),--upgrade)

clean: ## remove what the targets made
	rm -rf .venv .venv-sandbox build demo-out .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
