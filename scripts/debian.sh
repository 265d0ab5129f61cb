#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Makes a Debian package of the element, out/gstreamer1.0-rirndeblur_VERSION_ARCH.deb.
#   scripts/debian.sh                  builds the library first
#   scripts/debian.sh --library FILE   packs one that is built, such as out/plugin/libgstrirndeblur.so
# LibTorch is not in it: README.Debian in the package says where it is looked for. The package fits
# the Debian or Ubuntu it is made on, and is tried in a folder. Needs patchelf and dpkg-dev, which
# are installed where apt is.
set -euo pipefail
called_from=$PWD
cd "$(dirname "$0")/.."
library=
case "${1:-}" in
    '') ;;
    --library) library=$(cd "$called_from" && realpath -e "${2:?a file}") ;;
    -h | --help) sed -n '4,9s/^# \{0,1\}//p' "$0" && exit 0 ;;
    *) echo "debian.sh: \"$1\" is not known, see scripts/debian.sh --help." >&2 && exit 2 ;;
esac

# shellcheck source=scripts/setup.sh
. scripts/setup.sh
packages+=(patchelf dpkg-dev)
setup cpu
[ -n "${LIBTORCH_LIB:-${LIBTORCH:-}}" ] || fail "set LIBTORCH to the folder of LibTorch."
package=gstreamer1.0-rirndeblur
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
arch=$(dpkg --print-architecture)
multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
folder=usr/lib/$multiarch/gstreamer-1.0
work=$(mktemp -d)
trap 'on_exit; rm -rf "$work"' EXIT
tree=$work/tree
documents=$tree/usr/share/doc/$package
made=out/${package}_$version-1_$arch.deb

build() { cargo build --release --locked --lib; }

install_library() {
    install -D -m 644 "$library" "$tree/$folder/libgstrirndeblur.so"
    strip --strip-unneeded "$tree/$folder/libgstrirndeblur.so"
    # Instead of the building machine's LibTorch. Relative, so that an unpacked package runs, too.
    # shellcheck disable=SC2016  # for the loader, not for the shell
    patchelf --set-rpath '$ORIGIN/../../rirndeblur/torch/lib' "$tree/$folder/libgstrirndeblur.so"
}

# The crates inside the library, with their licences; paths of this machine taken out.
crates() {
    cargo tree --locked -p gst-plugin-rirndeblur -e normal --prefix none --format '{p}: {l}' |
        sed -e 's/ ([^)]*)//g' | sort -u
}

install_documents() {
    install -d "$documents/docs" "$documents/models" "$documents/examples"
    install -m 644 README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "$documents"
    install -m 644 docs/*.md docs/before-after.png "$documents/docs"
    install -m 644 models/README.md "$documents/models"
    install -m 644 examples/applications/* "$documents/examples"
    install -D -m 755 scripts/fetch-libtorch.sh "$tree/usr/share/$package/fetch-libtorch.sh"
    crates >"$documents/rust-packages.txt"
    readme_debian >"$documents/README.Debian"
    copyright >"$documents/copyright"
    find "$documents" -type f -exec chmod 644 {} +
}

readme_debian() {
    cat <<TEXT
rirndeblur for Debian
=====================

The plugin computes with LibTorch $libtorch_version, which is not in this package: it is large, and two
of NVIDIA's libraries that it asks for come under NVIDIA's own licence. The plugin looks for it in

    /usr/lib/rirndeblur/torch/lib

This fetches it (544 MB, every file checked against its hash; needs python3-pip and gcc) and puts it
there:

    sudo env RIRNDEBLUR_CACHE=/opt/rirndeblur /usr/share/$package/fetch-libtorch.sh
    sudo ln -sfn /opt/rirndeblur/libtorch-$libtorch_version-cpu /usr/lib/rirndeblur

For NVIDIA GPUs call the script with --cuda (2.5 GB) and link libtorch-$libtorch_version-cu130 instead.
A LibTorch $libtorch_version of your own serves as well, if its folder is /usr/lib/rirndeblur/torch.

Did GStreamer look at the plugin before LibTorch was there? Then it remembers that it could not be
loaded and looks again only if the file has changed:

    sudo touch /$folder/libgstrirndeblur.so
    gst-inspect-1.0 rirndeblur

On removal the link and /opt/rirndeblur stay, since the package did not put them there.
TEXT
}

copyright() {
    cat <<TEXT
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: rirndeblur
Comment: The library holds the Rust packages listed in rust-packages.txt, each under its licence.

Files: *
Copyright: $(sed -n 's/^Copyright (c) //p' LICENSE-MIT | head -n 1)
License: MIT or Apache-2.0

License: MIT
$(sed -e 's/^$/./' -e 's/^/ /' LICENSE-MIT)

License: Apache-2.0
 See /usr/share/common-licenses/Apache-2.0.
TEXT
}

# What the library needs, with versions; LibTorch is in no package.
dependencies() {
    mkdir -p "$work/source/debian"
    printf 'Source: rirndeblur\n\nPackage: %s\nArchitecture: any\n' "$package" \
        >"$work/source/debian/control"
    (cd "$work/source" && LD_LIBRARY_PATH=$1 dpkg-shlibdeps --ignore-missing-info -O \
        "$tree/$folder/libgstrirndeblur.so" 2>"$work/shlibdeps.log") ||
        { cat "$work/shlibdeps.log" >&2 && return 1; }
}

control() {
    local depends
    depends=$(dependencies "$libtorch_folder" | sed -n 's/^shlibs:Depends=//p')
    [ -n "$depends" ]
    cat <<TEXT
Package: $package
Version: $version-1
Architecture: $arch
Maintainer: ${DEBFULLNAME:-rirndeblur} <${DEBEMAIL:-nobody@localhost}>
Installed-Size: $(du -sk "$tree" | cut -f 1)
Depends: $depends
Recommends: gstreamer1.0-plugins-base
Suggests: gstreamer1.0-tools, gcc, python3-pip
Section: video
Priority: optional
Description: GStreamer element that removes motion blur from video
 The element rirndeblur sharpens motion-blurred video with a recurrent network
 while it plays, on a CPU or an NVIDIA GPU. Weights are part of it.
 .
 LibTorch $libtorch_version is needed and not part of this package: README.Debian
 says how to fetch it.
TEXT
}

pack() {
    mkdir -p "$tree/DEBIAN" out
    control >"$tree/DEBIAN/control"
    (cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
    # Two runs of one commit make the same package.
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
    export SOURCE_DATE_EPOCH
    dpkg-deb --root-owner-group --build "$tree" "$made"
}

# Whether it works where it is unpacked, with LibTorch beside it and nothing of this machine's home.
try_it() {
    local there=$work/there
    local clean=(env -u LD_LIBRARY_PATH HOME="$work" GST_PLUGIN_PATH="$there/$folder"
        GST_REGISTRY="$work/registry")
    dpkg-deb --extract "$made" "$there"
    mkdir "$there/usr/lib/rirndeblur"
    ln -s "$(dirname "$libtorch_folder")" "$there/usr/lib/rirndeblur/torch"
    "${clean[@]}" gst-inspect-1.0 rirndeblur | grep -F "$there"
    "${clean[@]}" gst-launch-1.0 videotestsrc num-buffers=3 ! video/x-raw,width=64,height=48 ! \
        rirndeblur ! fakesink
}

libtorch_folder=${LIBTORCH_LIB:-${LIBTORCH:-}}/lib
if [ -z "$library" ]; then
    step shown "build" "the compiler's first error is above" build
    library=$CARGO_TARGET_DIR/release/libgstrirndeblur.so
fi
step quiet "library" "see patchelf and strip" install_library
step quiet "documents" "a file of the package is missing" install_documents
step shown "package" "see dpkg-deb and dpkg-shlibdeps" pack
step quiet "try it" "the package does not work where it is unpacked" try_it
