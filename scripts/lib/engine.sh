# Building and running with a Docker engine, for scripts/docker: the one that runs here, or else one of Debian's packages,
# unpacked and started for the time of the job. Source it after buildah.sh, whose build and runs it replaces.
# shellcheck shell=sh disable=SC2154

# BuildKit is 1 for BuildKit and 0 for the older builder.
BuildKit=1

build() {
	DOCKER_BUILDKIT=$BuildKit $docker build ${host_network:+--network host} \
		--build-arg GO_IMAGE="$GO_IMAGE" --build-arg RUNTIME_IMAGE="$RUNTIME_IMAGE" --build-arg GOPROXY="$(go env GOPROXY)" \
		${test_flags:+--build-arg TEST_FLAGS="$test_flags"} \
		-f "$3/$4" ${2:+--target "$2"} -t "$1" "$3" >"$tmp/log" 2>&1
}

runs() { $docker run --rm --network none "$@"; }

sizes() { $docker images --format '{{.Repository}}:{{.Tag}} {{.Size}}'; }

host_network=
daemon=

engine() {
	if docker info >/dev/null 2>&1; then
		docker=docker
		say "uses the Docker engine that runs here"
		return
	fi
	need_root "to start a Docker engine of Debian's packages, as none runs here"
	unpacked=$cache/engine
	if [ ! -x "$unpacked/usr/bin/dockerd" ] && [ ! -x "$unpacked/usr/sbin/dockerd" ]; then
		mkdir "$tmp/deb"
		(cd "$tmp/deb" && apt-get download -qq docker.io containerd runc tini) >"$tmp/log" 2>&1 || {
			tail -n 5 "$tmp/log" >&2
			die "no Docker engine runs here, and Debian's packages of it cannot be fetched: is the network there?"
		}
		for deb in "$tmp"/deb/*.deb; do dpkg -x "$deb" "$unpacked"; done
	fi
	# No bridge and no rules: the machine's network stays as it is. Its mounts end with its namespace.
	PATH=$unpacked/usr/sbin:$unpacked/usr/bin:$PATH unshare --mount dockerd -H "unix://$tmp/docker.sock" --data-root "$cache/engine-data" \
		--exec-root "$tmp/exec" --pidfile "$tmp/dockerd.pid" --storage-driver overlay2 \
		--bridge=none --iptables=false --ip6tables=false --ip-masq=false >"$tmp/dockerd.log" 2>&1 &
	daemon=$!
	docker="$unpacked/usr/bin/docker -H unix://$tmp/docker.sock"
	host_network=yes
	for _ in $(seq 60); do
		! $docker info >/dev/null 2>&1 || return 0
		kill -0 "$daemon" 2>/dev/null || break
		sleep 1
	done
	tail -n 5 "$tmp/dockerd.log" >&2
	die "the Docker engine does not start"
}

engine_stop() {
	[ -n "$daemon" ] || return 0
	kill "$daemon" || true
	wait "$daemon" || true
}

# engine_images puts the base images into the engine's store: pulled, or else handed over from buildah's.
engine_images() {
	lacking=
	for image in "$RUNTIME_IMAGE" "$GO_IMAGE"; do
		$docker image inspect "$image" >/dev/null 2>&1 || $docker pull -q "$image" >/dev/null 2>&1 ||
			lacking="$lacking $image"
	done
	if [ -n "$lacking" ]; then
		scripts/setup --docker
		need_root "to make stand-ins for base images that cannot be pulled:$lacking"
		base_images
	fi
	for image in $lacking; do
		b push -q "$image" "docker-archive:$tmp/image.tar:$image"
		$docker load -q -i "$tmp/image.tar" >/dev/null
		rm "$tmp/image.tar"
	done
	for image in "$RUNTIME_IMAGE" "$GO_IMAGE"; do
		runs_here "$image" "$($docker image inspect --format '{{.Architecture}}' "$image")"
	done
	say "the engine has the base images"
}
