#!/bin/sh
# Packs a folder and sends it to the backup machine, which runs:
#   egoat receive --server URL --room backup --output /srv/backup
set -eu
server=$1 folder=$2
archive=$(mktemp -d)/$(basename "$folder")-$(date +%F).tar.gz
trap 'rm -rf "$(dirname "$archive")"' EXIT
tar -czf "$archive" -C "$(dirname "$folder")" "$(basename "$folder")"
egoat send --server "$server" --room backup --timeout 300 "$archive"
