# The whole project by name. Needs Python 3.10 or newer with its venv module, and a package index for the first run.
#
#   make draw PROMPT="a red apple"     set up what is missing, draw a picture, print its path
#   make test                          lint, types, layers and tests
#   make test-lowest                   a smoke set of the tests with the least versions of the dependencies
#   make test-cluster                  the tests on a local Ray cluster, which take minutes
#   make bench                         times of drawing, and what the machine can do
#   make bench-peers                   drawing beside other projects' code, by turns
#   make bench-scaling                 pictures per second by batch and steps
#   make tiny                          from a small picture set to a trained model and a drawn sheet, on a CPU
#   make docs                          the documentation site, in site/
#
# FLAGS go to `dall-e generate`: make draw PROMPT="a red apple" FLAGS="-n 4 --seed 7"

PYTHON ?= python3
FLAGS =
RUN = .venv/bin/python -m

.PHONY: help install draw test test-lowest test-cluster lint format bench bench-peers bench-scaling tiny docs clean

help:
	@sed -n '/^#  /s/^# *//p' Makefile

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo 'make: no $(PYTHON) here; install Python 3.10 or newer, or say where it is: make install PYTHON=...' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "make: $$($(PYTHON) -V 2>&1) is too old; Python 3.10 or newer is needed: make install PYTHON=python3.12, say" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo 'make: this Python lacks its venv module; on Debian and Ubuntu it is the package python3-venv' >&2; exit 1; }
	@echo "setting up .venv; the first time this downloads PyTorch, which takes a few minutes"
	$(PYTHON) -m venv .venv
	$(RUN) pip install -c constraints.txt -e .
	@.venv/bin/python -c "from dall_e.nn.cpu.kernels import described; print('kernels for drawing:', described())"
	@printf '%s\n' "to have dall-e as a command in this shell: . .venv/bin/activate"
	@touch $@

.venv/installed-dev: .venv/installed
	$(RUN) pip install -c constraints.txt -e ".[dev]"
	@touch $@

.venv/installed-docs: .venv/installed
	$(RUN) pip install -c constraints.txt -e ".[docs]"
	@touch $@

# The prompt travels by the environment, so that quotes in it reach the program as they are; write $$ for a dollar.
draw: .venv/installed
	@mkdir -p out
	@cd out && files=$$(../.venv/bin/dall-e generate $(FLAGS) -- "$${PROMPT:-a white cat sleeping on a windowsill}") && \
		printf '%s\n' "$$files" | sed 's|^|out/|'
	@command -v dall-e >/dev/null || echo "more: .venv/bin/dall-e --help; or . .venv/bin/activate, and then dall-e" >&2

# One process for each core; each runs the tests of whole files, which share models.
test: lint
	$(RUN) pytest -n auto --dist loadfile

test-cluster: .venv/installed-dev
	$(RUN) pip install -c constraints.txt -e ".[cluster]" "moto[s3]" flask flask-cors s3fs
	$(RUN) pytest -m cluster

# The least versions lie in a folder that Python looks into before .venv.
LOWEST_TESTS = smoke/test_cli.py unit/cli/test_generate.py unit/cli/test_reproduce.py unit/cli/test_flags.py \
	unit/cli/test_options.py unit/images unit/text unit/checkpoints/test_store.py unit/training/test_tokenizer_stage.py

test-lowest: .venv/lowest/installed
	PYTHONPATH=.venv/lowest $(RUN) pytest $(addprefix tests/,$(LOWEST_TESTS))

.venv/lowest/installed: constraints-lowest.txt .venv/installed-dev
	rm -rf .venv/lowest
	$(RUN) pip install --no-deps --target .venv/lowest -r constraints-lowest.txt
	@touch $@

lint: .venv/installed-dev
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	.venv/bin/lint-imports

format: .venv/installed-dev
	$(RUN) ruff check --fix
	$(RUN) ruff format

bench: .venv/installed
	$(RUN) benchmarks drawing
	$(RUN) benchmarks matmul

# Peers that are not installed are named with the command to install them, and left out. FLAGS go to the benchmark:
# "--tokens 32" is a quick look, "--rows mini,janus-1b --quantization bf16,int8" chooses.
bench-peers: .venv/installed
	$(RUN) benchmarks peers $(FLAGS)

bench-scaling: .venv/installed
	$(RUN) benchmarks scaling $(FLAGS)

tiny: .venv/installed
	PATH="$$PWD/.venv/bin:$$PATH" sh runs/tiny.sh

# A warning is an error: a page that is missing, a link that leads nowhere, a module that cannot be read.
docs: .venv/installed-docs
	NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs build --strict --quiet
	@echo site/index.html

clean:
	rm -rf out build dist site src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find src tests -name __pycache__ -type d -exec rm -rf {} +
