# shellcheck shell=bash
# The web services of a Front End: internal (80, 443) and those the reverse proxy reaches (8080, 4443).

host fe1 10.0.2.20
host fe2 10.0.2.21
host proxy 10.0.1.20
host client1 10.0.9.21
cert fe1 web.contoso.example

capture fe1
web_server fe1 10.0.2.20:80 '10.0.2.20:443 ssl' 10.0.2.20:8080 '10.0.2.20:4443 ssl'
get client1 https://10.0.2.20/meet/ --tls-max 1.2
get fe2 http://10.0.2.20/
get proxy http://10.0.2.20:8080/Autodiscover/AutodiscoverService.svc/root
get proxy https://10.0.2.20:4443/Autodiscover/AutodiscoverService.svc/root --tls-max 1.2
keep
