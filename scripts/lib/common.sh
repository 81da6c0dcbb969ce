# What the scripts about containers, chroots and other architectures share. Source it from the repository's top folder, after
# setting `job` to the name that starts their sentences.
# shellcheck shell=sh disable=SC2034,SC2154

# Downloads and base systems are kept here between runs; removing the folder is safe.
cache=${GOLIBNL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/golibnl}

die() {
	echo "$job: $*" >&2
	exit 1
}

# say prints a headline with the seconds since the start.
start=$(date +%s)
say() { printf '\n-- %s: %s (%s s)\n' "$job" "$*" "$(($(date +%s) - start))"; }

need_root() {
	[ "$(id -u)" = 0 ] || die "needs root: $*"
}

expect() {
	[ "$2" = "$3" ] || die "$1: expected \"$2\", saw \"$3\""
}

# sources FOLDER copies the project there, as a commit of all that is here would have it.
sources() {
	git ls-files -z --cached --others --exclude-standard >"$tmp/sources" ||
		die "git cannot list the project's files, see above: it takes a clone, and one of whoever runs this (safe.directory)"
	tar -c --null -T "$tmp/sources" | tar -x -C "$1"
}

# archive prints the address of the Debian archive that apt uses on this machine.
archive() {
	if [ -n "${DEBIAN_ARCHIVE:-}" ]; then
		echo "$DEBIAN_ARCHIVE"
		return
	fi
	command -v apt-get >/dev/null 2>&1 ||
		die "no apt-get here to tell a Debian archive's address; give one: DEBIAN_ARCHIVE=http://..."
	for try in 1 2; do
		# shellcheck disable=SC2016
		address=$(apt-get indextargets --format '$(LABEL) $(COMPONENT) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
			awk '$1 == "Debian" && $2 == "main" && $3 !~ /-/ {print $4; exit}')
		[ -z "$address" ] || break
		[ "$try" = 2 ] || apt-get update -qq || true
	done
	[ -n "$address" ] || die "apt knows no Debian archive (no network, or not Debian); give one: DEBIAN_ARCHIVE=http://..."
	echo "$address"
}

# rootfs SUITE [USE] prints the folder of a minimal Debian of that suite, which debootstrap makes the first time: one for each
# use, as some uses install packages in it.
rootfs() {
	dir=$cache/rootfs-$1${2:+-$2}
	if [ ! -d "$dir" ]; then
		mkdir -p "$cache"
		from=$(archive) || exit 1
		rm -rf "$dir.part"
		debootstrap --variant=minbase "$1" "$dir.part" "$from" >"$dir.log" 2>&1 || {
			tail -n 5 "$dir.log" >&2
			die "debootstrap could not make a Debian $1 from $from: is the network there, and does the archive have $1?"
		}
		mv "$dir.part" "$dir"
	fi
	echo "$dir"
}

# in_suite ROOTFS GOROOT GOCACHE COMMAND runs it at the repository in the chroot. The mounts end with their namespace.
in_suite() {
	# shellcheck disable=SC2016
	unshare --mount sh -eu -c '
		root=$1 goroot=$2 modules=$3 build=$4
		mkdir -p "$root/golibnl" "$root/usr/local/go" "$root/go/pkg/mod" "$root/build" "$build"
		mount -t proc proc "$root/proc"
		mount --rbind /sys "$root/sys"
		mount --rbind /dev "$root/dev"
		mount --bind . "$root/golibnl"
		mount --bind "$goroot" "$root/usr/local/go"
		mount --bind "$modules" "$root/go/pkg/mod"
		mount --bind "$build" "$root/build"
		exec chroot "$root" /usr/bin/env -i HOME=/root CGO_ENABLED=1 GOFLAGS=-buildvcs=false GOTOOLCHAIN=local GOPROXY=off \
			GOPATH=/go GOCACHE=/build PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			sh -euc "cd /golibnl && $5"
	' sh "$1" "$2" "$(go env GOMODCACHE)" "$3" "$4"
}
