# Test binaries in a VM of another architecture, for scripts/cross. Source it after sysroot.sh.
# shellcheck shell=sh disable=SC2154

# The first process: mounts, runs each job of /jobs (a folder and a command) and powers off. The console is all that comes out.
first_process() {
	cat <<'END'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/sbin:/bin HOME=/tmp TMPDIR=/tmp
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /tmp
ip link set lo up
echo "== kernel $(uname -srm)"
while read -r dir command; do
	echo "== $dir"
	cd "/src/$dir" && eval "$command" 2>&1
	echo "== $dir ended with $?"
done </jobs
poweroff -f
END
}

# emulate_s390x FOLDER SKIP PACKAGE... boots Debian's kernel for s390x and runs the packages' test binaries, which are in FOLDER,
# but for the tests that SKIP matches.
emulate_s390x() {
	binaries=$1 skip=$2
	shift 2
	kernel=$cache/kernel-s390x
	if [ ! -d "$kernel" ]; then
		image=$(foreign s390x apt-cache depends linux-image-s390x | sed -n 's/.*Depends: //p' | head -n 1)
		rm -rf "$kernel.part"
		unpack s390x "$kernel.part" "$image" busybox-static
		PATH=$PATH:/usr/sbin:/sbin depmod -b "$kernel.part" "$(ls "$kernel.part/lib/modules")"
		mv "$kernel.part" "$kernel"
	fi
	abi=$(ls "$kernel/lib/modules")

	vm=$tmp/vm
	mkdir -p "$vm/bin" "$vm/sbin" "$vm/dev" "$vm/proc" "$vm/sys" "$vm/tmp" "$vm/etc" "$vm/src" "$vm/usr/lib" "$vm/lib/modules/$abi"
	first_process >"$vm/init"
	chmod +x "$vm/init"
	cp "$kernel/bin/busybox" "$vm/bin"
	ln -s /bin/busybox "$vm/sbin/modprobe"
	cp -a "$root/lib/." "$vm/lib"
	cp -a "$root/usr/lib/s390x-linux-gnu" "$vm/usr/lib"
	find "$vm/usr/lib" -name '*.a' -delete
	cp "$kernel/lib/modules/$abi"/modules.* "$vm/lib/modules/$abi"
	(cd "$kernel" && find "lib/modules/$abi" -name '*.ko' | grep -E '/(veth|bridge|stp|llc|dummy|ifb|nlmon|netlink_diag)\.ko$' | cpio -pdm --quiet "$vm")
	printf '127.0.0.1\tlocalhost\n' >"$vm/etc/hosts"
	printf '%s\n' 'ip 0 IP' 'icmp 1 ICMP' 'tcp 6 TCP' 'udp 17 UDP' 'gre 47 GRE' >"$vm/etc/protocols"
	# Tests read testdata, and some the sources.
	sources "$vm/src"
	for package in "$@"; do
		cp "$binaries/$(basename "$package").test" "$vm/src/$package/"
		echo "$package ./$(basename "$package").test -test.short -test.timeout 400s -test.skip '$skip'" >>"$vm/jobs"
	done
	(cd "$vm" && find . | cpio -o -H newc -R 0:0 --quiet) >"$tmp/initramfs"

	timeout -k 5 900 qemu-system-s390x -M s390-ccw-virtio -cpu max -smp 2 -m 2048 -nographic -nodefaults -no-reboot \
		-chardev stdio,id=console -device sclpconsole,chardev=console \
		-kernel "$kernel/boot/vmlinuz-$abi" -initrd "$tmp/initramfs" \
		-append "console=ttysclp0 quiet loglevel=3 panic=-1 rdinit=/init" </dev/null >"$tmp/console" 2>&1 || true
	tr -d '\r' <"$tmp/console" >"$tmp/vm.log"
	for package in "$@"; do
		grep -qx "== $package ended with 0" "$tmp/vm.log" || {
			cat "$tmp/vm.log" >&2
			die "s390x: the tests of $package failed or did not end, see above"
		}
	done
}
