#!/bin/sh
# setup.sh FOLDER: make the virtual environment, unless it is there and whole.
# It is whole when the last step of all, the stamp, holds what it was made from.
set -eu
cd "$(dirname "$0")/.."
venv=${1:-.venv}

stop() {
  printf '\n%s\n%s\n' "$1" "$2" >&2
  exit 1
}

if [ "$venv" != .venv ]; then # somebody's own: looked at, never changed
  "$venv/bin/python" - <<'PYTHON' || stop \
    "The environment '$venv' is not complete. CONTRIBUTING.md says how to make one." \
    "'$venv' 환경이 온전하지 않습니다. 만드는 방법은 CONTRIBUTING.ko.md에 있습니다."
import sys
from importlib.util import find_spec

needed = ["vitlib", "jupyter_book", "nbval", "d2l", "playwright", "check_jsonschema",
          "nbgrader"]
missing = [name for name in needed if find_spec(name) is None]
sys.exit(f"missing: {', '.join(missing)}" if missing else 0)
PYTHON
  exit 0
fi

wanted=$(cat requirements.txt constraints.txt pyproject.toml tools/setup.sh | cksum)
wanted="$wanted $PWD" # a moved folder needs a new environment, too
stamp=.venv/ready
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && .venv/bin/python -c ''; then
  exit 0
fi

python=
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || stop \
  "Python 3.11 or newer is missing. Debian, Ubuntu: sudo apt-get install python3 python3-venv. macOS: brew install python@3.13" \
  "Python 3.11 이상이 필요합니다. Debian, Ubuntu: sudo apt-get install python3 python3-venv. macOS: brew install python@3.13"
"$python" -c 'import ensurepip, venv' 2>/dev/null || stop \
  "$python cannot make virtual environments. Debian, Ubuntu: sudo apt-get install python3-venv" \
  "'$python'은(는) 가상 환경을 만들지 못합니다. Debian, Ubuntu: sudo apt-get install python3-venv"

echo "Setting up .venv, once: some minutes and, on Linux, 6 GB (PyTorch)."
echo ".venv를 처음 한 번 준비합니다. 몇 분이 걸리고 리눅스에서는 6 GB(PyTorch)를 씁니다."
rm -rf .venv
"$python" -m venv .venv
install() {
  .venv/bin/python -m pip install -qq --disable-pip-version-check "$@"
}
install -r requirements.txt -c constraints.txt -e . || stop \
  "The installation failed: pip says why above. Run the same command again to start over." \
  "설치하지 못했습니다. 이유는 위에 있는 pip의 메시지를 보십시오. 같은 명령을 다시 실행하면 처음부터 설치합니다."
install --no-deps d2l==1.0.3 || stop \
  "d2l could not be installed: pip says why above." \
  "d2l을 설치하지 못했습니다. 이유는 위에 있는 pip의 메시지를 보십시오."
printf '%s\n' "$wanted" >"$stamp"
