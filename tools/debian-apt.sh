# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
# For the scripts beside it, which source this: an apt of their own. `private TOOL …` runs an apt tool for armhf with
# all its state in $folder: neither root nor a foreign architecture on this machine is needed, and nothing outside
# $folder changes. `private_update` fetches the package lists.

private() {
  tool=$1
  shift
  "$tool" -q -o APT::Architecture=armhf -o APT::Architectures=armhf -o APT::Sandbox::User="$(id -un)" \
    -o Dir::State="$folder/state" -o Dir::State::status="$folder/status" -o Dir::Cache="$folder/cache" "$@"
}

private_update() {
  mkdir -p "$folder/state/lists/partial" "$folder/cache/archives/partial" "$folder/root"
  : > "$folder/status"
  # One suite that cannot be read (a mirror in the middle of a sync) leaves the others usable.
  private apt-get update >&2 || echo 'continuing with the package lists that could be fetched' >&2
}

# unpack PACKAGE…: fetches packages into $folder/root.
unpack() {
  (cd "$folder" && private apt-get download "$@") >&2
  for package; do
    for archive in "$folder/${package%%:*}"_*.deb; do dpkg-deb -x "$archive" "$folder/root"; done
  done
}
