#!/bin/sh
# A new folder for what tests write. In memory where there is enough of it, and where programs may be run from there: four
# workers wait for each other's syncs of one disk, and nothing that a run leaves has to outlive the machine's current.
set -eu
memory=/dev/shm
# KiB: what four workers take, and four times what all tests together leave
free_kib=16000000 room_kib=12000000

# of a container: what it may use and does not, which the machine's own memory says nothing of
allowed() {
	for pair in memory.max:memory.current memory/memory.limit_in_bytes:memory/memory.usage_in_bytes; do
		most=$(cat "/sys/fs/cgroup/${pair%%:*}" 2>/dev/null) || continue
		case $most in *[!0-9]* | '') continue ;; esac
		used=$(cat "/sys/fs/cgroup/${pair##*:}")
		# as numbers of any length
		echo "$most $used" | awk -v least="$free_kib" '{ exit ($1 - $2) / 1024 < least }' || return 1
	done
}

enough() {
	[ -w "$memory" ] || return 1
	awk -v least="$free_kib" '/^MemAvailable/ { found = $2 } END { exit found < least }' /proc/meminfo || return 1
	allowed || return 1
	[ "$(df -kP "$memory" | awk 'NR == 2 { print $4 }')" -ge "$room_kib" ] || return 1
	! grep -q "^[^ ]* $memory [^ ]* [^ ]*noexec" /proc/mounts
}

# short: the path of a socket may have 107 characters at most
if enough 2>/dev/null; then
	folder=$(mktemp -d "$memory/kwXXXXXX")
else
	folder=$(mktemp -d "${TMPDIR:-/tmp}/kwXXXXXX")
fi
# as the usual one: mail servers and databases run as others
chmod 1777 "$folder"
echo "$folder"
