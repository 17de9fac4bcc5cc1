#!/bin/sh
# Puts a backup of backup.sh in the place of what the product's database holds: sh restore.sh FILE
# DATABASE_URL says which database; its role has to own it. Neither API nor worker may run. All of it happens, or nothing.
# What has to follow, so that books, workflows and providers agree again: docs/deployment.md, "Restore".
set -eu

file=${1:?usage: restore.sh FILE}
here=$(dirname "$0")
database=$(printf %s "${DATABASE_URL:?is not set}" | sed 's/^postgresql+[a-z]*:/postgresql:/')

ask() {
    psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$database" "$@"
}

others=$(ask --command "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'")
if [ "$others" -ne 0 ]; then
    echo "FAIL $others sessions use this database: stop API and workers first" >&2
    exit 1
fi

{
    # As a new database has it: what a newer schema added goes, too.
    echo "SET client_min_messages = warning;"
    echo "DROP SCHEMA IF EXISTS report CASCADE;"
    echo "DROP SCHEMA public CASCADE;"
    echo "CREATE SCHEMA public AUTHORIZATION pg_database_owner;"
    echo "GRANT USAGE ON SCHEMA public TO PUBLIC;"
    pg_restore --file - "$file" || echo "SELECT 'the backup could not be read' / 0;"
    cat "$here/after-restore.sql"
} | ask --single-transaction >/dev/null

ask --command "SELECT 'restored: the schema is at ' || version_num FROM alembic_version"
