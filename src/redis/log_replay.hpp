// Reads a range of a channel's log, page by page, until the last entry that was asked for or the
// end of the log. An entry that does not decode ends it, too: for a reader that needs it, it is
// lost.
//
// Lives as long as a page is under way. Everything but the constructor and `start` happens on the
// event loop's thread.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "redis/command_connection.hpp"
#include "redis/script_runner.hpp"
#include "tutti/bus.hpp"

namespace tutti::redis {

// One item of the stream, as XRANGE answers it. Nothing: it is no entry.
[[nodiscard]] std::optional<BusEntry> decode_log_item(Epoch epoch, const Reply& item);

class LogReplay final : public std::enable_shared_from_this<LogReplay> {
public:
    static constexpr Sequence page_entries = 1000;

    // `call`: the replay script with its keys.
    LogReplay(std::shared_ptr<CommandConnection> connection, ScriptCall call, Sequence first,
              Sequence last, TimePoint deadline, Completion<std::vector<BusEntry>> done);

    void start() { read_page(); }

private:
    void read_page();
    void on_page(Result<Reply> reply);
    bool take(std::string_view epoch_text, const std::vector<Reply>& page);

    std::shared_ptr<CommandConnection> connection_;
    const ScriptCall call_;
    Sequence next_;
    const Sequence last_;
    const TimePoint deadline_;
    std::vector<BusEntry> entries_;
    Completion<std::vector<BusEntry>> done_;
};

}  // namespace tutti::redis
