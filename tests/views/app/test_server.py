"""The connection of a page to its kernel, on a real socket."""

import asyncio
import socket

from jupyter_server.services.kernels.connection import channels
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

from explorer.views.app.server import prompt_connection


class Connection:
    """A connection without a kernel."""

    def __init__(self, websocket_handler):
        self.websocket_handler = websocket_handler

    def connect(self):
        """There is nothing to connect to."""


def test_a_message_to_a_page_waits_for_no_acknowledgement(monkeypatch):
    monkeypatch.setattr(channels, "ZMQChannelsWebsocketConnection", Connection)
    options = {}

    class Channels(WebSocketHandler):
        def open(self, which):
            (Connection if which == "plain" else prompt_connection())(self).connect()
            stream = self.ws_connection.stream
            options[which] = stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            self.close()

    async def open_pages():
        server = Application([("/(.*)", Channels)]).listen(0, "127.0.0.1")
        (listener,) = server._sockets.values()
        for which in ("plain", "prompt"):
            page = await websocket_connect(f"ws://127.0.0.1:{listener.getsockname()[1]}/{which}")
            assert await page.read_message() is None  # closed after it was opened
            page.close()
        server.stop()
        await server.close_all_connections()

    asyncio.run(open_pages())
    assert options == {"plain": 0, "prompt": 1}
