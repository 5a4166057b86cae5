# shellcheck shell=bash
# A host without a role opens SSH to a Front End, and answers the Front End's DNS query: no rule is near.
# It also answers a client's web request, which concerns no server of the site: out of scope.

host fe1 10.0.2.20
host client1 10.0.9.21
host other 10.0.99.9
cert other files.contoso.example

capture other
ssh_server fe1 10.0.2.20:22
ssh_try other 10.0.2.20 22
start other dnsmasq -k --no-resolv --no-hosts --user=root --pid-file= --conf-file=/dev/null \
	--listen-address=10.0.99.9 --bind-interfaces --address=/dc.contoso.example/10.0.99.9
listening other udp 53
on fe1 timeout 5 busybox nslookup -type=a dc.contoso.example 10.0.99.9 >"$LAB_DIR/nslookup.log" 2>&1
web_server other 10.0.99.9:80
get client1 http://10.0.99.9/
keep
