import os
import sys

from cli.asking import ends_with_a_sentence
from db.migrate import head_revision, upgrade


def migrate_database() -> None:
    """Needs nothing but DATABASE_URL, so that a deployment can run it without the product's secrets."""
    database_url = os.environ.get("DATABASE_URL")
    if not database_url:
        sys.exit("DATABASE_URL is not set")
    with ends_with_a_sentence():
        upgrade(database_url)
    print(f"the schema is at revision {head_revision()}")
