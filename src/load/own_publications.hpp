// The invalidations of this node whose publication is under way: what the store has of their keys
// is as old as before them, and is neither read nor replaced (S7). And what else keeps a cache from
// using the store: the gate of its channel.
//
// Thread-safety: none; what the cache's mutex guards.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/store_gate.hpp"
#include "tutti/bus.hpp"
#include "tutti/clock.hpp"

namespace tutti {

class OwnPublications {
public:
    // Which keys carry a tag is not known here: while one is published, the store is used for none.
    enum class Tags : unsigned char { none, some };

    // gate: null without a store. `tags`: whether the cache's entries carry some.
    explicit OwnPublications(std::shared_ptr<const StoreGate> gate, Tags tags = Tags::none)
        : gate_(std::move(gate)), tags_(tags) {}

    void begin(const KeySet& changed) {
        if (concerns_all(changed)) ++all_;
        for (const std::string& key : changed.keys) ++keys_[key];
    }
    void end(const KeySet& changed) {
        if (concerns_all(changed)) --all_;
        for (const std::string& key : changed.keys) {
            const auto found = keys_.find(key);
            if (--found->second == 0) keys_.erase(found);
        }
    }

    [[nodiscard]] bool may_use_store(const std::string& text, TimePoint now) const {
        if (!gate_ || !gate_->open(now)) return false;
        const bool publishing = all_ > 0 || keys_.contains(text);
        return !publishing;
    }

private:
    [[nodiscard]] bool concerns_all(const KeySet& changed) const {
        return changed.all || (tags_ == Tags::some && !changed.tags.empty());
    }

    const std::shared_ptr<const StoreGate> gate_;
    const Tags tags_;
    std::unordered_map<std::string, std::size_t> keys_;  // how many of each
    std::size_t all_ = 0;
};

}  // namespace tutti
