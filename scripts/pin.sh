#!/usr/bin/env bash
# Resolves the whole development environment into pins.txt: names, versions and markers, no addresses.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${1:?usage: pin.sh UV}
"$uv" pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url \
  --no-emit-package hiveloop-core --no-emit-package hiveloop-langchain --no-emit-package hiveloop-crewai \
  --no-emit-package hiveloop-autogen --no-emit-package hiveloop-tenacity --no-emit-package hiveboard \
  --group pyproject.toml:dev packages/*/pyproject.toml --all-extras --output-file pins.txt --upgrade
if grep -nE '://|@ ' pins.txt; then echo "pins.txt must not hold addresses" >&2; exit 1; fi
