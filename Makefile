# Two commands: `make run` serves, `make test` tests. Both build their own environment first.
# `make help` lists all; the sentence after ## is its text.
VENV := .venv
PY := $(VENV)/bin/python
BASE := $(shell for p in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
ARGS ?=
# What is deployed: these extras, for any platform, nothing said of where files come from.
DEPLOYED := --extra traces --extra alerts
LOCK := $(VENV)/bin/uv --quiet pip compile --generate-hashes --no-emit-index-url --no-header --no-annotate \
	--universal --python-version 3.11 -c constraints.txt
# On CI's shared cores a test of real sockets may starve; it gets one more run, which is listed.
RERUNS := $(if $(filter true,$(CI)),--reruns 1 --reruns-delay 1 -r R)

.PHONY: run demo test lint fix bench bench-compare bench-growth bench-peers soak scale docs site lock dist clean help

run: $(VENV)/.run ## Serve on http://127.0.0.1:7860; ARGS="--port 8000" passes options.
	$(VENV)/bin/coinmux serve $(ARGS)

demo: $(VENV)/.run ## Serve simulated data: no key and no network needed.
	$(VENV)/bin/coinmux serve --simulate $(ARGS)

# Bytecode is kept even where the environment forbids it: else each worker of the tests, and each
# server they start, compiles everything anew.
test: $(VENV)/.dev ## Run every test; ARGS=tests/server runs some.
	@if [ "$$CI" = true ]; then scripts/services; fi
	PYTHONDONTWRITEBYTECODE= $(PY) -m pytest -n 4 --dist worksteal $(RERUNS) $(ARGS)

lint: $(VENV)/.dev ## Check style, types and the layers of the packages.
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

fix: $(VENV)/.dev ## Correct what the linter can correct, and format.
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: $(VENV)/.dev ## Measure each figure of docs/speed.md; ARGS="--only ticker" some.
	$(PY) -m bench $(ARGS)

bench-compare: $(VENV)/.dev ## Measure two revisions in turn: REV=abc [REV2=def]; fails if slower.
	$(PY) -m bench.compare $(or $(REV),$(error REV=abc says with which revision)) $(REV2) $(ARGS)

bench-growth: $(VENV)/.dev ## Measure a request as sources, keys, candles and workers grow.
	$(PY) -m bench.growth $(ARGS)

bench-peers: $(VENV)/.dev ## Install what the bench compares with; make bench does it too.
	$(PY) -m bench.peers.environment

soak: $(VENV)/.dev ## Run half an hour under every fault; MINUTES=2 for a short one.
	@if [ "$$CI" = true ]; then scripts/services; fi
	$(PY) -m bench.soak --minutes $(or $(MINUTES),30) $(ARGS)

scale: $(VENV)/.dev ## Run 200 workers that share 60 sources, as a model.
	$(PY) -m bench.scale $(ARGS)

# What is generated: .env.example, docs/providers.md, docs/fields.md, docs/indicators.md with its
# pictures, framework/sync.pyi, and each grade. Tests compare.
docs: $(VENV)/.dev ## Write generated pages, .env.example and grades again.
	$(VENV)/bin/coinmux conformance --ours --write
	PYTHONPATH=examples/coinmux-acme $(VENV)/bin/coinmux conformance coinmux_acme --write
	PYTHONPATH=examples/coinmux-venues $(VENV)/bin/coinmux conformance coinmux_venues --write
	$(VENV)/bin/coinmux env-example > .env.example
	$(VENV)/bin/coinmux conformance --ours --fields > docs/fields.md
	$(PY) -m tools.docs
	$(PY) -m tools.sync_stub

site: $(VENV)/.dev ## Build the documentation as a site into build/site, offline.
	$(PY) -m tools.docs.site build/site

lock: $(VENV)/.dev ## Write the installed versions to constraints.txt, with hashes to deploy/*.lock.
	$(PY) -m pip freeze --exclude-editable --exclude coinmux | sed 's/ @ .*//' > constraints.txt
	$(LOCK) $(DEPLOYED) pyproject.toml -o deploy/requirements.lock
	$(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		| $(LOCK) - -o deploy/build.lock

dist: $(VENV)/.dev ## Build the sdist and its wheel in dist/, and check them.
	rm -rf dist
	$(PY) -m hatchling build -d dist
	$(PY) -m twine check --strict dist/*

clean: ## Remove the environment and every cache.
	rm -rf $(VENV) .venv-peers .venv-3.* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage*

help: ## List these targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	@test -n "$(BASE)" || { echo "Python 3.11 or newer is needed and was not found"; exit 1; }
	$(BASE) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,lint,bench]'
	@touch $@
