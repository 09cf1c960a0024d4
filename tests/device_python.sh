#!/usr/bin/env bash
# The device side on the oldest Python it supports (JetPack 6 has 3.10), where that is installed.
# DEVICE_PYTHON names the interpreter; other tests than the device's may be named. Nothing of the hub's is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${DEVICE_PYTHON:-python3.10}
if ! command -v "$python" >/dev/null; then
  echo "$python is not on PATH: the device side was not tested on it (DEVICE_PYTHON names another)" >&2
  exit 4
fi
venv=.venv-device
version() { "$1" -c 'import sys; print(*sys.version_info[:3])'; }
[ "$(version "$venv/bin/python" 2>/dev/null)" = "$(version "$python")" ] || "$python" -m venv --clear "$venv"
"$venv/bin/pip" install -q -e '.[cpu,agent,mail,machines]' pytest onnx
[ $# -gt 0 ] || set -- tests/core tests/edge_agent tests/predictive_maintenance/test_device_side.py \
  tests/support_triage/test_device_side.py
"$venv/bin/python" -m pytest "$@"
