# On a fresh machine `make repro` runs the pipeline and `make test` the tests; each makes .venv first, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# uv, where it is installed, is several times faster than pip.
ifneq ($(shell command -v uv),)
INSTALL := uv pip install --quiet --python $(BIN)/python
else
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

.PHONY: help setup repro report test test-all lint format starting-point gpu lock clean git always

help:                             ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup: $(VENV)/installed          ## make .venv with the pinned requirements

repro: git $(VENV)/installed      ## run the pipeline: only the stages whose inputs changed
	dvc repro

report: repro                     ## run what is out of date, then write report.html on it
	genre report

test: $(VENV)/installed-dev       ## run every test that is not slow
	python -m pytest -m "not slow"

test-all: $(VENV)/installed-dev   ## run every test
	python -m pytest

lint: $(VENV)/installed-dev       ## check style, formatting and types
	ruff check .
	ruff format --check .
	mypy

format: $(VENV)/installed-dev     ## fix what ruff can fix
	ruff check --fix .
	ruff format .

starting-point: git $(VENV)/installed ## run the baseline's configuration, 200 epochs, as an experiment
	dvc exp run --name starting-point $$(sed -e 's/#.*//' -e '/^ *$$/d' -e 's/^/-S /' starting_point.txt)

gpu: $(VENV)/installed            ## add what TensorFlow needs to use an NVIDIA GPU on Linux
	$(INSTALL) -r requirements-gpu.txt

COMPILE := uv pip compile pyproject.toml --quiet --universal --fork-strategy fewest --no-annotate --custom-compile-command "make lock" $(UPGRADE)
lock:                             ## pin pyproject.toml's dependencies (needs uv; UPGRADE=--upgrade for the newest)
	$(COMPILE) --extra dev -o requirements-dev.txt
	$(COMPILE) --extra pipeline -c requirements-dev.txt -o requirements.txt
	$(COMPILE) --extra gpu -c requirements-dev.txt -o requirements-gpu.txt

clean:                            ## remove the environment and what DVC can make again
	rm -rf $(VENV) data/raw data/features data/splits.csv models/model.keras models/model.tflite

# DVC wants a git repository, which a ZIP of the project is not; before gigabytes are installed is the time to say so.
git:
	@[ -e .git ] || git rev-parse --git-dir >/dev/null 2>&1 || grep -qs '^ *no_scm *= *true' .dvc/config .dvc/config.local \
	|| { printf '%s %s\n' 'error: $(CURDIR) is not a git repository, which DVC needs: run `git init`, or to do without' \
	'git, `printf "[core]\nno_scm = true\n" >> .dvc/config.local`' >&2; exit 1; }

# An environment does not work under another path: where the project's folder was renamed, it is made again.
$(VENV)/folder: always
	@[ -x $(BIN)/python ] && [ "$$(cat $@ 2>/dev/null)" = "$(CURDIR)" ] || { \
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "error: Python 3.11, 3.12 or 3.13 is needed, but this is %d.%d; name one with `make PYTHON=python3.12 ...`" % sys.version_info[:2])' \
	&& rm -rf $(VENV) && $(PYTHON) -m venv $(VENV) && echo "$(CURDIR)" > $@ || { rm -rf $(VENV); exit 1; }; }

$(VENV)/installed: requirements.txt pyproject.toml $(VENV)/folder
	$(INSTALL) -r requirements.txt
	$(INSTALL) --no-deps --editable .
	touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(INSTALL) -r requirements-dev.txt
	touch $@
