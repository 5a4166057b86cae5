# shellcheck shell=bash
# An external client at the Edge's three public addresses, all on 443: it registers at the Access Edge,
# opens a connection to the Web Conferencing Edge, and takes a relay on the A/V Edge over TCP. Seen
# before the client, so the relay's other side is not in the capture.

host client 198.51.100.20
host access 203.0.113.10
host webconf 203.0.113.11
host av 203.0.113.12
host peer 192.0.2.10
cert access sip.contoso.example
cert webconf webconf.contoso.example
kamailio_start access tls:203.0.113.10:443 -- ask=no
start webconf openssl s_server -accept 203.0.113.11:443 -cert "$LAB_DIR/webconf.pem" \
	-key "$LAB_DIR/webconf.key" -rev -quiet
start av turnserver -n --listening-port=443 --listening-ip=203.0.113.12 --relay-ip=203.0.113.12 \
	--lt-cred-mech --user=lync:lync --realm=contoso.example --no-tls --no-dtls --no-cli --no-rfc5780 \
	--min-port=50000 --max-port=50100 --log-file=stdout --pidfile="$LAB_DIR/turn.pid" \
	--userdb="$LAB_DIR/turn.db" --simple-log
start peer turnutils_peer -L 192.0.2.10 -p 3480
listening webconf tcp 443
listening av tcp 443
listening peer udp 3480

capture client
REGISTRAR=203.0.113.10:443 baresip_start client alice 2
sleep 3
{ echo hello; sleep 0.5; } | on client timeout 3 openssl s_client -quiet -tls1_2 -connect 203.0.113.11:443 \
	>"$LAB_DIR/client.log" 2>&1
on client timeout 15 turnutils_uclient -t -c -n 5 -m 1 -l 172 -u lync -w lync -e 192.0.2.10 -r 3480 -p 443 \
	203.0.113.12 >"$LAB_DIR/uclient.log" 2>&1
keep
