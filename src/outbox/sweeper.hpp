// What a publisher does, without its thread: what is published at once, and looks at the table.
//
// Thread-safety: `publish` and `figures` from any thread, `look` and `settle` from one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/backoff.hpp"
#include "outbox/row_publisher.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/log.hpp"
#include "tutti/outbox.hpp"

namespace tutti::outbox {

class Sweeper {
public:
    struct World {
        const Clock* clock = &system_clock();
        std::function<std::uint64_t()> random;
    };

    Sweeper(PublisherOptions options, std::shared_ptr<Rows> rows, World world);

    // As Publisher::publish.
    bool publish(const std::vector<Row>& rows);

    // Removes what is published, takes what is due and publishes it, as long as a look finds as
    // much as one can, and no stop is requested. How long to wait before the next look.
    [[nodiscard]] Duration look(const std::stop_token& stop = {});
    // Removes what is published, once more before the end.
    void settle() { (void)remove_finished(); }

    [[nodiscard]] Publisher::Figures figures() const;

private:
    // How many rows it took.
    [[nodiscard]] Result<std::size_t> sweep();
    [[nodiscard]] Result<void> flush_after_absence();
    [[nodiscard]] Result<void> remove_finished();
    void keep_finished(std::span<const RowId> ids) TUTTI_REQUIRES(mutex_);
    void note(const RowPublisher::Outcome& told);
    void note_failure(const Result<std::size_t>& outcome);
    void say(std::string_view kind, std::string_view text);
    [[nodiscard]] Duration jittered(Duration pause) const;

    const PublisherOptions options_;
    const std::shared_ptr<Rows> rows_;
    const World world_;
    const RowPublisher row_publisher_;
    Backoff backoff_;                    // of the thread that looks
    std::optional<TimePoint> looked_{};  // when the table was last read; of that thread
    LogLimiter limiter_;

    mutable detail::Mutex mutex_;
    std::vector<RowId> finished_ TUTTI_GUARDED_BY(mutex_);  // to be removed
    Publisher::Figures figures_ TUTTI_GUARDED_BY(mutex_);
};

}  // namespace tutti::outbox
