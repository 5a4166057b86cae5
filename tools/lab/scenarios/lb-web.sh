# shellcheck shell=bash
# The web address of a balanced pool: clients on 443, 80 and 8080, the reverse proxy on 4443. Only the
# side before the balancer is in the capture.

host lb 10.0.2.5
host client1 10.0.9.21
host proxy 10.0.1.20
cert lb web.contoso.example

capture lb
web_server lb 10.0.2.5:80 '10.0.2.5:443 ssl' 10.0.2.5:8080 '10.0.2.5:4443 ssl'
get client1 https://10.0.2.5/meet/ --tls-max 1.2
get client1 http://10.0.2.5/
get client1 http://10.0.2.5:8080/Autodiscover/AutodiscoverService.svc/root
get proxy https://10.0.2.5:4443/Autodiscover/AutodiscoverService.svc/root --tls-max 1.2
keep
