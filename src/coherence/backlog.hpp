// What the bus of one writer has not taken yet, and in which portions it is published again.
// Without I/O: the writer sends what it is told to send, and reports the answers. While there is
// something, the gate of the store is closed.
//
// Mechanism. A round offers everything that is pending. What fails for a passing reason stays for
// the next round. An error that will not pass may belong to one key, and must not hold up the
// others: the part that failed is halved again and again, one half at a time, until it is a single
// key. That one is replaced by "all", which names no key, reaches every memory, and makes every
// value in the store absent; so nothing is lost, and where everything fails a round costs few
// publications more.
//
// Thread-safety: none, but `size` and `standing_since`, which any thread may call.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/store_gate.hpp"
#include "coherence/publication.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti {

class Backlog {
public:
    using Change = publication::Change;

    static constexpr std::size_t keys_max = 10'000;  // and tags, together; more become "all"

    // `gate`: null when no cache reads it.
    explicit Backlog(std::shared_ptr<StoreGate> gate) : gate_(std::move(gate)) {}

    void keep(const Change& change, TimePoint now);

    // Something is there, and no round is under way.
    [[nodiscard]] bool may_begin() const noexcept { return size() > 0 && !under_way_; }
    // Begins a round: everything, the keys ordered by shape. Requires: it may.
    [[nodiscard]] std::vector<Change> begin();
    // So many parts were sent.
    void sent(std::size_t parts) noexcept { unanswered_ += parts; }

    struct Next {
        std::optional<Change> send;         // in this round
        std::optional<std::string> guilty;  // the key or tag that "all" replaces from now on
    };
    [[nodiscard]] Next answered(const Change& part, const std::optional<Error>& failure,
                                TimePoint now);
    // Nothing further is sent: what was to follow in this round stays.
    void close() noexcept { closed_ = true; }
    // Whether the round has nothing more to send and to wait for.
    [[nodiscard]] bool over() const noexcept { return unanswered_ == 0 && untried_.empty(); }
    // Returns how many keys were published in it; keys_max + 1 and more: "all" was.
    std::size_t end();

    // Keys that the bus has not taken, those of a round under way included; keys_max + 1 and more
    // stand for "all".
    [[nodiscard]] std::size_t size() const noexcept { return size_.load(); }
    // So many keys, for people: "all" beyond keys_max.
    [[nodiscard]] static std::string counted(std::size_t keys);
    // When a publication of these last succeeded, or the first of them failed.
    [[nodiscard]] TimePoint standing_since() const noexcept {
        return TimePoint{Duration{since_.load()}};
    }

private:
    void add(const Change& change);
    void add_all();
    void give_up_narrowing();
    void halve(const Change& part);
    void count() noexcept;

    const std::shared_ptr<StoreGate> gate_;
    enum class Kind : unsigned char { key, tag };
    std::set<std::tuple<publication::Shape, Kind, std::string>> named_;
    bool all_ = false;
    bool under_way_ = false;  // a round
    bool closed_ = false;
    std::size_t in_round_ = 0;  // keys that the round began with
    std::size_t published_ = 0;
    std::size_t unanswered_ = 0;
    std::vector<Change> untried_;  // halves of parts that failed for good; the last one is next
    std::atomic<std::size_t> size_ = 0;
    std::atomic<Duration::rep> since_ = 0;
};

}  // namespace tutti
