# Building, running and base images with buildah, for scripts/docker. Source it after common.sh.
# shellcheck shell=sh disable=SC2154

b() { buildah --root "$cache/store" --runroot "$cache/store-run" --storage-driver overlay "$@"; }

# build TAG TARGET CONTEXT FILE builds as `docker build` does. The format is Docker's, as OCI's has no SHELL.
build() {
	b bud --format docker --isolation chroot --network host --layers --force-rm --pull-never \
		--build-arg GO_IMAGE="$GO_IMAGE" --build-arg RUNTIME_IMAGE="$RUNTIME_IMAGE" --build-arg GOPROXY="$(go env GOPROXY)" \
		${test_flags:+--build-arg TEST_FLAGS="$test_flags"} \
		-f "$3/$4" --target "$2" -t "$1" "$3" >"$tmp/log" 2>&1
}

# runs IMAGE COMMAND... runs it as the image's user, in a network namespace that holds nothing but lo.
runs() {
	container=$(b from --pull-never "$1")
	shift
	status=0
	b run --isolation oci --runtime runc --network none "$container" -- "$@" || status=$?
	b rm "$container" >/dev/null
	return $status
}

sizes() { b images --format '{{.Name}}:{{.Tag}} {{.Size}}' | sed -n 's,^localhost/,,p'; }

# base_images puts both base images into the store: pulled, or else made here.
base_images() {
	for image in "$RUNTIME_IMAGE" "$GO_IMAGE"; do
		if b inspect --type image "$image" >/dev/null 2>&1; then
			say "base image $image: in the store"
		elif b pull -q "$image" >"$tmp/pull" 2>&1; then
			say "base image $image: pulled"
		else
			case $image in
			debian:bookworm-slim) stand_in_debian ;;
			golang:1.26-bookworm) stand_in_golang ;;
			*) die "base image $image can neither be pulled ($(tail -n 1 "$tmp/pull")) nor be made here; give an image that the store has, or none" ;;
			esac
			say "base image $image: a stand-in made here, since it could not be pulled"
		fi
		runs_here "$image" "$(b inspect --type image --format '{{.OCIv1.Architecture}}' "$image")"
	done
}

# runs_here IMAGE ARCH stops before the builder does with no more than an "exec format error".
runs_here() {
	[ "$2" = "$(go env GOHOSTARCH)" ] ||
		die "base image $1 is for $2, and this machine is $(go env GOHOSTARCH): name one for it, or remove this one and pull again"
}

stand_in_debian() {
	dir=$(rootfs bookworm image) || exit 1
	c=$(b from scratch)
	b add -q "$c" "$dir" / >/dev/null
	b config --cmd bash "$c"
	b commit -q --rm "$c" debian:bookworm-slim >/dev/null
}

# The official image has Go in /usr/local/go and Debian's compilers; a plain Debian is all that this one is made of besides.
stand_in_golang() {
	b inspect --type image debian:bookworm-slim >/dev/null 2>&1 || stand_in_debian
	c=$(b from --pull-never debian:bookworm-slim)
	b run --isolation chroot --network host "$c" -- sh -c 'export DEBIAN_FRONTEND=noninteractive
		apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates g++ gcc git libc6-dev make pkg-config &&
		rm -rf /var/lib/apt/lists/*' >"$tmp/apt" 2>&1 || {
		tail -n 5 "$tmp/apt" >&2
		b rm "$c" >/dev/null
		die "the packages for the stand-in of golang:1.26-bookworm cannot be installed: is the network there?"
	}
	b copy -q "$c" "$(go env GOROOT)" /usr/local/go >/dev/null
	# What this machine trusts: without it no module can be fetched from behind a proxy with a certificate of its own.
	[ ! -f /etc/ssl/certs/ca-certificates.crt ] || b copy -q "$c" /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ >/dev/null
	b config --env GOPATH=/go --env GOTOOLCHAIN=local --env PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		--workingdir /go "$c"
	b commit -q --rm "$c" golang:1.26-bookworm >/dev/null
}
