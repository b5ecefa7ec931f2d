import socket

from splicedex.api.http.run import bind


def test_answers_are_not_held_back_until_the_headers_are_acknowledged():
    with bind("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
