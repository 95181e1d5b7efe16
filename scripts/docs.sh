#!/usr/bin/env bash
# The reference pages in docs/, made from the declarations in schemas/.
#   docs.sh write    generate them
#   docs.sh check    fail if they are not what would be generated, or not as a registry wants them
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in
write) cargo run --locked --quiet -p sustainable-schemas --bin docs ;;
check) ;;
*) echo "docs.sh write|check" >&2; exit 2 ;;
esac
