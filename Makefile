# Two commands: `make run` serves, `make test` tests. Both build their own environment first.
VENV := .venv
PY := $(VENV)/bin/python
BASE := $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
ARGS ?=

.PHONY: run test lint bench soak scale demo docs lock clean

run: $(VENV)/.run
	$(VENV)/bin/coinmux serve $(ARGS)

demo: $(VENV)/.run
	$(VENV)/bin/coinmux serve --simulate $(ARGS)

test: $(VENV)/.dev
	@if [ "$$CI" = true ]; then scripts/services; fi
	$(PY) -m pytest -n 4 --dist worksteal $(ARGS)

lint: $(VENV)/.dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/.dev
	$(PY) -m bench $(ARGS)

# Half an hour under everything that can go wrong; MINUTES=2 for a look.
soak: $(VENV)/.dev
	@if [ "$$CI" = true ]; then scripts/services; fi
	$(PY) -m bench.soak --minutes $(or $(MINUTES),30) $(ARGS)

# Two hundred workers that share sixty sources, in a model.
scale: $(VENV)/.dev
	$(PY) -m bench.scale $(ARGS)

# What is generated: .env.example, docs/providers.md, docs/fields.md, docs/indicators.md with its
# pictures, framework/sync.pyi, and each grade. Tests compare.
docs: $(VENV)/.dev
	$(VENV)/bin/coinmux conformance --ours --write
	PYTHONPATH=examples/coinmux-acme $(VENV)/bin/coinmux conformance coinmux_acme --write
	$(VENV)/bin/coinmux env-example > .env.example
	$(VENV)/bin/coinmux conformance --ours --fields > docs/fields.md
	$(PY) -m tools.docs
	$(PY) -m tools.sync_stub

# The versions the tests were run with, as name==version.
lock: $(VENV)/.dev
	$(PY) -m pip freeze --exclude-editable --exclude coinmux | sed 's/ @ .*//' > constraints.txt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage*

$(VENV)/bin/python:
	@test -n "$(BASE)" || { echo "Python 3.11 or newer is needed and was not found"; exit 1; }
	$(BASE) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,lint,bench]'
	@touch $@
