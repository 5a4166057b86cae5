# shellcheck shell=bash
# A Front End calls another twice over MTLS: the second connection resumes the session of the first,
# so no certificate is seen in it.

host fe1 10.0.2.20
host fe2 10.0.2.21
cert fe1 fe01.contoso.example
cert fe2 fe02.contoso.example

capture fe1
sip_tcp_server fe1 127.0.0.1:5060
tls_server fe1 10.0.2.20:5061 fe1 5060 must
tls_client fe2 5061 10.0.2.20:5061 fe2
for turn in first second; do
	on fe2 timeout 20 sipp -sn uac -t t1 -s service -i 127.0.0.1 127.0.0.1:5061 -m 1 -d 200 -nostdin \
		-timeout 15 >"$LAB_DIR/fe2-$turn.log" 2>&1 || say "the $turn call failed"
	sleep 0.5
done
keep
