#!/bin/sh
# Serves stream.py; the Lambda Web Adapter starts this instead of Lambda's own runtime, which would have set the path.
export PYTHONPATH="${PYTHONPATH:+$PYTHONPATH:}${LAMBDA_TASK_ROOT:-.}${LAMBDA_RUNTIME_DIR:+:/opt/python:$LAMBDA_RUNTIME_DIR}"
# An idle connection is kept longer than the adapter keeps it. Lambda ends a process 2 s after asking it to.
exec python -m uvicorn stream:app --host 127.0.0.1 --port "$AWS_LWA_PORT" --http httptools --loop uvloop --ws none \
  --log-level warning --no-access-log --no-server-header --no-proxy-headers \
  --timeout-keep-alive 900 --timeout-graceful-shutdown 1
