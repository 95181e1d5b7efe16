#!/usr/bin/env bash
# The reference pages in docs/, made from the declarations in schemas/.
#   docs.sh write    generate them
#   docs.sh check    fail if they are not what would be generated, or not as a registry wants them
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${SUSTAINABLE_CACHE:-$HOME/.cache/terraform-provider-sustainable}

pages() { cargo run --locked --quiet -p sustainable-schemas --bin sustainable-docs -- "$@"; }

case ${1:-} in
write) pages ;;
check)
    pages --check
    schema=$(mktemp)
    trap 'rm -f "$schema"' EXIT
    "$cache/venv/bin/python" scripts/providers_schema.py >"$schema"
    "$cache/bin/tfplugindocs" validate --provider-name sustainable --providers-schema "$schema"
    ;;
*) echo "docs.sh write|check" >&2; exit 2 ;;
esac
