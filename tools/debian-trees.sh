#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fetches the device trees of Debian's armhf kernel package into a folder and prints where they are.
# Usage: tools/debian-trees.sh FOLDER
# Needs apt-get and dpkg-deb. Uses an apt state of its own in FOLDER: neither root nor a foreign
# architecture on this machine is needed, and nothing outside FOLDER changes.
set -eu

folder=${1:?usage: tools/debian-trees.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

trees() { find "$folder/root/usr/lib" -maxdepth 1 -type d -name 'linux-image-*-armmp' 2>/dev/null | head -n 1; }

if [ -z "$(trees)" ]; then
  mkdir -p "$folder/state/lists/partial" "$folder/cache/archives/partial" "$folder/root"
  : > "$folder/status"
  private() {
    tool=$1
    shift
    "$tool" -q -o APT::Architecture=armhf -o APT::Architectures=armhf -o APT::Sandbox::User="$(id -un)" \
      -o Dir::State="$folder/state" -o Dir::State::status="$folder/status" -o Dir::Cache="$folder/cache" "$@"
  }
  # One suite that cannot be read (a mirror in the middle of a sync) leaves the others usable.
  private apt-get update >&2 || echo 'continuing with the package lists that could be fetched' >&2
  # The meta package depends on the current version.
  package=$(private apt-cache depends linux-image-armmp | sed -n 's/.*Depends: \(linux-image-[^ ]*-armmp\).*/\1/p' | head -n 1)
  [ -n "$package" ] || { echo "no linux-image-armmp in this machine's package sources" >&2; exit 3; }
  (cd "$folder" && private apt-get download "$package") >&2
  for archive in "$folder"/linux-image-*.deb; do dpkg-deb -x "$archive" "$folder/root"; done
fi
trees
