# shellcheck shell=bash
# A client finds its address by broadcast and renews it by unicast. Client and server share one wire,
# the only pair here that does: broadcasts do not cross a router.

ip netns add "${LAB_PREFIX}dhcp"
ip netns add "${LAB_PREFIX}client"
ip link add eth0 netns "${LAB_PREFIX}dhcp" type veth peer name eth0 netns "${LAB_PREFIX}client"
for h in dhcp client; do
	on "$h" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
	on "$h" ip link set lo up
	on "$h" ip link set eth0 up
	on "$h" ethtool -K eth0 tx off >/dev/null
done
on dhcp ip addr add 10.0.8.2/22 dev eth0
cat >"$LAB_DIR/configure" <<-'EOF'
	#!/bin/sh
	case $1 in
	deconfig) ip addr flush dev "$interface" ;;
	bound) ip addr add "$ip/$mask" dev "$interface" ;;
	esac
EOF
chmod 755 "$LAB_DIR/configure"
start dhcp dnsmasq -k --port=0 --no-resolv --user=root --pid-file= --conf-file=/dev/null --no-ping \
	--dhcp-leasefile="$LAB_DIR/leases" --interface=eth0 \
	--dhcp-range=10.0.9.30,10.0.9.40,255.255.252.0 --dhcp-option=120,0:sip.contoso.example
listening dhcp udp 67

capture_in dhcp -i eth0
start client busybox udhcpc -f -i eth0 -s "$LAB_DIR/configure" -V MS-UC-Client -O 120 -x hostname:client30
sleep 3
for pid in $(ip netns pids "${LAB_PREFIX}client"); do kill -USR1 "$pid"; done
sleep 2
keep
