# Two words are enough: `make run` and `make test`. Everything else stands in the README.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: install run test soak bench privacy lint check

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("stadsdialoog needs Python 3.11 or newer: make PYTHON=python3.11 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m compileall -q bot content conversations storage $(VENV)/lib >/dev/null 2>&1 || true
	touch $@

install: $(VENV)/installed

run: install
	$(BIN)/python bot.py

# Two workers: the suite waits for processes and pages more than it computes.
test: install
	$(BIN)/pytest -n 2 --dist loadfile

# Each large simulation at full size; about an hour.
soak: install
	$(BIN)/pytest -m soak

# What docs/privacy.md claims, by the tests it names.
privacy: install
	$(BIN)/pytest -v -k "$$(grep -o 'test_[a-z_]*[a-z]`' docs/privacy.md | tr -d '`' | sed 's/$$/ or/' | tr '\n' ' ' | sed 's/ or $$//')"

bench: install
	$(BIN)/python -m tests.bench

check: install
	$(BIN)/python bot.py check

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy bot.py
