// The samples of hits that are being checked: each stands here from before its load until it is
// known what became of it, and an invalidation of its entry takes it out, because what it would
// show then is a change and no lie. So the last question, "has one come?", is "is it still here?".
//
// A sample is loaded, one at a time, and if the source had something else it waits until a change
// that was on its way has had its time.
//
// Thread-safety: none; what the cache's mutex guards.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "load/counters.hpp"
#include "tutti/clock.hpp"

namespace tutti {

class SpotSamples {
public:
    using Id = std::uint64_t;

    // overtaken: counts those that an invalidation took out; lives as long as this.
    explicit SpotSamples(Counter& overtaken) : overtaken_(overtaken) {}

    // Whether a further one may be loaded.
    [[nodiscard]] bool has_room() const noexcept {
        return !ended_ && !loading_ && all_.size() < samples_max;
    }
    // Its load begins. Requires: there is room.
    [[nodiscard]] Id begin(std::string text, std::vector<std::string> tags) {
        loading_ = true;
        all_.push_back({++last_, std::move(text), std::move(tags), TimePoint::max()});
        return last_;
    }
    // Its load has ended, and it is decided; false: it was overtaken.
    [[nodiscard]] bool end(Id id) {
        loading_ = false;
        return std::erase_if(all_, [&](const Sample& sample) { return sample.id == id; }) > 0;
    }
    // Its load has ended, and it has until then to be overtaken.
    void differs(Id id, TimePoint until) {
        loading_ = false;
        for (Sample& sample : all_) {
            if (sample.id == id) sample.ends = until;
        }
    }

    // The entry of the key was invalidated; or all that carry the tag; or everything.
    void overtake(std::string_view text) {
        overtake_if([&](const Sample& sample) { return sample.text == text; });
    }
    void overtake_tag(std::string_view tag) {
        overtake_if([&](const Sample& sample) {
            return std::ranges::find(sample.tags, tag) != sample.tags.end();
        });
    }
    void overtake_all() {
        overtake_if([](const Sample&) { return true; });
    }

    // When `take_ended` has something; TimePoint::max(): never.
    [[nodiscard]] TimePoint earliest_end() const noexcept {
        TimePoint earliest = TimePoint::max();
        for (const Sample& sample : all_) earliest = std::min(earliest, sample.ends);
        return earliest;
    }
    // The keys of those that nothing has overtaken in their time.
    [[nodiscard]] std::vector<std::string> take_ended(TimePoint now) {
        std::vector<std::string> ended;
        std::erase_if(all_, [&](Sample& sample) {
            if (sample.ends > now) return false;
            ended.push_back(std::move(sample.text));
            return true;
        });
        return ended;
    }
    // Nothing is decided any more.
    void end_all() {
        ended_ = true;
        all_.clear();
    }

private:
    struct Sample {
        Id id;
        std::string text;
        std::vector<std::string> tags;
        TimePoint ends;  // max: its load runs
    };

    static constexpr std::size_t samples_max = 100;

    void overtake_if(const auto& is_meant) {
        if (all_.empty()) return;
        overtaken_.add(std::erase_if(all_, is_meant));
    }

    Counter& overtaken_;
    std::vector<Sample> all_;
    Id last_ = 0;
    bool loading_ = false;
    bool ended_ = false;
};

}  // namespace tutti
