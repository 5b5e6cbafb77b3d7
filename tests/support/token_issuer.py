"""An issuer of tokens on this machine, good ones and bad ones."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

HOUR_S = 3600


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Issuer:
    """Signs tokens, and serves its public key on this machine."""

    def __init__(self):
        self.key = rsa.generate_private_key(65537, 2048)
        numbers = self.key.public_key().public_numbers()
        n, e = (encoded(value.to_bytes(-(-value.bit_length() // 8))) for value in (numbers.n, numbers.e))
        keys = json.dumps({"keys": [{"kid": "1", "kty": "RSA", "alg": "RS256", "n": n, "e": e}]}).encode()

        class Keys(BaseHTTPRequestHandler):
            def do_GET(self):
                is_there = self.path == "/.well-known/jwks.json"
                self.send_response(200 if is_there else 404)
                self.end_headers()
                self.wfile.write(keys if is_there else b"")

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def token(self, head: dict | None = None, **changes) -> str:
        """A good token in which something is changed; None leaves it out. `head` changes its header."""
        claims = {
            "iss": self.url,
            "aud": "app",
            "exp": int(time.time()) + HOUR_S,
            "sub": "jane",
            "scope": "read",
        }
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        headers = {"alg": "RS256", "kid": "1", "typ": "JWT", **(head or {})}
        signed = ".".join(encoded(json.dumps(part).encode()) for part in (headers, claims))
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{encoded(signature)}"
