#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Compares the designs on every device tree of Debian's armhf kernel package and prints the summary.
# Usage: tools/fleet.sh [FOLDER for the package, default build/debian-trees] [options of `armory compare`]
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$here/build/debian-trees}
[ $# -gt 0 ] && shift
trees=$("$here/tools/debian-trees.sh" "$folder")
[ -n "$trees" ] || exit 3
exec node "$here/dist/src/cli/main.js" compare "$trees" --fleet "$@"
