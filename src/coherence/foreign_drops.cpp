#include "coherence/foreign_drops.hpp"

#include <chrono>
#include <utility>

#include "coherence/store_rules.hpp"

namespace tutti {

namespace {

constexpr Duration retry_after = std::chrono::milliseconds{200};

bool nothing(const KeySet& changed) { return !changed.all && changed.keys.empty(); }

}  // namespace

ForeignDrops::ForeignDrops(Options options, std::shared_ptr<Store> store, const Clock& clock,
                           Executor& executor, Log log)
    : options_(std::move(options)),
      store_(std::move(store)),
      clock_(clock),
      executor_(executor),
      log_(std::move(log)) {}

void ForeignDrops::drop(const KeySet& changed) {
    if (closed_ || nothing(changed)) return;
    options_.gate->set_dropping(true);
    pending_.all |= changed.all;
    pending_.keys.insert(pending_.keys.end(), changed.keys.begin(), changed.keys.end());
    if (store_rules::check_changed("drop", pending_)) pending_.all = true;
    if (pending_.all) pending_.keys.clear();
    if (!sending_ && retry_ == Executor::TimerId::none) send();
}

void ForeignDrops::send() {
    sending_ = true;
    const KeySet changed = std::exchange(pending_, {});
    store_->drop(
        options_.channel, changed.keys, saturating_add(clock_.now(), options_.command_deadline),
        [self = shared_from_this()](const Result<void>& answer) { self->answered(answer); });
}

void ForeignDrops::answered(const Result<void>& answer) {
    sending_ = false;
    if (closed_) return;
    if (answer) {
        if (!nothing(pending_)) return send();
        return options_.gate->set_dropping(false);
    }
    log_.limited(LogLevel::warning,
                 "channel " + options_.channel +
                     ": a foreign change is not dropped from the store yet, which is not used",
                 answer.error().message());
    pending_ = KeySet::everything();
    retry_ = executor_.run_at(clock_.now() + retry_after, [self = shared_from_this()] {
        self->retry_ = Executor::TimerId::none;
        if (!self->closed_) self->send();
    });
}

void ForeignDrops::close() {
    closed_ = true;
    executor_.cancel(std::exchange(retry_, Executor::TimerId::none));
}

}  // namespace tutti
