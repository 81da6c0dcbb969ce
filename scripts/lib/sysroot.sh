# A folder with another architecture's libraries of Debian, and the settings with which Go builds against it, for scripts/cross.
# Nothing of it is installed on the machine. Source it after common.sh.
# shellcheck shell=sh disable=SC2154

triple() {
	case $1 in
	arm64) echo aarch64-linux-gnu ;;
	s390x) echo s390x-linux-gnu ;;
	*) die "knows the architectures arm64 and s390x, not $1" ;;
	esac
}

# foreign ARCH COMMAND... is apt's COMMAND for another architecture, with lists of its own.
foreign() {
	of=$1
	shift
	lists=$cache/apt-$of
	if [ ! -f "$lists/sources.list" ]; then
		mkdir -p "$lists/lists" "$lists/cache"
		: >"$lists/status"
		from=$(archive) || exit 1
		suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $from $suite main" >"$lists/sources.list"
		foreign "$of" apt-get update -qq || {
			rm "$lists/sources.list"
			die "the archive $from has no lists for $of, or no network is there"
		}
	fi
	program=$1
	shift
	"$program" -o APT::Architecture="$of" -o APT::Architectures="$of" -o Dir::State="$lists" -o Dir::State::status="$lists/status" \
		-o Dir::Cache="$lists/cache" -o Dir::Etc::sourcelist="$lists/sources.list" -o Dir::Etc::sourceparts=/dev/null "$@"
}

# unpack ARCH FOLDER PACKAGE... puts what is in packages into a folder.
unpack() {
	of=$1 into=$2
	shift 2
	mkdir -p "$into" "$tmp/deb"
	(cd "$tmp/deb" && foreign "$of" apt-get download -qq "$@") >"$tmp/log" 2>&1 || {
		tail -n 5 "$tmp/log" >&2
		# The next run gets the lists anew: they may be stale, or empty.
		rm -f "$cache/apt-$of/sources.list"
		die "cannot fetch the $of packages $*: is the network there?"
	}
	for deb in "$tmp"/deb/*.deb; do dpkg -x "$deb" "$into"; done
	rm -r "$tmp/deb"
}

# sysroot ARCH sets root to the folder with the libraries, which it makes the first time.
sysroot() {
	root=$cache/sysroot-$1
	if [ ! -d "$root" ]; then
		rm -rf "$root.part"
		unpack "$1" "$root.part" libc6 libgcc-s1 libnl-3-200 libnl-3-dev libnl-genl-3-200 libnl-genl-3-dev libnl-route-3-200 \
			libnl-route-3-dev
		# Links that are absolute would lead out of the folder, to this machine's own libraries.
		find "$root.part" -type l -lname '/*' | while read -r link; do
			ln -sfn "$(realpath -m --relative-to="$(dirname "$link")" "$root.part$(readlink "$link")")" "$link"
		done
		mv "$root.part" "$root"
	fi
}

# target ARCH makes go build for it, against $root.
target() {
	t=$(triple "$1")
	export GOARCH="$1" GOOS=linux CGO_ENABLED=1 CC="$t-gcc"
	export PKG_CONFIG_SYSROOT_DIR="$root" PKG_CONFIG_LIBDIR="$root/usr/lib/$t/pkgconfig"
	export CGO_LDFLAGS="-O2 -g -L$root/usr/lib/$t -L$root/lib/$t -Wl,-rpath-link,$root/lib/$t:$root/usr/lib/$t"
	# Go's build cache does not see that pkg-config finds another libnl.
	export GOCACHE="$cache/go-build-$1"
}
