# shellcheck shell=bash
# A Binding request of an external client and its answer. Captured on the "any" device of the A/V Edge:
# Linux cooked v2 frames.

host client 198.51.100.20
host av 203.0.113.12
start av turnserver -n --listening-ip=203.0.113.12 --stun-only --no-tls --no-dtls --no-cli --no-tcp \
	--no-rfc5780 --log-file=stdout --pidfile="$LAB_DIR/turn.pid" --userdb="$LAB_DIR/turn.db" --simple-log
listening av udp 3478

capture_in av -i any -y LINUX_SLL2
on client timeout 5 turnutils_stunclient 203.0.113.12 >"$LAB_DIR/stun.log" 2>&1
keep
