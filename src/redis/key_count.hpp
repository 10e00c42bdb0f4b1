// Counts the keys that begin with a prefix: SCAN, one page after the other, until the server says
// that it was all or the deadline passes.
//
// Thread-safety: `start` from any thread; goes on on the event loop's. Lets go of itself at the
// end.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "redis/command_connection.hpp"
#include "tutti/store.hpp"

namespace tutti::redis {

class KeyCount final : public std::enable_shared_from_this<KeyCount> {
public:
    // `operation` is a literal.
    KeyCount(std::shared_ptr<CommandConnection> connection, const char* operation,
             std::string_view prefix, TimePoint deadline, Completion<std::size_t> done);

    void start() { read_page("0"); }

private:
    void read_page(std::string_view cursor);
    void on_page(Result<Reply> reply);

    std::shared_ptr<CommandConnection> connection_;
    const char* const operation_;
    const std::string pattern_;
    const TimePoint deadline_;
    Completion<std::size_t> done_;
    std::size_t count_ = 0;
    bool answered_ = false;  // one page
};

}  // namespace tutti::redis
