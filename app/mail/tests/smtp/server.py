"""A real SMTP server for the tests: Debian's python3-aiosmtpd on a free loopback port.

Prints `ready PORT`, then one JSON line for each mail that it takes. `later@...` is refused once with 451 and then
taken; `nobody@...` is refused for ever with 550; `overload@...` closes the session with 421.
"""

import argparse
import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self):
        self.seen = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.partition("@")[0]
        if name == "nobody":
            return f"550 5.1.1 <{address}>: no such user here"
        if name == "overload":
            return "421 4.3.2 too busy, closing"
        if name == "later" and address not in self.seen:
            self.seen.add(address)
            return f"451 4.7.1 <{address}>: greylisted, try again"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
            "user": session.auth_data,
            "data": envelope.content.decode("utf-8"),
        }
        print(json.dumps(mail), flush=True)
        return "250 2.0.0 taken"


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--wrap", action="store_true", help="TLS from the first byte")
    parser.add_argument("--user")
    parser.add_argument("--password")
    options = parser.parse_args()
    context = None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)

    def authenticate(server, session, envelope, mechanism, data):
        good = data.login.decode() == options.user and data.password.decode() == options.password
        return AuthResult(success=good, handled=good, auth_data=options.user)

    handler = Handler()

    def session():
        return SMTP(
            handler,
            hostname="localhost",
            tls_context=None if options.wrap else context,
            require_starttls=bool(context) and not options.wrap,
            authenticator=authenticate if options.user else None,
            auth_required=bool(options.user),
            auth_require_tls=bool(context) and not options.wrap,
        )

    wrapped = context if options.wrap else None
    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0, ssl=wrapped)
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    # The test holds the other end of stdin: when it is gone, so is the server.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
