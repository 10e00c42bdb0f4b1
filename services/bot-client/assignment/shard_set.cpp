#include "bot-client/assignment/shard_set.hpp"

#include <atomic>
#include <random>
#include <utility>

#include "bot-client/shard/shard_driver.hpp"

namespace tutti::services::bot::assignment {
namespace {

using shard::ShardDriver;
using shard::ShardSession;

void sum_up(ShardSession::Figures& sum, const ShardSession::Figures& more) {
    for (const auto member : {&ShardSession::Figures::connects, &ShardSession::Figures::identifies,
                              &ShardSession::Figures::resumes, &ShardSession::Figures::dispatched,
                              &ShardSession::Figures::repeated, &ShardSession::Figures::missing,
                              &ShardSession::Figures::unreadable, &ShardSession::Figures::zombies,
                              &ShardSession::Figures::our_faults, &ShardSession::Figures::given_up,
                              &ShardSession::Figures::refused_sends}) {
        sum.*member += more.*member;
    }
}

std::function<std::uint64_t()> random_numbers() {
    std::random_device device;
    const std::uint64_t seed = (std::uint64_t{device()} << 32U) | device();
    return [engine = std::mt19937_64(seed)]() mutable { return engine(); };
}

}  // namespace

class ShardSet::Driven final : public RunningShard {
public:
    Driven(ShardSet& set, const ShardTask& task, std::shared_ptr<const std::atomic<bool>> failed,
           std::unique_ptr<ShardDriver> driver)
        : name("shard " + std::to_string(task.shard_id) + " of " +
               std::to_string(task.shard_count)),
          set_(set),
          failed_(std::move(failed)),
          driver_(std::move(driver)) {
        set_.add(*this);
    }
    ~Driven() override {
        driver_->stop();
        set_.remove(*this);
    }
    Driven(const Driven&) = delete;
    Driven& operator=(const Driven&) = delete;

    void hold_until(TimePoint when) override { driver_->hold_until(when); }
    void leave() override { driver_->leave(); }
    [[nodiscard]] State state() const override {
        if (failed_->load(std::memory_order_acquire)) return State::failed;
        return session() == ShardSession::State::ended ? State::over : State::running;
    }
    [[nodiscard]] std::optional<shard::Resumption> resumption() const override {
        return driver_->resumption();
    }

    [[nodiscard]] ShardSession::State session() const { return driver_->state(); }
    [[nodiscard]] ShardSession::Figures figures() const { return driver_->figures(); }

    const std::string name;

private:
    ShardSet& set_;
    // Pairs with itself: set on the driver's thread.
    const std::shared_ptr<const std::atomic<bool>> failed_;
    const std::unique_ptr<ShardDriver> driver_;
};

ShardSet::ShardSet(Options options, shard::IdentifyBudget& budget)
    : options_(std::move(options)), budget_(budget) {}

ShardSet::~ShardSet() = default;

Result<std::unique_ptr<RunningShard>> ShardSet::start(const ShardTask& task) {
    auto failed = std::make_shared<std::atomic<bool>>(false);
    auto driver = ShardDriver::start({.session = {.who = {.token = options_.token,
                                                          .intents = options_.intents,
                                                          .shard_id = task.shard_id,
                                                          .shard_count = task.shard_count},
                                                  .compression = options_.compression,
                                                  .random = random_numbers(),
                                                  .resumed = task.resumed},
                                      .ask = options_.ask,
                                      .dispatch = options_.dispatch,
                                      .ended =
                                          [failed, ended = options_.ended](const Error& error) {
                                              failed->store(true, std::memory_order_release);
                                              if (ended) ended(error);
                                          },
                                      .session_begun = task.session_begun,
                                      .held_until = task.held_until},
                                     budget_);
    if (!driver) return fail(std::move(driver).error());
    return std::make_unique<Driven>(*this, task, std::move(failed), *std::move(driver));
}

void ShardSet::add(const Driven& shard) {
    const detail::Lock lock(mutex_);
    shards_.push_back(&shard);
}

void ShardSet::remove(const Driven& shard) {
    const detail::Lock lock(mutex_);
    std::erase(shards_, &shard);
    sum_up(gone_, shard.figures());
}

std::vector<std::string> ShardSet::not_live() const {
    const detail::Lock lock(mutex_);
    std::vector<std::string> reasons;
    for (const Driven* shard : shards_) {
        const ShardSession::State state = shard->session();
        if (state == ShardSession::State::live) continue;
        reasons.push_back(shard->name + " is " + std::string(to_string(state)));
    }
    return reasons;
}

ShardSet::Figures ShardSet::figures() const {
    const detail::Lock lock(mutex_);
    Figures figures{.shards = shards_.size(), .sums = gone_};
    for (const Driven* shard : shards_) {
        sum_up(figures.sums, shard->figures());
        if (shard->session() == ShardSession::State::live) ++figures.live;
    }
    return figures;
}

}  // namespace tutti::services::bot::assignment
