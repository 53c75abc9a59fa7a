# What the layers' Makefiles share: which uv installs, how wheels are laid out, and how sources become bytecode.

here := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
UV ?= $(or $(shell command -v uv),$(wildcard $(here)../.venv/bin/uv))

# Lambda's file system is read-only, so bytecode that is not shipped is compiled again at every cold start. A name on
# PATH proves nothing (version managers leave stand-ins), so each candidate is run. Unchecked hashes, because a layer's
# file times mean nothing; paths as they will be under /opt, so tracebacks are right and a build can be repeated.
define compile
	@for python in $$(which -a python3.13 2>/dev/null) $$($(UV) python find --managed-python 3.13 2>/dev/null); do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' >/dev/null 2>&1; then \
	    exec "$$python" -m compileall -q -j 0 --invalidation-mode unchecked-hash \
	      -s "$(ARTIFACTS_DIR)" -p /opt "$(ARTIFACTS_DIR)/python"; \
	  fi; \
	done; \
	echo "$@: no python3.13 runs here, so no .pyc: cold starts take about 3 times as long; uv python install 3.13"
endef

# The arm64 wheels of the layer's lock, whatever machine and Python this runs on. Nothing at run time reads the wheels'
# metadata, their tests or the scripts for a shell.
define wheels
	@test -n "$(UV)" || { echo "uv is missing: pip install uv" >&2; exit 1; }
	@$(UV) pip install --quiet --no-deps --link-mode copy --target "$(ARTIFACTS_DIR)/python" \
	  --python-platform aarch64-manylinux_2_28 --python-version 3.13 --only-binary :all: \
	  --requirement "$(source)requirements.txt"
	@cd "$(ARTIFACTS_DIR)/python" && rm -rf bin .lock *.dist-info && \
	  find . -type d \( -name tests -o -name __pycache__ \) -prune -exec rm -rf {} +
endef

# Writes the lock of the layer in the folder $(1); $(2) are further options. What is locked is what is tested: the
# development lock constrains it.
define lock
	cd "$(here).." && $(UV) pip compile --quiet --python-platform aarch64-manylinux_2_28 --python-version 3.13 \
	  --constraint requirements/dev.txt $(2) layers/$(1)/requirements.in --output-file layers/$(1)/requirements.txt
endef
