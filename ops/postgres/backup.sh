#!/bin/sh
# Writes everything that the product's database holds into one file: sh backup.sh FILE
# DATABASE_URL says which database, in a spelling of psql's or of the product's. Needs pg_dump of the server's version.
# It locks nothing that the product needs, and shows the books as they were at one instant.
set -eu

file=${1:?usage: backup.sh FILE}
# The driver's name in the middle is SQLAlchemy's, and means nothing here.
database=$(printf %s "${DATABASE_URL:?is not set}" | sed 's/^postgresql+[a-z]*:/postgresql:/')

pg_dump --format=custom --file "$file.unfinished" --dbname "$database"
# Reads all of it: half a file never gets the name of a backup.
pg_restore --file /dev/null "$file.unfinished"
mv "$file.unfinished" "$file"
