// Asks the server for a PING all the time, on connections that know nothing of the library: for
// what this client waits everybody waits. So a run knows when its machine, and no node, was slow.
//
// Thread-safety: every function from any thread.
#pragma once

#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "fault/promise.hpp"
#include "tutti/clock.hpp"

namespace tests::fault {

class Pulse {
public:
    using Rest = std::function<void(tutti::Duration)>;

    // `beat` blocks for one round trip, on a thread of this object; what it throws is an answer
    // that has not come. One is late when it comes later than `patience` after its question was
    // due, which is a `rest` behind the answer before.
    Pulse(
        std::function<void()> beat, tutti::Duration patience,
        Rest rest = [](tutti::Duration time) { std::this_thread::sleep_for(time); });
    ~Pulse();
    Pulse(const Pulse&) = delete;
    Pulse& operator=(const Pulse&) = delete;

    struct Seen {
        tutti::Duration slowest{};
        std::vector<Late> late;  // in their order; the last one may not have come yet, and ends now
    };
    [[nodiscard]] Seen seen() const;

private:
    void go_on(const std::stop_token& stop);

    const std::function<void()> beat_;
    const tutti::Duration patience_;
    const Rest rest_;
    mutable std::mutex mutex_;  // guards what follows
    Seen seen_;
    tutti::TimePoint due_;  // the question whose answer is the next one
    std::jthread thread_;   // the last: it uses all of the others
};

}  // namespace tests::fault
