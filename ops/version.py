"""Which release this is: what the API's description says, and what metrics tell apart."""

VERSION = "0.1.0"

BUILD_INFO = "billing_build_info"
"""The gauge that says it, the same of API and worker."""
