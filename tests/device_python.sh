#!/usr/bin/env bash
# The device side on the oldest Python it supports (JetPack 6 has 3.10), where that is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${DEVICE_PYTHON:-python3.10}
if ! command -v "$python" >/dev/null; then
  echo "$python is not on PATH: the device side was not tested on it" >&2
  exit 4
fi
venv=.venv-device
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/pip" install -q -e '.[cpu,agent]' pytest onnx
"$venv/bin/pytest" tests/core tests/edge_agent
