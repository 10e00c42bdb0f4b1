// The publications of one writer that wait until every member of the channel has acknowledged them
// (W2).
//
// The server tells the low-water mark, what every member has applied, whenever it rises. That may
// be lost, so while something waits the server is asked, too, first soon and then less often; the
// answer also names the members that are behind. One question is under way at a time, for all that
// wait.
//
// Thread-safety: none; the node's executor.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "tutti/bus.hpp"
#include "tutti/executor.hpp"

namespace tutti {

class AckWaits : public std::enable_shared_from_this<AckWaits> {
public:
    struct Options {
        std::string channel;
        Duration command_deadline{};
    };
    using Id = std::uint64_t;

    AckWaits(Options options, Bus& bus, Executor& executor, const Clock& clock);

    // `acked` runs once, when every member has acknowledged this position; inside the call if that
    // is known already. `members`: so many the channel had when it was published.
    Id add(const BusPosition& position, std::uint64_t members, std::function<void()> acked);
    // It waits no longer. Returns the members that were behind when the server was last asked.
    std::vector<std::string> remove(Id id);

    // What the server has told.
    void all_acked(Epoch epoch, Sequence sequence);

    void close();

private:
    struct Wait {
        BusPosition position;
        std::function<void()> acked;
        std::vector<std::string> behind = {};
    };

    [[nodiscard]] bool is_acked(const BusPosition& position) const noexcept {
        return position.epoch == epoch_ && position.sequence <= low_water_;
    }
    void ask_by(TimePoint when);
    void ask_later();
    void cancel_if_idle();
    void ask();
    void answered(const BusPosition& asked, const Laggards& answer);

    const Options options_;
    Bus& bus_;
    Executor& executor_;
    const Clock& clock_;

    std::map<Id, Wait> waits_;
    Id last_id_ = 0;
    Epoch epoch_ = Epoch::none;  // of the mark
    Sequence low_water_ = 0;
    bool asking_ = false;
    Backoff ask_pauses_;
    Executor::TimerId timer_ = Executor::TimerId::none;
    TimePoint timer_at_;
};

}  // namespace tutti
