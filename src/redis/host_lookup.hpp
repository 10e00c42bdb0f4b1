// Host names as addresses, on a thread for the occasion. The system's resolver cannot be
// interrupted, and Asio's makes the end of its event loop wait for it: with a name server that is
// silent, the end of a node would take as long as that is asked again.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include "tutti/clock.hpp"

namespace tutti::redis {

using Endpoints = std::vector<boost::asio::generic::stream_protocol::endpoint>;
using LookedUp = std::expected<Endpoints, std::string>;  // or why not, for people

// `done` is called on the loop's thread, or destroyed on any when the loop has gone first; so it
// owns nothing that belongs to the loop. At most 16 lookups run in a process; one more fails.
void look_up(boost::asio::io_context& loop, const std::string& host, std::uint16_t port,
             std::move_only_function<void(LookedUp)> done);

// For who asks again and again: an answer, also that there is none, counts for a second, and a
// question that has no answer yet is not asked twice. So many attempts to connect are few questions
// to the name server. Everything happens on the loop's thread.
class HostLookups : public std::enable_shared_from_this<HostLookups> {
public:
    explicit HostLookups(boost::asio::io_context& loop) : loop_(loop) {}

    // `done` as in `look_up`.
    void look_up(const std::string& host, std::uint16_t port,
                 std::move_only_function<void(LookedUp)> done);

private:
    using Name = std::pair<std::string, std::uint16_t>;
    struct Asked {
        std::vector<std::move_only_function<void(LookedUp)>> waiting = {};  // not empty: under way
        std::optional<LookedUp> answer = {};
        TimePoint answered_at = {};
    };

    void answered(const Name& name, const LookedUp& found);

    boost::asio::io_context& loop_;
    std::map<Name, Asked> asked_;
};

}  // namespace tutti::redis
