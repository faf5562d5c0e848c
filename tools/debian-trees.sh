#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fetches the device trees of Debian's armhf kernel package into a folder and prints where they are.
# Usage: tools/debian-trees.sh FOLDER
# Needs apt-get and dpkg-deb; nothing outside FOLDER changes (debian-apt.sh).
set -eu

case ${1:-} in
  -h | --help) echo 'usage: tools/debian-trees.sh FOLDER'; exit 0 ;;
  '' | -*) echo 'usage: tools/debian-trees.sh FOLDER' >&2; exit 2 ;;
esac
folder=$1
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
. "$(dirname "$0")/debian-apt.sh"

trees() { find "$folder/root/usr/lib" -maxdepth 1 -type d -name 'linux-image-*-armmp' 2>/dev/null | head -n 1; }

if [ -z "$(trees)" ]; then
  private_update
  # The meta package depends on the current version.
  package=$(private apt-cache depends linux-image-armmp | sed -n 's/.*Depends: \(linux-image-[^ ]*-armmp\).*/\1/p' | head -n 1)
  [ -n "$package" ] || { echo "no linux-image-armmp in this machine's package sources" >&2; exit 3; }
  unpack "$package"
fi
trees
