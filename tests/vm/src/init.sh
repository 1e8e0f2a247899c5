#!/bin/sh
# First program of the virtual machine: mounts what Linux offers, then takes commands (serve.sh), or goes on from the disk where a
# Linux lies.
export PATH=/usr/bin:/usr/sbin:/bin:/sbin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
if [ -e /from-disk ]; then
    for module in $(cat /from-disk); do modprobe "$module"; done
    mount -t ext4 /dev/vda /root
    cp -a /put/. /root/
    cp -a /lib/modules /root/usr/lib/
    for place in proc sys dev; do mount --move "/$place" "/root/$place"; done
    exec switch_root /root /sbin/init
fi
mkdir -p /dev/pts /dev/shm /tmp /run
mount -t devpts none /dev/pts
mount -t tmpfs none /dev/shm
mount -t tmpfs none /tmp
# The kernel hands on what it was told of its lines.
sh /serve.sh "/dev/$beside" &
sh /serve.sh "/dev/$first"
poweroff -f
