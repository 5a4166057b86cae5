# shellcheck shell=bash
# The same over IPv6: a Binding of an external client, and an internal client's TLS connection.

host client 2001:db8:198::20
host av 2001:db8:113::12
host client1 2001:db8:9::21
host fe1 2001:db8:2::20
cert fe1 fe01.contoso.example
start av turnserver -n --listening-ip=2001:db8:113::12 --stun-only --no-tls --no-dtls --no-cli --no-tcp \
	--no-rfc5780 --log-file=stdout --pidfile="$LAB_DIR/turn.pid" --userdb="$LAB_DIR/turn.db" --simple-log
listening av udp 3478
sleep 3                         # neighbours are found and multicast groups reported before it begins
on client timeout 5 turnutils_stunclient 2001:db8:113::12 >/dev/null 2>&1
on client1 ping -6 -q -c 1 2001:db8:2::20 >/dev/null

capture_many av fe1
on client timeout 5 turnutils_stunclient 2001:db8:113::12 >"$LAB_DIR/stun.log" 2>&1
kamailio_start fe1 'tls:[2001:db8:2::20]:5061' --
{
	printf '%s\r\n' 'OPTIONS sip:x SIP/2.0' 'Via: SIP/2.0/TLS [2001:db8:9::21]:5061;branch=z9hG4bK1' \
		'Max-Forwards: 5' 'To: <sip:x>' 'From: <sip:a@contoso.example>;tag=1' 'Call-ID: 1' \
		'CSeq: 1 OPTIONS' 'Content-Length: 0' ''
	sleep 1
} | on client1 timeout 5 openssl s_client -quiet -tls1_2 -connect '[2001:db8:2::20]:5061' \
	>"$LAB_DIR/client.log" 2>&1
keep
