# Sourced by the scripts, and by anyone who wants the tools of this checkout on PATH: . scripts/env.sh
PARLEY_ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]:-$0}")/.." && pwd -P)
export PARLEY_ROOT
export VIRTUAL_ENV="$PARLEY_ROOT/.venv"
export PATH="$PARLEY_ROOT/.tools/bin:$VIRTUAL_ENV/bin:$PATH"
# Without these, forge looks for the compiler relative to the caller's folder and Ape tries to download one.
export FOUNDRY_SOLC="$PARLEY_ROOT/.tools/bin/solc-v0.8.37"
export SOLCX_BINARY_PATH="$PARLEY_ROOT/.tools/bin"
export FOUNDRY_DISABLE_NIGHTLY_WARNING=1
# Bytecode is kept, whatever the caller's own habit: every agent, gateway and test process here starts a second faster.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX="$PARLEY_ROOT/.tools/pycache"
