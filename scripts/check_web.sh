#!/usr/bin/env bash
# The committed dashboard bundle must be small, and what its source builds, type-checked and unit-tested.
# All but the size needs Node; in CI it must be there.
set -euo pipefail
web=${1:?usage: check_web.sh FOLDER}
bundle="$web/../src/hiveboard/dashboard/static"
most=120000 # bytes, all files as gzip -9 sends them

sizes() { # FOLDER -> a row a file, the largest first
  find "$1" -type f | while IFS= read -r file; do
    printf '%8d %8d  %s\n' "$(gzip -9nc "$file" | wc -c)" "$(wc -c <"$file")" "${file#"$1"/}"
  done | sort -rn
}

rows=$(sizes "$bundle")
total=$(awk '{ total += $1 } END { print total + 0 }' <<<"$rows")
printf ' gzipped    plain  file\n%s\n%8d           of %d in all\n' "$rows" "$total" "$most"
if [ "$total" -eq 0 ] || [ "$total" -gt "$most" ]; then
  echo "The dashboard bundle has $total bytes gzipped; 1 to $most are allowed" >&2
  exit 1
fi
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
