#!/bin/sh
# Run once by the Postgres image, on an empty volume: the product and Temporal each get a role and databases of
# their own, and neither can connect to the other's.
set -eu

if [ "$BILLING_ENVIRONMENT" = production ]; then
    case "$POSTGRES_PASSWORD $ITALIANO_DATABASE_PASSWORD $TEMPORAL_DATABASE_PASSWORD" in
        *change-me*)
            echo "The example passwords are not accepted in production: set them in .env," >&2
            echo "then remove the volume that was just made: docker compose down --volumes" >&2
            exit 1
            ;;
    esac
fi

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set italiano_password="$ITALIANO_DATABASE_PASSWORD" \
    --set temporal_password="$TEMPORAL_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE italiano LOGIN PASSWORD :'italiano_password';
CREATE DATABASE italiano OWNER italiano;
REVOKE CONNECT ON DATABASE italiano FROM PUBLIC;

CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE CONNECT ON DATABASE temporal, temporal_visibility FROM PUBLIC;
SQL
