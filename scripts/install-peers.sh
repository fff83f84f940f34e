#!/usr/bin/env bash
# Installs the programs that the end-to-end tests talk to: vmagent, vmalert and victoria-metrics (Debian's victoria-metrics)
# and Prometheus (Debian's prometheus). Does nothing when all of them are there; leaves no system service running.
set -euo pipefail

readonly PROGRAMS=(vmagent vmalert victoria-metrics prometheus)
readonly PACKAGES=(victoria-metrics prometheus)
readonly POLICY=/usr/sbin/policy-rc.d

missing() {
  local program
  for program in "${PROGRAMS[@]}"; do
    command -v "$program" >/dev/null || printf '%s ' "$program"
  done
}

fail() {
  printf 'install-peers: %s\n' "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Runs a command and shows what it said only if it failed.
quietly() {
  "$@" >"$log" 2>&1 || {
    local code=$?
    cat "$log" >&2
    fail "failed ($code): $*"
  }
}

# The packages start their services after installation unless invoke-rc.d's policy forbids it (policy-rc.d(8)).
forbid_services() {
  [ ! -e "$POLICY" ] || return 0
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
  as_root chmod 755 "$POLICY"
  policy_is_ours=yes
}

clean_up() {
  rm -f "$log"
  [ -z "$policy_is_ours" ] || as_root rm -f "$POLICY"
}

# Neither now nor at the next boot: the tests start the programs themselves.
disable_services() {
  [ -d /run/systemd/system ] || return 0
  local unit
  for unit in prometheus prometheus-node-exporter victoria-metrics; do
    as_root systemctl disable --now --quiet "$unit" 2>/dev/null || true
  done
}

wanted=$(missing)
[ -n "$wanted" ] || exit 0

command -v apt-get >/dev/null ||
  fail "missing: ${wanted% }; there is no apt-get here, so install VictoriaMetrics (vmagent, vmalert, victoria-metrics) and Prometheus by hand and put them on PATH"
[ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null ||
  fail "missing: ${wanted% }; run this script as root, or with sudo that asks for no password"

log=$(mktemp)
policy_is_ours=
trap clean_up EXIT
forbid_services
quietly as_root apt-get update -qq
quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${PACKAGES[@]}"
disable_services

wanted=$(missing)
[ -z "$wanted" ] || fail "installed ${PACKAGES[*]}, but these are still not on PATH: ${wanted% }"
printf 'install-peers: installed %s\n' "${PACKAGES[*]}"
