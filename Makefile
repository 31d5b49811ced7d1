# Each target does its own set-up: on a machine with Python 3.11 and make, `make demo` and `make test` are all there is to type.
# What they need goes to .venv, installed from the locks; it is done again only when a lock or pyproject.toml has changed.

PYTHONS := python3 python3.13 python3.12 python3.11   # tried in this order; make PYTHONS=/path/to/python chooses
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

.PHONY: demo test check bench chaos lock clean
.DEFAULT_GOAL := demo

demo: .venv/demo-ready   ## Andon with a small Slack of its own, in the browser
	@$(BIN)/andon demo

test: .venv/test-ready   ## all tests
	@$(BIN)/pytest -q

check: .venv/test-ready   ## what CI runs: format, lint, types, imports, installed packages, tests
	@echo 'Formatting …' && $(BIN)/ruff format --quiet --check .
	@echo 'Lint …' && $(BIN)/ruff check --quiet .
	@echo 'Types …' && $(BIN)/mypy --no-error-summary
	@echo 'Imports …' && $(BIN)/lint-imports > .venv/imports.log || { cat .venv/imports.log; exit 1; }
	@echo 'Packages …' && $(BIN)/pip check > .venv/packages.log || { cat .venv/packages.log; exit 1; }
	@echo 'Tests …' && $(BIN)/pytest -q

bench: .venv/test-ready   ## beside LangGraph and a bare Bolt app, in turn: within eight minutes
	@$(BIN)/python -m benchmarks

chaos: .venv/test-ready   ## bots are killed thousands of times, and nothing is lost or doubled (docs/faults.md); ARGS='--runs 100'
	@$(BIN)/python -m tests.chaos $(ARGS)

COMPILE = CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/pip-compile --quiet --upgrade --strip-extras --allow-unsafe --no-emit-options
DEV_GROUPS = $(BIN)/python -c 'import tomllib; print(*sum(tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"].values(), []), sep="\n")'

lock: .venv/test-ready   ## newest versions that pyproject.toml allows, into both locks
	@$(COMPILE) --build-deps-for editable --output-file requirements.lock pyproject.toml
	@$(DEV_GROUPS) | $(COMPILE) --output-file requirements-dev.lock requirements.lock -
	@git diff --stat -- '*.lock'

clean:   ## everything that can be made again; .andon, where the bot keeps its data, stays
	@rm -rf .venv build dist *.egg-info test-artifacts .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -prune -exec rm -rf {} +

.venv/demo-ready: requirements.lock pyproject.toml
	$(call install,requirements.lock)
	@touch $@

.venv/test-ready: requirements-dev.lock pyproject.toml
	$(call install,requirements-dev.lock)
	@touch $@ .venv/demo-ready

# $(call install,LOCK): the first python that is new enough makes .venv, then pip fills it; pip speaks of errors only.
define install
@python=; for name in $(PYTHONS); do \
	if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then python=$$name; break; fi; \
done; \
if [ -z "$$python" ]; then \
	echo 'Andon needs Python 3.11 or newer and found none (looked for: $(strip $(PYTHONS))).' >&2; \
	echo 'Install it (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python), then run this again.' >&2; \
	exit 1; \
fi; \
if ! $$python -c 'import ensurepip, venv' 2> /dev/null; then \
	echo "$$python has no venv module, which Andon needs for its set-up." >&2; \
	echo 'Install it (Debian, Ubuntu: apt install python3-venv), then run this again.' >&2; \
	exit 1; \
fi; \
echo "Setting up .venv with $$($$python --version) from $(1): about a minute, only now and when the lock changes …" && \
$$python -m venv .venv && \
$(PIP) install --requirement $(1) && \
$(PIP) install --no-deps --no-build-isolation --editable .
endef
