# The stream endpoint as a container: the same application as the stream function, for lines that are many and long.
FROM python:3.13-slim
WORKDIR /app
COPY requirements/dev.txt /tmp/locks/dev.txt
COPY layers/vendor/requirements.txt /tmp/locks/vendor.txt
COPY layers/stream/requirements.txt /tmp/locks/stream.txt
# boto3, which Lambda's runtime has, in the version that is tested
RUN pip install --no-cache-dir -r /tmp/locks/vendor.txt -r /tmp/locks/stream.txt -c /tmp/locks/dev.txt boto3
COPY layers/relay/python/relay relay
COPY functions/stream.py .
RUN python -m compileall -q . && useradd --no-create-home relay
USER relay
# LINE_BLOCK_SECONDS: one reservation covers the model calls of so many seconds
ENV PYTHONPATH=/app LINE_BLOCK_SECONDS=10
EXPOSE 8080
# One process uses one core. It ends open lines 110 s after ECS asks it to; a task's stopTimeout may be 120.
CMD ["python", "-m", "uvicorn", "stream:app", "--host", "0.0.0.0", "--port", "8080", "--http", "httptools", "--loop", "uvloop", \
     "--ws", "none", "--log-level", "warning", "--no-access-log", "--no-server-header", "--timeout-keep-alive", "130", \
     "--timeout-graceful-shutdown", "110"]
