#!/bin/sh
# First program of the virtual machine: mounts what Linux offers, then runs commands that come as lines on the second and
# the third serial line, one after the other on each. Behind what a command says stands a line "<exit CODE>", the sign for its end.
export PATH=/usr/bin:/usr/sbin:/bin:/sbin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mkdir -p /dev/pts /dev/shm /tmp /run
mount -t devpts none /dev/pts
mount -t tmpfs none /dev/shm
mount -t tmpfs none /tmp
# Runs what comes on a serial line.
serve() {
    stty -F "$1" raw -echo
    exec <"$1" >"$1" 2>&1
    echo "<ready>"
    while read -r line; do
        # A program of its own, so that no command can end this loop, nor read its next lines.
        sh -c "$line" </dev/null
        echo "<exit $?>"
    done
}
(serve /dev/ttyS2) &
serve /dev/ttyS1
poweroff -f
