#!/usr/bin/env bash
# rootfs.sh FOLDER ROOT: makes ROOT the whole file system of the image: FOLDER (bin, lib, assets) as /app, the shared
# libraries that its executables need, certificates, and the names of two users. No shell, no package manager.
set -euo pipefail
# shellcheck source=libraries.sh
. "$(dirname "${BASH_SOURCE[0]}")/libraries.sh"

folder=$(realpath "$1") root=$2
mkdir -p "$root"/{app,etc,tmp,usr/lib,usr/share}
chmod 1777 "$root/tmp"
cp -a "$folder/." "$root/app/"

mapfile -t files < <(executables_and_libraries "$folder")
libraries=$(needed_libraries "${files[@]}")
while IFS= read -r library; do
    # Ours come with the folder, found beside the executables.
    if [ -e "$folder/lib/$(basename "$library")" ]; then continue; fi
    # At the place where the loader looks, as one file, whatever links lead there. On a merged /usr both names are one.
    place=$library
    if [ -L /lib ] && [[ $library == /lib/* || $library == /lib64/* ]]; then place=/usr$library; fi
    mkdir -p "$root$(dirname "$place")"
    cp -L "$library" "$root$place"
done <<<"$libraries"
for name in lib lib64; do
    [ ! -L "/$name" ] || ln -sfn "usr/$name" "$root/$name"
done

# OpenSSL's configuration and the certificates of public authorities, where each library looks for them.
cp -a /etc/ssl "$root/etc/"
rm -rf "$root/etc/ssl/private"
[ ! -d /usr/lib/ssl ] || cp -a /usr/lib/ssl "$root/usr/lib/"
# The links in /etc/ssl/certs lead there; all of them stand in ca-certificates.crt, too.
[ ! -d /usr/share/ca-certificates ] || cp -a /usr/share/ca-certificates "$root/usr/share/"

printf '%s\n' 'root:x:0:0:root:/:/sbin/nologin' 'market:x:10001:10001:market:/app:/sbin/nologin' >"$root/etc/passwd"
printf '%s\n' 'root:x:0:' 'market:x:10001:' >"$root/etc/group"
printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' >"$root/etc/nsswitch.conf"
