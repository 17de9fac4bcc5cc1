#!/bin/sh
# Brings Temporal's two databases to the schema of this release; what is done already is skipped.
# Server, port, role and password come from SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD.
set -eu

migrate() {
    temporal-sql-tool --database "$1" setup-schema --version 0.0
    temporal-sql-tool --database "$1" update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$2/versioned"
}

migrate temporal temporal
migrate temporal_visibility visibility
