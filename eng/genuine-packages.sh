#!/usr/bin/env bash
# Asks the package feed anew whether it has the genuine Azure Functions packages, and the in-memory Durable Task backend for
# tests; says which way it went, one line each, and keeps the answers for the builds that follow (see genuine-packages/README.md).
# Exit code 0 either way: lacking them is no failure. With --require, 1 unless the app's packages are there.
set -euo pipefail
cd "$(dirname "$0")/genuine-packages"

ask() { # folder, property, what it is
  mkdir -p "$1/obj"
  local answer=false words="lacks"
  if dotnet restore "$1/probe.csproj" --force --nologo >"$1/obj/probe.log" 2>&1; then
    answer=true words="has"
  fi
  printf '<Project><PropertyGroup><%s>%s</%s></PropertyGroup></Project>\n' "$2" "$answer" "$2" >"$1/obj/answer.props"
  printf '%s=%s: this feed %s %s\n' "$2" "$answer" "$words" "$3"
  [ "$answer" = true ]
}

found=0
ask functions SelfDevGenuinePackages "the genuine Azure Functions packages" || found=1
ask testhost SelfDevGenuineTestHost "the in-memory Durable Task backend (tests)" || true
if [ "${1:-}" = --require ]; then
  exit "$found"
fi
