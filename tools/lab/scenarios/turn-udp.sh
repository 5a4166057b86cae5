# shellcheck shell=bash
# An external client takes a relay on the A/V Edge and sends a little media through it, to a peer on
# the Internet. Seen before the client, so the relay's other side is not in the capture.

host client 198.51.100.20
host av 203.0.113.12
host peer 192.0.2.10
silent client
start av turnserver -n --listening-ip=203.0.113.12 --relay-ip=203.0.113.12 --lt-cred-mech \
	--user=lync:lync --realm=contoso.example --no-tls --no-dtls --no-cli --no-tcp --no-rfc5780 \
	--min-port=50000 --max-port=50100 --log-file=stdout --pidfile="$LAB_DIR/turn.pid" \
	--userdb="$LAB_DIR/turn.db" --simple-log
start peer turnutils_peer -L 192.0.2.10 -p 3480
listening av udp 3478
listening peer udp 3480

capture client
on client timeout 20 turnutils_uclient -c -n 10 -m 1 -l 172 -u lync -w lync -e 192.0.2.10 -r 3480 \
	203.0.113.12 >"$LAB_DIR/uclient.log" 2>&1
keep
