#!/usr/bin/env bash
# Runs goreleaser with the arguments given. It asks git for a remote, which a fresh local clone may
# not have: then this one call gets the project's own.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${SUSTAINABLE_CACHE:-$HOME/.cache/terraform-provider-sustainable}
if ! git remote get-url origin >/dev/null 2>&1; then
    export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=remote.origin.url
    export GIT_CONFIG_VALUE_0=https://github.com/sustainable-ml/terraform-provider-sustainable
fi
exec "$cache/bin/goreleaser" "$@"
