#!/bin/sh
# Run once by the Postgres image, on an empty volume: the product and Temporal each get roles and databases of
# their own, and neither can connect to the other's. The product has three: who owns the schema and migrates it, what
# its processes are, and who reads reports.
set -eu

if [ "$BILLING_ENVIRONMENT" = production ]; then
    passwords="$ITALIANO_APP_PASSWORD $ITALIANO_MIGRATE_PASSWORD $ITALIANO_REPORT_PASSWORD"
    case "$POSTGRES_PASSWORD $passwords $TEMPORAL_DATABASE_PASSWORD" in
        *change-me*)
            echo "The example passwords are not accepted in production: set them in .env," >&2
            echo "then remove the volume that was just made: docker compose down --volumes" >&2
            exit 1
            ;;
    esac
fi

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set app_password="$ITALIANO_APP_PASSWORD" \
    --set migrate_password="$ITALIANO_MIGRATE_PASSWORD" \
    --set report_password="$ITALIANO_REPORT_PASSWORD" \
    --file /ops/roles.sql

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set temporal_password="$TEMPORAL_DATABASE_PASSWORD" <<'SQL'
CREATE DATABASE italiano OWNER italiano_migrate;
REVOKE CONNECT ON DATABASE italiano FROM PUBLIC;

CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE CONNECT ON DATABASE temporal, temporal_visibility FROM PUBLIC;
SQL
