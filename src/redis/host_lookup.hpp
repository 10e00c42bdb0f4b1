// Host names as addresses, on a thread for the occasion. The system's resolver cannot be
// interrupted, and Asio's makes the end of its event loop wait for it: with a name server that is
// silent, the end of a node would take as long as that is asked again.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

namespace tutti::redis {

using Endpoints = std::vector<boost::asio::generic::stream_protocol::endpoint>;
using LookedUp = std::expected<Endpoints, std::string>;  // or why not, for people

// `done` is called on the loop's thread, or destroyed on any when the loop has gone first; so it
// owns nothing that belongs to the loop. At most 16 lookups run in a process; one more fails.
void look_up(boost::asio::io_context& loop, const std::string& host, std::uint16_t port,
             std::move_only_function<void(LookedUp)> done);

}  // namespace tutti::redis
