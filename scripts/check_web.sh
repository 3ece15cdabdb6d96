#!/usr/bin/env bash
# The committed dashboard bundle must be what its source builds, type-checked and unit-tested. Needs Node; in CI it must be there.
set -euo pipefail
web=${1:?usage: check_web.sh FOLDER}
if ! command -v npm >/dev/null; then
  if [ -n "${CI:-}" ]; then echo "CI has no npm: the dashboard bundle cannot be checked" >&2; exit 1; fi
  echo "· no npm here: the dashboard bundle is not checked against its source"
  exit 0
fi
cd "$web"
if [ ! -e node_modules/.stamp ] || [ package-lock.json -nt node_modules/.stamp ]; then
  npm ci --no-fund --no-audit --silent
  touch node_modules/.stamp
fi
npm run --silent check
npm run --silent test
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
npm run --silent build -- --outDir "$built/static" --emptyOutDir
if ! diff -r "$built/static" ../src/hiveboard/dashboard/static; then
  echo "The committed bundle is not what the source builds: run 'make web' and commit the result" >&2
  exit 1
fi
echo "· the dashboard bundle is what its source builds"
