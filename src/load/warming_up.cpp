#include "load/warming_up.hpp"

#include <algorithm>
#include <utility>

#include "tutti/detail/guarded.hpp"

namespace tutti {

WarmingUp::WarmingUp(detail::WarmUpSpec spec, std::string cache, LoadEnvironment environment)
    : spec_(std::move(spec)),
      cache_(std::move(cache)),
      environment_(std::move(environment)),
      lane_(environment_.workers->open_lane("warm-up of cache " + cache_, 1)) {}

void WarmingUp::start(LoadMany load) {
    load_ = std::move(load);
    until_ = saturating_add(environment_.clock->now(), spec_.deadline);
    {
        const detail::Lock lock(mutex_);
        timer_ = environment_.executor->run_at(until_, [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->end();
        });
    }
    const bool asked = environment_.workers->try_post(lane_, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->ask_for_keys();
    });
    if (!asked) end();
}

void WarmingUp::stop() { end(); }

void WarmingUp::ask_for_keys() {
    auto keys = spec_.keys();
    if (!keys) {
        environment_.log.limited(LogLevel::error, "cache " + cache_ + ": warm_up.keys",
                                 keys.error().cause);
        return end();
    }
    {
        const detail::Lock lock(mutex_);
        if (progress_.ended) return;
        keys_ = *std::move(keys);
        progress_.keys = keys_.size();
    }
    load_some();
}

// Never from within an answer, which may come before the call that asks for it has returned.
void WarmingUp::load_some() {
    const Duration left = until_ - environment_.clock->now();
    if (left <= Duration::zero()) return end();
    auto reads = take_some();
    if (reads.empty()) return end();
    load_(std::move(reads), left);
}

std::vector<detail::RawRead> WarmingUp::take_some() {
    std::vector<detail::RawRead> reads;
    const detail::Lock lock(mutex_);
    if (progress_.ended) return reads;
    const std::size_t end = std::min(keys_.size(), next_ + spec_.keys_at_once);
    for (; next_ < end; ++next_) {
        auto& [text, key] = keys_[next_];
        reads.push_back(
            {.key = std::move(text),
             .typed_key = std::move(key),
             .done = [self = shared_from_this()](const Result<detail::RawLookup>& answer) {
                 self->answered(answer);
             }});
    }
    awaited_ = reads.size();
    return reads;
}

void WarmingUp::answered(const Result<detail::RawLookup>& answer) {
    WarmUpProgress progress;
    {
        const detail::Lock lock(mutex_);
        if (progress_.ended) return;
        ++progress_.done;
        if (!answer) ++progress_.failed;
        if (--awaited_ > 0) return;
        progress = progress_;
    }
    environment_.executor->post([self = shared_from_this(), progress] {
        if (progress.done < progress.keys) self->tell(progress);
        self->load_some();
    });
}

void WarmingUp::end() {
    WarmUpProgress progress;
    Keys keys;  // destroyed after the lock
    Executor::TimerId timer{};
    {
        const detail::Lock lock(mutex_);
        if (std::exchange(progress_.ended, true)) return;
        keys.swap(keys_);
        timer = std::exchange(timer_, Executor::TimerId::none);
        progress = progress_;
    }
    environment_.executor->cancel(timer);
    tell(progress);
}

void WarmingUp::tell(const WarmUpProgress& progress) const {
    if (!spec_.progress) return;
    const auto told =
        detail::guarded({.name = "warm_up.progress"}, [&] { spec_.progress(progress); });
    if (told) return;
    environment_.log.limited(LogLevel::error, "cache " + cache_ + ": warm_up.progress",
                             told.error().cause);
}

WarmUpProgress WarmingUp::progress() const {
    const detail::Lock lock(mutex_);
    return progress_;
}

std::string WarmingUp::unready() const {
    const WarmUpProgress now = progress();
    if (!spec_.delays_readiness || now.ended) return {};
    if (now.keys == 0) return "cache " + cache_ + ": the warm-up asks for its keys";
    return "cache " + cache_ + ": warms up, " + std::to_string(now.done) + " of " +
           std::to_string(now.keys) + " keys";
}

}  // namespace tutti
