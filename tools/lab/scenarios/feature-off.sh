# shellcheck shell=bash
# Response Group (5071) and Call Park (5075) are documented, but this site does not declare them.

host fe1 10.0.2.20
host fe2 10.0.2.21
cert fe1 fe01.contoso.example

capture fe1
sip_tcp_server fe1 127.0.0.1:5060
tls_server fe1 10.0.2.20:5071 fe1 5060
tls_server fe1 10.0.2.20:5075 fe1 5060
for port in 5071 5075; do
	tls_client fe2 "$port" "10.0.2.20:$port"
	on fe2 timeout 20 sipp -sn uac -t t1 -s service -i 127.0.0.1 "127.0.0.1:$port" -m 1 -d 200 -nostdin \
		-timeout 15 >"$LAB_DIR/fe2-$port.log" 2>&1 || say "the call to $port failed"
done
keep
