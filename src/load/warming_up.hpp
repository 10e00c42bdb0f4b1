// The warm-up of one cache: asks for its keys on a worker, then loads them some at a time, each
// time when the ones before have been answered, until its deadline.
//
// Thread-safety: every function from any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "load/environment.hpp"
#include "tutti/cache/warm_up.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/detail/spec.hpp"
#include "tutti/executor.hpp"

namespace tutti {

class WarmingUp : public std::enable_shared_from_this<WarmingUp> {
public:
    using LoadMany = std::function<void(std::vector<detail::RawRead>, Duration deadline)>;

    WarmingUp(detail::WarmUpSpec spec, std::string cache, LoadEnvironment environment);

    // At most once.
    void start(LoadMany load);
    void stop();
    [[nodiscard]] WarmUpProgress progress() const;
    // Why the node is not ready; empty: not because of this.
    [[nodiscard]] std::string unready() const;

private:
    using Keys = std::vector<detail::RefreshSpec::Entry>;

    void ask_for_keys();
    void load_some();
    [[nodiscard]] std::vector<detail::RawRead> take_some();
    void answered(const Result<detail::RawLookup>& answer);
    void end();
    void tell(const WarmUpProgress& progress) const;

    const detail::WarmUpSpec spec_;
    const std::string cache_;
    const LoadEnvironment environment_;
    const Workers::Lane lane_;
    LoadMany load_;    // from `start` on
    TimePoint until_;  // the same

    mutable detail::Mutex mutex_;
    Keys keys_ TUTTI_GUARDED_BY(mutex_);
    std::size_t next_ TUTTI_GUARDED_BY(mutex_) = 0;     // of the keys
    std::size_t awaited_ TUTTI_GUARDED_BY(mutex_) = 0;  // answers
    WarmUpProgress progress_ TUTTI_GUARDED_BY(mutex_);
    Executor::TimerId timer_ TUTTI_GUARDED_BY(mutex_) = Executor::TimerId::none;
};

}  // namespace tutti
