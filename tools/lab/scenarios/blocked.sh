# shellcheck shell=bash
# Six attempts and four ways of being stopped: no answer (a rule that drops), a closed port (RST), an ICMP refusal
# (administratively prohibited), and a client certificate that the server does not trust.

host fe1 10.0.2.20
host fe2 10.0.2.21
host med 10.0.2.40
host client1 10.0.9.21
host av 203.0.113.12
host client 198.51.100.20
host stranger 198.51.100.99
cert fe1 fe01.contoso.example
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=fe02.contoso.example' \
	-keyout "$LAB_DIR/alien.key" -out "$LAB_DIR/alien.pem" 2>/dev/null
on fe1 nft -f - <<-'EOF'
	table inet lab {
	        chain in {
	                type filter hook input priority 0;
	                ip saddr 10.0.9.21 tcp dport 5061 drop
	                ip saddr 198.51.100.99 drop
	                tcp dport 444 reject with icmp type admin-prohibited
	        }
	}
EOF
on av nft -f - <<-'EOF'
	table inet lab {
	        chain in {
	                type filter hook input priority 0;
	                udp dport 3478 reject with icmp type admin-prohibited
	        }
	}
EOF
kamailio_start fe1 tls:10.0.2.20:5061 -- ask=must

capture_many fe1 av
get client1 https://10.0.2.20:5061/ -m 4
get stranger http://10.0.2.20:3389/ -m 4
get client1 https://10.0.2.20/
get med https://10.0.2.20:444/
on client timeout 5 turnutils_stunclient 203.0.113.12 >"$LAB_DIR/stun.log" 2>&1
sleep 2 | on fe2 timeout 5 openssl s_client -quiet -tls1_2 -connect 10.0.2.20:5061 -cert "$LAB_DIR/alien.pem" \
	-key "$LAB_DIR/alien.key" >"$LAB_DIR/alien.log" 2>&1
keep
