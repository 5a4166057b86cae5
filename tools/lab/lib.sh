# shellcheck shell=bash
#
# The lab: hosts, certificates, programs, captures.
#
# A host is a network namespace with one veth to a router namespace, so every packet between two
# hosts crosses the router, and tcpdump on the router's end of a host's veth sees that host as a
# span port would. Nothing but namespaces and veth pairs is needed, and nothing leaves them: there
# is no route out. The router's end of a veth bears the name of its host.
#
# Everything a scenario starts lives in these namespaces; lab_down ends it all.

LAB_PREFIX=pcal-
LAB_GW4=198.18.0.1
LAB_GW6=fe80::1
LAB_HOME=$(dirname "${BASH_SOURCE[0]}")
LAB_DIR=            # scratch: keys, configurations, logs; gone after the run
LAB_OUT=            # the capture to make, without its .pcap
LAB_TCPDUMP=        # its process, while it runs
declare -A LAB_ADDRESS=()

say() { printf 'lab: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# ---- hosts -------------------------------------------------------------------------------------

lab_up() {
	LAB_DIR=$(mktemp -d /tmp/pcaudit-lab.XXXXXX)
	chmod 755 "$LAB_DIR"
	ip netns add "${LAB_PREFIX}router"
	router ip link set lo up
	router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

lab_down() {
	local ns pid
	capture_end 2>/dev/null
	for ns in $(ip netns list | awk -v p="$LAB_PREFIX" 'index($1, p) == 1 { print $1 }'); do
		for pid in $(ip netns pids "$ns"); do kill -9 "$pid" 2>/dev/null; done
		ip netns del "$ns"
		rm -rf "/etc/netns/$ns"
	done
	rmdir /etc/netns 2>/dev/null
	[[ -z $LAB_DIR || -n ${LAB_KEEP-} ]] || rm -rf "$LAB_DIR"
}

router() { ip netns exec "${LAB_PREFIX}router" "$@"; }

# host NAME ADDRESS... : addresses are IPv4 or IPv6; the first of a family is the one it calls from
host() {
	local name=$1 ns=$LAB_PREFIX$1 addr
	shift
	LAB_ADDRESS[$name]=$1
	ip netns add "$ns"
	ip link add "$name" netns "${LAB_PREFIX}router" type veth peer name eth0 netns "$ns"
	router ethtool -K "$name" tx off tso off gso off gro off >/dev/null 2>&1
	on "$name" ethtool -K eth0 tx off tso off gso off gro off >/dev/null 2>&1
	if [[ $* != *:* ]]; then        # IPv4 only: no neighbour discovery among the packets
		router sysctl -qw "net.ipv6.conf.$name.disable_ipv6=1"
		on "$name" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
	fi
	router ip link set "$name" up
	on "$name" ip link set lo up
	on "$name" ip link set eth0 up
	router ip addr add "$LAB_GW4/32" dev "$name"
	[[ $* != *:* ]] || router ip -6 addr add "$LAB_GW6/64" dev "$name" nodad
	on "$name" ip route add "$LAB_GW4/32" dev eth0
	for addr; do
		if [[ $addr == *:* ]]; then
			on "$name" ip -6 addr add "$addr/128" dev eth0 nodad
			router ip -6 route add "$addr/128" dev "$name"
			on "$name" ip -6 route replace default via "$LAB_GW6" dev eth0
		else
			on "$name" ip addr add "$addr/32" dev eth0
			router ip route add "$addr/32" dev "$name"
			on "$name" ip route replace default via "$LAB_GW4" dev eth0
		fi
	done
	# No resolver answers unless a scenario starts one on the loopback of its host.
	mkdir -p "/etc/netns/$ns"
	echo 'nameserver 127.0.0.1' >"/etc/netns/$ns/resolv.conf"
	echo "127.0.0.1 localhost $name" >"/etc/netns/$ns/hosts"
}

# address HOST : the first one it was given
address() { echo "${LAB_ADDRESS[$1]}"; }

# offloaded HOST : leaves checksums and segmentation to hardware that is not there, as most hosts do
offloaded() { on "$1" ethtool -K eth0 tx on tso on gso on >/dev/null 2>&1; }

# silent HOST : does not tell others that a port is closed, as firewalls of servers do not
silent() {
	on "$1" nft -f - <<-'EOF'
		table inet lab {
		        chain out {
		                type filter hook output priority 0;
		                icmp type destination-unreachable drop
		        }
		}
	EOF
}

# on HOST COMMAND... : in the foreground
on() {
	local ns=$LAB_PREFIX$1
	shift
	ip netns exec "$ns" "$@"
}

# start HOST COMMAND... : in the background; output goes to a log in $LAB_DIR
start() {
	local name=$1 log
	log=$LAB_DIR/$1-$(basename "$2").log
	on "$@" >>"$log" 2>&1 </dev/null &
	disown
	say "$name: $2 (log $log)"
}

# listening HOST tcp|udp PORT : waits until somebody listens there, ten seconds at most
listening() {
	local i flag=-lnt
	[[ $2 == udp ]] && flag=-lnu
	for ((i = 0; i < 100; i++)); do
		on "$1" ss "$flag" | awk '{ print $4 }' | grep -q ":$3\$" && return 0
		sleep 0.1
	done
	die "$1: nothing listens on $2/$3"
}

# ---- certificates ------------------------------------------------------------------------------

# A CA for this run. Keys are made anew each time and are never kept.
ca() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/O=Contoso lab/CN=Contoso lab CA" \
		-keyout "$LAB_DIR/ca.key" -out "$LAB_DIR/ca.pem" 2>/dev/null
}

# cert NAME DNSNAME : $LAB_DIR/NAME.pem and NAME.key, for server and client use, NAME.both together
cert() {
	[[ -f $LAB_DIR/ca.pem ]] || ca
	openssl req -newkey rsa:2048 -nodes -subj "/O=Contoso lab/CN=$2" \
		-keyout "$LAB_DIR/$1.key" -out "$LAB_DIR/$1.csr" 2>/dev/null
	openssl x509 -req -in "$LAB_DIR/$1.csr" -CA "$LAB_DIR/ca.pem" -CAkey "$LAB_DIR/ca.key" \
		-CAcreateserial -days 2 -out "$LAB_DIR/$1.pem" 2>/dev/null -extfile <(
			printf 'subjectAltName=DNS:%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$2")
	cat "$LAB_DIR/$1.pem" "$LAB_DIR/$1.key" >"$LAB_DIR/$1.both"
	chmod 644 "$LAB_DIR/$1".*
}

# ---- captures ----------------------------------------------------------------------------------

# capture HOST [TCPDUMP ARGUMENT...] : what passes the veth of HOST, to $LAB_OUT
capture() {
	local name=$1
	shift
	capture_in router -i "$name" "$@"
}

# capture_in HOST|router TCPDUMP ARGUMENT... : an interface of the caller's choice
capture_in() {
	local i
	ip netns exec "$LAB_PREFIX$1" tcpdump -Z root --immediate-mode -U -s 0 -w "$LAB_DIR/raw.pcap" \
		"${@:2}" 2>"$LAB_DIR/tcpdump.log" &
	LAB_TCPDUMP=$!
	for ((i = 0; i < 50; i++)); do
		grep -q 'listening on' "$LAB_DIR/tcpdump.log" && return 0
		sleep 0.1
	done
	die "tcpdump does not start: $(cat "$LAB_DIR/tcpdump.log")"
}

# capture_many HOST... : the veths of several hosts in one file, an interface each (pcapng). No two of
# them may talk to each other, or their packets would be there twice.
capture_many() {
	local i args=()
	for i; do args+=(-i "$i"); done
	ip netns exec "${LAB_PREFIX}router" dumpcap -q "${args[@]}" -w "$LAB_DIR/raw.pcap" 2>"$LAB_DIR/tcpdump.log" &
	LAB_TCPDUMP=$!
	for ((i = 0; i < 50; i++)); do
		grep -q '^File:' "$LAB_DIR/tcpdump.log" && sleep 0.5 && return 0
		sleep 0.1
	done
	die "dumpcap does not start: $(cat "$LAB_DIR/tcpdump.log")"
}

# capture_end : waits for the last packets and stops
capture_end() {
	[[ -n $LAB_TCPDUMP ]] || return 1
	sleep 0.5
	kill -INT "$LAB_TCPDUMP"
	wait "$LAB_TCPDUMP"
	LAB_TCPDUMP=
}

# keep_keys FILE : keeps a key log, its comments apart, beside the capture
keep_keys() {
	grep -E '^(CLIENT|SERVER)_' "$1" >"$LAB_OUT.keys"
}

# inject_keys FILE : puts a key log into the capture, which becomes pcapng (ended by it)
inject_keys() {
	capture_end
	grep -E '^(CLIENT|SERVER)_' "$1" >"$LAB_DIR/inject.keys"
	editcap -F pcapng --inject-secrets "tls,$LAB_DIR/inject.keys" "$LAB_DIR/raw.pcap" "$LAB_DIR/ng.pcap" 2>/dev/null
	mv "$LAB_DIR/ng.pcap" "$LAB_DIR/raw.pcap"
}

# keep [pcapng] : ends the capture and keeps it as it is, or turned into pcapng
keep() {
	capture_end
	rm -f "$LAB_OUT.pcap" "$LAB_OUT.pcapng"
	if [[ ${1-} == pcapng ]]; then
		editcap -F pcapng "$LAB_DIR/raw.pcap" "$LAB_DIR/ng.pcap" 2>/dev/null
		mv "$LAB_DIR/ng.pcap" "$LAB_DIR/raw.pcap"
	fi
	if [[ $(od -An -N4 -tx1 "$LAB_DIR/raw.pcap") == *"0a 0d 0d 0a"* ]]; then
		python3 "$LAB_HOME/plain-section.py" "$LAB_DIR/raw.pcap" "$LAB_OUT.pcapng"
	else
		cp "$LAB_DIR/raw.pcap" "$LAB_OUT.pcap"
	fi
}
