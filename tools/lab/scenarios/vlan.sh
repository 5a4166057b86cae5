# shellcheck shell=bash
# A trunk between two switches: web traffic whose two directions are tagged differently (110 towards
# the Front End, 120 back), as span ports show it.
#
#   client1 eth0 - left access [switch] left trunk === right trunk [switch] right access - eth0 fe1

for h in client1 fe1 left right; do ip netns add "$LAB_PREFIX$h"; done
ip link add eth0 netns "${LAB_PREFIX}client1" type veth peer name access netns "${LAB_PREFIX}left"
ip link add eth0 netns "${LAB_PREFIX}fe1" type veth peer name access netns "${LAB_PREFIX}right"
ip link add trunk netns "${LAB_PREFIX}left" type veth peer name trunk netns "${LAB_PREFIX}right"
for link in client1:eth0 fe1:eth0 left:access left:trunk right:access right:trunk; do
	on "${link%:*}" ethtool -K "${link#*:}" tx off tso off gso off gro off >/dev/null 2>&1
	on "${link%:*}" sysctl -qw "net.ipv6.conf.${link#*:}.disable_ipv6=1"
	on "${link%:*}" ip link set "${link#*:}" up
done
for h in client1 fe1; do on "$h" ip link set lo up; done
on client1 ip addr add 10.0.9.21/20 dev eth0
on fe1 ip addr add 10.0.2.20/20 dev eth0
on client1 ip link set eth0 mtu 1496
on fe1 ip link set eth0 mtu 1496
start left "$LAB_HOME/vlan-switch.py" access trunk 110
start right "$LAB_HOME/vlan-switch.py" access trunk 120
cert fe1 web.contoso.example
web_server fe1 '10.0.2.20:443 ssl'
sleep 0.5

capture_in right -i trunk
get client1 https://10.0.2.20/meet/ --tls-max 1.2
keep
