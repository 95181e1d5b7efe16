#!/usr/bin/env bash
# Puts the tools of the tests into $SUSTAINABLE_CACHE: OpenTofu, tfplugindocs, goreleaser, cargo-deny
# and a Python environment. Each is pinned, and each is skipped when it is there in the pinned
# version, so that a second run takes no time. Nothing is installed outside that folder.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=${SUSTAINABLE_CACHE:-$HOME/.cache/terraform-provider-sustainable}
bin=$cache/bin
mkdir -p "$bin"

# Does the Go program $1 hold the module $2 in the version $3? It knows that itself.
holds() { [ -x "$bin/$1" ] && go version -m "$bin/$1" | grep -qE "^\s+(mod|dep)\s+$2\s+$3\s"; }

# go_program NAME MODULE VERSION PACKAGE
go_program() {
    holds "$1" "$2" "$3" && return
    echo "building $1 $3"
    GOBIN=$bin go install "$4@$3"
}

# `go install` refuses a module whose go.mod has a `replace`, as OpenTofu's has: hence a module of
# our own that asks for it, with its checksums.
tofu() {
    local version
    version=$(sed -n 's|.*github.com/opentofu/opentofu \(v[0-9.]*\).*|\1|p' tests/tools/tofu/go.mod)
    holds tofu github.com/opentofu/opentofu "$version" && return
    echo "building tofu $version (minutes)"
    (cd tests/tools/tofu && go build -o "$bin/tofu" github.com/opentofu/opentofu/cmd/tofu)
}

cargo_deny() {
    [ "$("$bin/cargo-deny" --version 2>/dev/null)" = "cargo-deny $1" ] && return
    echo "building cargo-deny $1 (minutes)"
    # A debug build: it is made in half the time and runs in seconds either way.
    cargo install "cargo-deny@$1" --locked --debug --root "$cache" --target-dir "$cache/target-tools"
    rm -rf "$cache/target-tools"
}

python_environment() {
    local stamp
    stamp=$cache/venv/requirements-$(sha256sum tests/requirements.txt | cut -c1-16)
    [ -e "$stamp" ] && return
    echo "installing the Python packages"
    rm -rf "$cache/venv"
    python3 -m venv "$cache/venv"
    "$cache/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r tests/requirements.txt
    touch "$stamp"
}

# setup.sh            everything
# setup.sh NAME...    only these (see the functions above)
all=(python_environment tofu tfplugindocs goreleaser cargo_deny)
[ $# -gt 0 ] && all=("$@")
for tool in "${all[@]}"; do
    case $tool in
    python_environment | tofu) "$tool" ;;
    tfplugindocs) go_program tfplugindocs github.com/hashicorp/terraform-plugin-docs v0.25.0 github.com/hashicorp/terraform-plugin-docs/cmd/tfplugindocs ;;
    goreleaser) go_program goreleaser github.com/goreleaser/goreleaser/v2 v2.15.4 github.com/goreleaser/goreleaser/v2 ;;
    cargo_deny) cargo_deny 0.20.2 ;;
    *) echo "setup.sh: no tool named $tool" >&2; exit 2 ;;
    esac
done
