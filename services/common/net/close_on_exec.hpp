// Sockets that no program inherits which this process starts: it would hold the connection open.
#pragma once

#include <fcntl.h>

namespace tutti::services::net {

// Right after the socket was made, with any socket or acceptor of Asio.
template <class Socket>
void close_on_exec(Socket& socket) {
    ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
}

}  // namespace tutti::services::net
