#!/usr/bin/env bash
# Installs Debian packages: only the missing ones, only when we may. `make` calls it with their names and PYTHON.
# Of `one/other` either will do, and the first is installed; where a distribution has neither, what needs it is skipped.
set -euo pipefail

missing=()
for wanted in "$@"; do
  for one in ${wanted//\// }; do
    [[ $(dpkg-query -W -f '${Status}' "$one" 2>/dev/null) == "install ok"* ]] && continue 2
  done
  missing+=("$wanted")
done
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "needed: ${missing[*]}   (sudo apt-get install ${missing[*]%%/*})" >&2
  exit 4
fi
apt-get update -qq
chosen=()
for wanted in "${missing[@]}"; do
  known=$wanted
  if [[ $wanted == */* ]]; then
    known=""
    for one in ${wanted//\// }; do
      [ -n "$known" ] || ! apt-cache show "$one" >/dev/null 2>&1 || known=$one
    done
    [ -n "$known" ] || echo "there is no package $wanted here: tests that need it are skipped" >&2
  fi
  chosen+=($known)
done
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${chosen[@]}" >/dev/null
