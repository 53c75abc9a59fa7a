# What both layers' Makefiles share: which uv installs, and how sources become bytecode.

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
