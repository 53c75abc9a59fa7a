"""What every test stands on: an environment that could not reach a real cloud if it tried."""

from __future__ import annotations

import os

# Before any import of boto3 or Powertools reads them.
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="eu-west-1",
    AWS_EC2_METADATA_DISABLED="true",
    POWERTOOLS_SERVICE_NAME="genrelay",
    POWERTOOLS_METRICS_NAMESPACE="genrelay",
    POWERTOOLS_LOG_LEVEL="CRITICAL",
)
