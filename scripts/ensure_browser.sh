#!/usr/bin/env bash
# The browser tests use what is installed; else Debian's chromium where apt and root are there; else Playwright's own.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:?usage: ensure_browser.sh PYTHON}

for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
if [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]; then exit 0; fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "· installing chromium for the browser tests"
  if { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; } >/dev/null 2>&1; then exit 0; fi
fi
if ls "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}"/chromium-* >/dev/null 2>&1; then exit 0; fi
echo "· fetching Playwright's chromium for the browser tests"
if "$python" -m playwright install chromium >/dev/null 2>&1; then exit 0; fi
echo "No browser could be installed: the browser tests will skip (in CI they fail)." >&2
