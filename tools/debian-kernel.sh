#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fetches what it takes to build a module for Debian's armhf kernel and to boot that kernel: its image, its headers
# and a busybox, and the image of its sister with long descriptors. Prints the kernel's release; all is below
# FOLDER/root then, with the paths of a Debian system.
# Usage: tools/debian-kernel.sh FOLDER
# Needs apt-get and dpkg-deb; nothing outside FOLDER changes (debian-apt.sh). FOLDER may be that of debian-trees.sh.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
case ${1:-} in
  -h | --help) echo 'usage: tools/debian-kernel.sh FOLDER'; exit 0 ;;
  '' | -*) echo 'usage: tools/debian-kernel.sh FOLDER' >&2; exit 2 ;;
esac
folder=$1
trees=$("$here/debian-trees.sh" "$folder")
[ -n "$trees" ] || exit 3
folder=$(cd "$folder" && pwd)
. "$here/debian-apt.sh"

release=${trees##*/linux-image-}
headers=linux-headers-$release
common=linux-headers-${release%-armmp}-common

if [ ! -d "$folder/root/usr/src/$common" ]; then
  unpack "$headers" busybox-static "$common"
  # They name each other by paths of the system that they would be installed on.
  sed -i "s| /usr/src/| $folder/root/usr/src/|" "$folder/root/usr/src/$headers/Makefile"
fi
# Both come out of one source, in one version.
[ -f "$folder/root/boot/vmlinuz-$release-lpae" ] || unpack "linux-image-$release-lpae"
# The build's own programs run here, so they are of this machine's architecture.
kbuild=$(private apt-cache depends "$headers" | sed -n 's/.*Depends: \(linux-kbuild-[0-9.]*\).*/\1/p' | head -n 1)
if [ ! -d "$folder/root/usr/lib/$kbuild" ]; then
  (cd "$folder" && apt-get -q -o APT::Sandbox::User="$(id -un)" download "$kbuild:$(dpkg --print-architecture)") >&2
  for archive in "$folder/${kbuild}"_*.deb; do dpkg-deb -x "$archive" "$folder/root"; done
fi
echo "$release"
