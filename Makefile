# The two commands of a fresh machine are `make repro` and `make test`; each sets up .venv first, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: setup repro report test lint format lock gpu starting-point clean

setup: $(VENV)/installed          ## make .venv with the pinned requirements

repro: $(VENV)/installed          ## run the pipeline: only the stages whose inputs changed
	dvc repro

report: repro                     ## run what is out of date, then write report.html on it
	python -m genre report

test: $(VENV)/installed-dev       ## run every test
	python -m pytest

lint: $(VENV)/installed-dev       ## check style and formatting
	ruff check .
	ruff format --check .

format: $(VENV)/installed-dev     ## mend what ruff can mend
	ruff check --fix .
	ruff format .

# The configuration that the project grew out of: its features, split, network, loss and 200 epochs.
starting-point: $(VENV)/installed ## run the starting point's configuration as an experiment
	dvc exp run --name starting-point $$(sed -e 's/#.*//' -e '/^ *$$/d' -e 's/^/-S /' starting_point.txt)

gpu: $(VENV)/installed            ## add what TensorFlow needs to use an NVIDIA GPU on Linux
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-gpu.txt

lock:                             ## resolve pyproject.toml into the pinned requirements again (needs uv)
	uv pip compile pyproject.toml --universal --fork-strategy fewest --no-header -o requirements.txt
	uv pip compile pyproject.toml --extra dev -c requirements.txt --universal --fork-strategy fewest --no-header -o requirements-dev.txt
	uv pip compile pyproject.toml --extra gpu -c requirements.txt --universal --fork-strategy fewest --no-header -o requirements-gpu.txt

clean:                            ## remove the environment and what DVC can make again
	rm -rf $(VENV) data/raw data/features data/splits.csv models/model.keras models/model.tflite

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "error: Python 3.11, 3.12 or 3.13 is needed, this is %d.%d; name one with `make PYTHON=python3.12 ...`" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/installed: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@
