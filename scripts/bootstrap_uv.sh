#!/usr/bin/env bash
# Puts uv into .tools/uv of this checkout, for machines that have only Python and make.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3}
version=$(sed -n 's/^uv==\([^ ;]*\).*/\1/p' pins.txt)
target=.tools/uv

command -v "$python" >/dev/null || { echo "Python 3.11 or newer is needed and '$python' was not found. Try: make PYTHON=/path/to/python3" >&2; exit 1; }
echo "· fetching uv $version into $target (once)"
if "$python" -m venv "$target" >/dev/null 2>&1; then
  "$target/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$version"
elif "$python" -m pip --version >/dev/null 2>&1; then
  "$python" -m pip install --quiet --disable-pip-version-check --target "$target/lib" "uv==$version"
  mkdir -p "$target/bin"
  ln -sf ../lib/bin/uv "$target/bin/uv"
else
  cat >&2 <<'HELP'
This Python has neither venv nor pip, so uv cannot be fetched. Any one of these helps:
  apt-get install python3-venv     (Debian, Ubuntu)
  install uv yourself and put it on PATH
HELP
  exit 1
fi
