# A machine with Python 3.11 or newer needs nothing else:
#
#   make demo        an example video, a short training on it and a generated video, in demo/
#   make test        linters, type checker and tests
#   make coverage    the tests once more, and which lines they leave out
#   make docs        the documentation as a web site, build/docs/index.html
#   make dist        wheel and source archive, checked, in dist/
#   make lint        linters and type checker alone
#   make minima      some tests with the oldest packages that setup.cfg allows, in build/minima
#   make format      bring the code into shape
#   make clean       remove caches and build products
#   make distclean   remove .venv and demo as well
#
# Whatever needs one makes a virtual environment in .venv first.

PYTHON ?= python3
# Minutes of training in the demo; installing and everything else take about three more.
DEMO_MINUTES ?= 6
# Further arguments for pytest, as in: make test PYTEST_ARGS="-k generate"; a file of tests goes to one
# of so many processes.
PYTEST_ARGS ?=

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
INSTALLED := $(VENV)/.installed
DOCS_INSTALLED := $(VENV)/.installed-docs
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# In a pipe, too, every step's output appears as it comes.
export PYTHONUNBUFFERED := 1

MINIMA := build/minima
# Each library at work: training, all models, video, object storage, exported networks.
MINIMA_TESTS ?= $(addprefix tests/test_, cli.py config.py files.py video_writers.py video_readers.py \
    preprocess.py model_matrix.py restore_commands.py remote.py export.py)

.PHONY: help demo test coverage docs dist minima lint format clean distclean

help:
	@sed -n '/^#   make/s/^#   //p' Makefile

$(INSTALLED): setup.cfg setup.py pyproject.toml
	@$(PYTHON) -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' || { \
	    echo '$(PYTHON) is older than Python 3.11 or has no venv module;' \
	        'name another: make PYTHON=python3.11' >&2; \
	    exit 1; }
	@echo '== Installing into $(VENV): TensorFlow is large, this takes a few minutes'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[test]'
	@touch $@

demo/input.mp4: examples/make_video.py examples/puppets.py | $(INSTALLED)
	@echo '== 1 of 5: drawing an example video'
	@mkdir -p demo
	$(BIN)/python examples/make_video.py $@

demo: $(INSTALLED) demo/input.mp4
	@echo '== 2 of 5: preprocessing'
	cd demo && $(BIN)/vidgan preprocess input.mp4 --overwrite
	@echo '== 3 of 5: training for $(DEMO_MINUTES) minutes'
	cd demo && $(BIN)/vidgan train --minutes $(DEMO_MINUTES)
	@echo '== 4 of 5: evaluating'
	cd demo && $(BIN)/vidgan evaluate
	@echo '== 5 of 5: generating'
	cd demo && $(BIN)/vidgan generate --n 16 -o out.mp4 --overwrite
	cd demo && $(BIN)/vidgan generate --grid 3x4 --loop --scale 2 -o grid.gif --overwrite
	@cd demo && run=$$(ls -d runs/*-* | tail -n 1) && printf '%s\n' \
	    '== Done. In the folder demo:' \
	    '  input.mp4                  the example video' \
	    '  vidgan-data/preview.png    what the networks saw of it' \
	    '  out.mp4                    16 generated clips, one after the other' \
	    '  grid.gif                   12 generated clips, side by side' \
	    "  $$run" \
	    '    samples/                 how the same clips looked as training went on' \
	    '    curves.png, log.csv      the losses' \
	    '    evaluation/              the evaluation, with real beside generated clips' \
	    'Train on with: cd demo && ../$(VENV)/bin/vidgan train --resume latest --minutes 60'

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 vidgan

test: lint
	$(PYTEST) $(PYTEST_ARGS)

# Apart, because to watch every line takes the tests some 40 % longer.
coverage: $(INSTALLED)
	$(PYTEST) -m '' --cov --cov-report=term $(PYTEST_ARGS)

$(DOCS_INSTALLED): $(INSTALLED)
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[docs]'
	@touch $@

docs: $(DOCS_INSTALLED)
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --nitpicky -d build/doctrees docs build/docs

dist: $(INSTALLED)
	rm -rf dist
	$(BIN)/python -m pip install --disable-pip-version-check --quiet build twine
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*

# Their warnings are those of old packages, and no errors here.
minima: $(INSTALLED)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet uv
	@mkdir -p build
	$(BIN)/uv pip compile --quiet --resolution lowest-direct --extra test setup.cfg -o $(MINIMA).txt
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(MINIMA)
	$(BIN)/uv pip install --quiet --python $(MINIMA) -r $(MINIMA).txt
	$(BIN)/uv pip install --quiet --python $(MINIMA) --no-deps -e .
	$(MINIMA)/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile -W default $(MINIMA_TESTS)

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf build dist *.egg-info .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache
	find vidgan tests examples benchmarks -name __pycache__ -prune -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV) demo
