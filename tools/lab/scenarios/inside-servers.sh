# shellcheck shell=bash
# Servers among themselves: a Front End calls the Director, the Mediation Server and Persistent Chat
# over MTLS and reaches the Director's and Office Web Apps' web services; a client reaches the Director.

host fe1 10.0.2.20
host director 10.0.2.30
host med 10.0.2.40
host pchat 10.0.2.50
host owas 10.0.2.60
host client1 10.0.9.21
for h in fe1 director med pchat owas; do cert "$h" "$h.contoso.example"; done

capture_many director med pchat owas
kamailio_start director tls:10.0.2.30:5061 --
kamailio_start med tls:10.0.2.40:5070 --
kamailio_start pchat tls:10.0.2.50:5041 --
for h in director med pchat; do uas "$h"; done
for next in 10.0.2.30:5061 10.0.2.40:5070 10.0.2.50:5041; do
	kamailio_start fe1 tls:10.0.2.20:5061 -- present=fe1 next="sip:$next;transport=tls"
	call fe1
	kamailio_stop fe1
done
web_server director '10.0.2.30:444 ssl'
web_server owas '10.0.2.60:443 ssl'
get fe1 https://10.0.2.30:444/LiveServer/Focus --tls-max 1.2
get fe1 https://10.0.2.60/hosting/discovery --tls-max 1.2
REGISTRAR=10.0.2.30:5061 baresip_start client1 alice 2
sleep 3
keep
