#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Runs rirn's kernel tests on an emulated processor with AVX-512 and AMX (Bochs, Sapphire Rapids).
#   scripts/emulate.sh [TEST...]     tests by name; ops::conv::tests, less the longest, by default
# Debian 12 or newer, as root or with sudo for packages. Takes some ten minutes; no part of test.sh. Bochs, the
# kernel and the last serial log are kept in the cache. Bochs 3.0 is built with a patch: Linux gives AMX to
# nobody without XFD, which it lacks, and it loses the tiles of threads that take turns: shapes and rows are
# saved wrongly, and read back from another place.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in -h | --help) sed -n '4,9s/^# \{0,1\}//p' "$0" && exit 0 ;; esac
# shellcheck source=scripts/setup.sh
. scripts/setup.sh
packages+=(bochsbios busybox-static cpio isolinux make patch syslinux-common vgabios xorriso xz-utils curl)
setup cpu
folder=$cache/emulator
mkdir -p "$folder"
tests=("$@")
# Left out: what takes seconds on a real processor, and hours here.
[ "$#" -gt 0 ] || tests=(ops::conv::tests --skip seeded --skip error_figures
    --skip guards --skip every_kernel_and_stride --skip every_tiny_map --skip parts_give_what)

build_bochs() {
    local name=bochs_3.0+dfsg.orig.tar.xz
    cd "$folder"
    curl -fsSO "http://deb.debian.org/debian/pool/main/b/bochs/$name"
    echo "78f6c73d4a6472d5130a87ab9dc306d02c7c71ed8e25b3a8ef642e2a7acd282b  $name" | sha256sum -c
    rm -rf bochs-3.0 && tar xf "$name" && cd bochs-3.0
    patch -p1 <"$root/scripts/emulator/bochs-3.0-amx.patch"
    CC=gcc CXX=g++ CFLAGS=-O2 CXXFLAGS="-O3 -fno-strict-aliasing -fwrapv" ./configure \
        --enable-x86-64 --enable-cpu-level=6 --enable-avx --enable-evex --enable-amx \
        --enable-all-optimizations --enable-pci --enable-memtype --enable-protection-keys \
        --enable-cet --enable-uintr --disable-docbook --with-nogui
    make -j"$(nproc)"
    cp bochs ../bochs
}

fetch_kernel() {
    local package
    package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: //p' | head -n 1)
    cd "$(mktemp -d)"
    apt-get download "$package"
    dpkg-deb -x ./*.deb .
    cp boot/vmlinuz-* "$folder/vmlinuz"
}

build_tests() {
    CARGO_PROFILE_DEV_OPT_LEVEL=3 cargo test --locked -p rirn --lib --no-run \
        --message-format=json -q |
        sed -n 's/.*"name":"rirn".*"executable":"\([^"]*\)".*/\1/p' | tail -n 1 >"$folder/binary"
}

# One archive with everything: busybox, the tests, and their libraries where they are found.
make_image() {
    local binary file tree=$folder/tree
    binary=$(cat "$folder/binary")
    rm -rf "$tree" "$folder/iso" && mkdir -p "$tree"/{bin,proc,sys,dev,tmp} "$folder/iso"
    cp /bin/busybox "$tree/bin"
    objcopy --strip-debug "$binary" "$tree/bin/tests"
    LD_LIBRARY_PATH=$LIBTORCH/lib ldd "$binary" | grep -o '/[^ ]*' | while read -r file; do
        mkdir -p "$tree$(dirname "$file")" && cp -L "$file" "$tree$file"
    done
    cat >"$tree/init" <<END
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox grep -m 1 flags /proc/cpuinfo
export LD_LIBRARY_PATH=$LIBTORCH/lib RUST_TEST_THREADS=1 OMP_NUM_THREADS=1 RUST_BACKTRACE=1
/bin/tests ${tests[*]}
echo "emulator: status \$?"
# The serial line is slower than the rest.
/bin/busybox sleep 5
/bin/busybox poweroff -f
END
    chmod +x "$tree/init"
    (cd "$tree" && find . | cpio --quiet -o -H newc) >"$folder/iso/initrd"
    cp "$folder/vmlinuz" /usr/lib/ISOLINUX/isolinux.bin \
        /usr/lib/syslinux/modules/bios/ldlinux.c32 "$folder/iso"
    # The clock is what Bochs is told below. Five-level paging breaks Bochs's way out of SMM.
    # 580 is FSRM: Linux copies too much where it has that without ERMS, as here.
    cat >"$folder/iso/isolinux.cfg" <<END
default tests
label tests
 kernel vmlinuz
 append initrd=initrd console=ttyS0 quiet panic=-1 mitigations=off edd=off no5lvl clearcpuid=580 tsc_early_khz=50000
END
    xorriso -as mkisofs -quiet -o "$folder/boot.iso" -b isolinux.bin -c boot.cat \
        -no-emul-boot -boot-load-size 4 -boot-info-table "$folder/iso"
    # What Bochs says by a timer of how fast it is can meet another message and wait for it for ever.
    cat >"$folder/bochsrc" <<END
display_library: nogui
memory: guest=2048, host=2048
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
ata0-master: type=cdrom, path=$folder/boot.iso, status=inserted
boot: cdrom
cpu: model=sapphire_rapids, count=1, ips=50000000, reset_on_triple_fault=0
clock: sync=none
com1: enabled=1, mode=file, dev=$folder/serial
log: $folder/bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
END
}

emulate() {
    rm -f "$folder/serial" "$folder"/*.lock
    : >"$folder/serial"
    "$folder/bochs" -q -f "$folder/bochsrc" >/dev/null 2>&1 </dev/null &
    local bochs=$!
    tail -f --pid="$bochs" "$folder/serial" &
    until grep -q "emulator: status" "$folder/serial" || ! kill -0 "$bochs" 2>/dev/null; do
        sleep 1
    done
    kill "$bochs" 2>/dev/null || true
    wait || true
    grep -q "emulator: status 0" "$folder/serial"
}

[ -x "$folder/bochs" ] || step quiet "build bochs" "see the log" build_bochs
[ -e "$folder/vmlinuz" ] || step quiet "fetch a kernel" "apt knows no linux-image-cloud-amd64" fetch_kernel
step shown "build tests" "the compiler's first error is above" build_tests
step quiet "make the image" "see the log" make_image
step shown "emulate" "see the lines above and $folder/bochs.log" emulate
